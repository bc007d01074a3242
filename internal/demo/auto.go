package demo

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/factory"
	"github.com/qarion/seedbed/internal/catalog"
)

// rowsPerTenant is how many rows Auto makes of a table for each tenant, or at all
// where a table has none.
const rowsPerTenant = 5

// tenantsPerLevel is how many tenants Auto makes below each tenant of the level
// above.
const tenantsPerLevel = 3

// Auto fills a schema that nobody here knows: a few tenants of each level and, for
// each, a few rows of every table that has none. It returns what it had to leave
// out, one sentence a table; its error is for what stopped all of it.
func Auto(ctx context.Context, db seedbed.DB, o Options) (left []string, err error) {
	err = pgx.BeginFunc(ctx, db, func(tx pgx.Tx) error {
		found, err := seedbed.Discover(ctx, tx)
		if err != nil {
			return err
		}
		cat, err := catalog.Load(ctx, tx, catalog.Options{})
		if err != nil {
			return err
		}
		f := &filler{ctx: ctx, tx: tx, model: found.Model, options: o, tenants: map[string][]factory.Row{}}
		err = f.tables(cat)
		left = f.left
		return err
	})
	return left, err
}

// filler makes rows table by table, each table in a savepoint.
type filler struct {
	ctx     context.Context
	tx      pgx.Tx
	model   seedbed.Model
	options Options
	tenants map[string][]factory.Row // made, by level
	left    []string
}

// tables goes through all of them, what is referenced first.
func (f *filler) tables(cat *catalog.Catalog) error {
	all := cat.Tables()
	done := 0
	for _, group := range catalog.Order(all) {
		for _, r := range group {
			done++
			if r.Bookkeeping() {
				continue
			}
			if err := f.table(r, cat.Name(r)); err != nil {
				return err
			}
			if f.options.Progress != nil {
				f.options.Progress(r.Name, done, len(all))
			}
		}
	}
	return nil
}

// table fills one, unless it has rows: a migration's, or those that another
// table's rows needed. What goes wrong with it goes wrong for it alone.
func (f *filler) table(r *catalog.Relation, name string) error {
	sp, err := f.tx.Begin(f.ctx)
	if err != nil {
		return err
	}
	err = f.fill(sp, r, name)
	if err == nil {
		return sp.Commit(f.ctx)
	}
	if rerr := sp.Rollback(f.ctx); rerr != nil {
		return rerr
	}
	if f.ctx.Err() != nil {
		return err
	}
	f.left = append(f.left, fmt.Sprintf("%s is empty: %v", name, err))
	return nil
}

func (f *filler) fill(db pgx.Tx, r *catalog.Relation, name string) error {
	var has bool
	if err := db.QueryRow(f.ctx, "SELECT EXISTS (SELECT FROM "+r.Ident()+")").Scan(&has); err != nil {
		return err
	}
	auto := factory.Auto(name).With(factory.Seed(f.options.Seed))
	if tenant, ok := f.model.TenantTable(name); ok {
		return f.tenant(db, auto, tenant)
	}
	if has {
		return nil
	}
	within := f.within(name)
	if len(within) == 0 {
		_, err := auto.InsertN(f.ctx, db, rowsPerTenant)
		return err
	}
	for _, t := range within {
		if _, err := auto.With(factory.In(t)).InsertN(f.ctx, db, rowsPerTenant); err != nil {
			return err
		}
	}
	return nil
}

// tenant makes tenants of one level, below each of the level above.
func (f *filler) tenant(db pgx.Tx, auto *factory.Factory[factory.Record, factory.Trait[factory.Record]], level seedbed.Tenant) error {
	above := f.tenants[level.Parent]
	if level.Parent == "" || len(above) == 0 {
		rows, err := auto.InsertN(f.ctx, db, tenantsPerLevel)
		f.note(level.Name, rows)
		return err
	}
	for _, parent := range above {
		rows, err := auto.With(factory.In(parent)).InsertN(f.ctx, db, tenantsPerLevel)
		f.note(level.Name, rows)
		if err != nil {
			return err
		}
	}
	return nil
}

func (f *filler) note(level string, rows []factory.Record) {
	for _, r := range rows {
		f.tenants[level] = append(f.tenants[level], r)
	}
}

// within is the tenants that a table's rows belong to.
func (f *filler) within(name string) []factory.Row {
	for _, s := range f.model.Scoped {
		if s.Table == name {
			return f.tenants[s.Tenant]
		}
	}
	for _, a := range f.model.Aggregates {
		if a.Table == name {
			return f.tenants[a.Tenant]
		}
	}
	return nil
}
