package scenario

import (
	"context"
	"fmt"
	"math"

	"github.com/jackc/pgx/v5"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/factory"
	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/graph"
	"github.com/qarion/seedbed/internal/rows"
)

// shape is how much a scenario wants of a schema that this project does not know.
type shape struct {
	below   func(tenant int) int // tenants below the n-th one of the level above
	rows    func(tenant int) int // of each table for the n-th tenant, and for none: -1
	options []factory.Option
	share   bool // rows of a tenant take one another for parents, so that there are no more of them
}

func always(n int) func(int) int { return func(int) int { return n } }

// autoDemo makes a few tenants of each level and, for each, a few rows of every
// table.
func autoDemo(ctx context.Context, db seedbed.DB, o Options) ([]string, error) {
	return auto(ctx, db, o, shape{below: always(3), rows: always(5)})
}

// auto fills a schema by what its catalog says. It returns what it had to leave out,
// one sentence a table; its error is for what stopped all of it.
func auto(ctx context.Context, db seedbed.DB, o Options, want shape) (left []string, err error) {
	err = pgx.BeginFunc(ctx, db, func(tx pgx.Tx) error {
		cat, err := catalog.Load(ctx, tx, catalog.Options{})
		if err != nil {
			return err
		}
		model := o.Model
		if model == nil {
			found, err := seedbed.Discover(ctx, rows.WithCatalog(tx, cat))
			if err != nil {
				return err
			}
			model = &found.Model
		}
		f := &filler{ctx: ctx, tx: tx, graph: graph.New(cat, *model), model: *model, options: o, want: want, tenants: map[string][]*tenant{}}
		err = f.tables()
		left = f.left
		return err
	})
	return left, err
}

// filler makes rows table by table, each table in a savepoint.
type filler struct {
	ctx     context.Context
	tx      pgx.Tx
	graph   *graph.Graph
	model   seedbed.Model
	options Options
	want    shape
	tenants map[string][]*tenant // made, by level
	left    []string
}

// tenant is one that was made.
type tenant struct {
	row  factory.Row
	rows []factory.Row // made for it, where they are shared
}

// tables goes through all of them, what is referenced first.
func (f *filler) tables() error {
	all := f.graph.Tables
	done := 0
	for _, group := range graph.Order(all) {
		for _, t := range group {
			done++
			if t.Relation.Bookkeeping() {
				continue
			}
			if err := f.table(t); err != nil {
				return err
			}
			f.options.say(t.Relation.Name, done, len(all))
		}
	}
	return nil
}

// table fills one, unless it has rows: a migration's, or those that another
// table's rows needed. What goes wrong with it goes wrong for it alone.
func (f *filler) table(t *graph.Table) error {
	sp, err := f.tx.Begin(f.ctx)
	if err != nil {
		return err
	}
	err = f.fill(sp, t)
	if err == nil {
		return sp.Commit(f.ctx)
	}
	if rerr := sp.Rollback(f.ctx); rerr != nil {
		return rerr
	}
	if f.ctx.Err() != nil {
		return err
	}
	f.left = append(f.left, fmt.Sprintf("%s is empty: %v", t.Name, err))
	return nil
}

func (f *filler) fill(db pgx.Tx, table *graph.Table) error {
	var has bool
	err := undone(f.ctx, db, func(tx pgx.Tx) error {
		if _, err := tx.Exec(f.ctx, asSeeder); err != nil { // rows that policies hide from the session count
			return err
		}
		return tx.QueryRow(f.ctx, "SELECT EXISTS (SELECT FROM "+table.Relation.Ident()+")").Scan(&has)
	})
	if err != nil {
		return err
	}
	auto := factory.Auto(table.Name).With(factory.Seed(f.options.Seed), factory.Now(f.options.Now)).With(f.want.options...)
	if f.options.Model != nil {
		auto = auto.With(factory.WithModel(*f.options.Model))
	}
	if level, ok := f.model.TenantTable(table.Name); ok {
		return f.level(db, auto, level)
	}
	if has {
		return nil
	}
	within := f.within(table.Name)
	if len(within) == 0 {
		_, err := auto.CreateNContext(f.ctx, db, f.want.rows(-1))
		return err
	}
	most := math.MaxInt
	if columns, _ := scopeOf(f.model, table.Name); len(columns) > 0 && table.Relation.UniqueBy(columns) {
		most = 1
	}
	for i, t := range within {
		if err := f.rows(db, auto.With(factory.In(t.row)), t, min(most, f.want.rows(i))); err != nil {
			return err
		}
	}
	return nil
}

type autoFactory = factory.Factory[factory.Record]

// rows makes n rows of a table for a tenant.
func (f *filler) rows(db pgx.Tx, auto *autoFactory, t *tenant, n int) error {
	if n == 0 {
		return nil
	}
	if f.want.share && len(t.rows) > 0 {
		auto = auto.With(factory.Recycle(t.rows...))
	}
	rows, err := auto.CreateNContext(f.ctx, db, n)
	if f.want.share {
		for _, r := range rows {
			t.rows = append(t.rows, r)
		}
	}
	return err
}

// level makes tenants of one level, below each of the level above.
func (f *filler) level(db pgx.Tx, auto *autoFactory, level seedbed.Tenant) error {
	above := f.tenants[level.Parent]
	if level.Parent == "" || len(above) == 0 {
		rows, err := auto.CreateNContext(f.ctx, db, f.want.below(-1))
		f.note(level.Name, rows)
		return err
	}
	for i, parent := range above {
		if f.want.below(i) == 0 {
			continue
		}
		rows, err := auto.With(factory.In(parent.row)).CreateNContext(f.ctx, db, f.want.below(i))
		f.note(level.Name, rows)
		if err != nil {
			return err
		}
	}
	return nil
}

func (f *filler) note(level string, rows []factory.Record) {
	for _, r := range rows {
		f.tenants[level] = append(f.tenants[level], &tenant{row: r})
	}
}

// within is the tenants that a table's rows belong to.
func (f *filler) within(name string) []*tenant {
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
