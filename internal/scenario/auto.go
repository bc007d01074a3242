package scenario

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/factory"
	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/fake"
	"github.com/qarion/seedbed/internal/graph"
	"github.com/qarion/seedbed/internal/rows"
)

// shape is how many rows a scenario makes in a schema other than the reference schema.
type shape struct {
	below   func(tenant int) int // tenants below the n-th tenant of the level above; -1: where there is none above
	rows    func(tenant int) int // rows of each table for the n-th tenant; -1: of a table without tenants
	options []factory.Option     // of every row
	share   bool                 // rows of a tenant use each other as parents, so that no others are made
}

func always(n int) func(int) int { return func(int) int { return n } }

// auto fills a schema by what its catalog says. left has a sentence for each table that it
// left out; after an error nothing is written.
func auto(ctx context.Context, db seedbed.DB, o Options, want shape) (left []string, err error) {
	return withFiller(ctx, db, o, func(f *filler) error {
		f.want = want
		if err := f.tables(); err != nil {
			return err
		}
		return f.outcome()
	})
}

// newFiller reads the catalog and the Model.
func newFiller(ctx context.Context, tx pgx.Tx, o Options) (*filler, error) {
	cat, err := catalog.Load(ctx, tx, catalog.Options{})
	if err != nil {
		return nil, err
	}
	model := o.Model
	if model == nil {
		found, err := seedbed.Discover(ctx, rows.WithCatalog(tx, cat))
		if err != nil {
			return nil, err
		}
		model = &found.Model
	}
	f := &filler{ctx: ctx, tx: tx, graph: graph.New(cat, *model), model: *model, options: o, tenants: map[string][]*tenant{}}
	return f, f.avoidFormerKeys()
}

// avoidFormerKeys changes the seed where tenants are there already: those that an earlier run
// made have the seed's own keys. Policies may hide them from the session, which then would
// make the same ones again.
func (f *filler) avoidFormerKeys() error {
	var there int64
	err := rollingBack(f.ctx, f.tx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(f.ctx, asSeeder); err != nil {
			return err
		}
		for _, t := range f.graph.Tables {
			if t.Tenant == nil {
				continue
			}
			var n int64
			if err := tx.QueryRow(f.ctx, "SELECT count(*) FROM "+t.Relation.Ident()).Scan(&n); err != nil {
				return err
			}
			there += n
		}
		return nil
	})
	if there > 0 {
		f.options.Seed = fake.Derive(f.options.Seed, fmt.Sprint(there))
	}
	return err
}

// outcome is [ErrNothing] where no table could be filled, or none but those of tenants,
// because the others have rows.
func (f *filler) outcome() error {
	tenants := f.there == 0 && len(f.tenants) > 0
	if f.made > 0 || tenants || f.there+len(f.left) == 0 {
		return nil
	}
	return f.nothingWritten()
}

// nothingWritten is [ErrNothing], with the reason.
func (f *filler) nothingWritten() error {
	if !slices.ContainsFunc(f.graph.Tables, func(t *graph.Table) bool { return !t.Relation.Bookkeeping() }) {
		return ErrNoTables
	}
	return fmt.Errorf("%w: of the tables, %d had rows before and %d could not be filled", ErrNothing, f.there, len(f.left))
}

// filler makes rows table by table, each table in a savepoint.
type filler struct {
	ctx     context.Context
	tx      pgx.Tx
	graph   *graph.Graph
	model   seedbed.Model
	options Options
	want    shape
	tenants map[string][]*tenant // those made, by level
	left    []string             // a sentence for each table that was left out
	made    int                  // rows, of other tables than the tenants'
	there   int                  // tables that have rows and get no more
}

// tenant is a tenant that was made.
type tenant struct {
	row  factory.Row
	rows []factory.Row // its rows, where shape.share is set
}

// tables fills all tables, referenced ones first.
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

// table fills one table. An error rolls back this table alone, and is noted in left.
func (f *filler) table(t *graph.Table) error {
	sp, err := f.tx.Begin(f.ctx)
	if err != nil {
		return err
	}
	has, before := false, f.made
	if has, err = f.hasRows(sp, t); err == nil {
		err = f.fill(sp, t, has)
	}
	if err == nil {
		return sp.Commit(f.ctx)
	}
	f.made = before
	if rerr := sp.Rollback(f.ctx); rerr != nil {
		return rerr
	}
	if f.ctx.Err() != nil {
		return err
	}
	state := "is empty"
	if has {
		state = "has rows, and got no more"
	}
	f.left = append(f.left, fmt.Sprintf("%s %s: %s", t.Name, state, rows.AtShell(err)))
	return nil
}

// hasRows reports whether a table has any, those included that policies hide from the
// session.
func (f *filler) hasRows(db pgx.Tx, t *graph.Table) (has bool, err error) {
	err = rollingBack(f.ctx, db, func(tx pgx.Tx) error {
		if _, err := tx.Exec(f.ctx, asSeeder); err != nil {
			return err
		}
		return tx.QueryRow(f.ctx, "SELECT EXISTS (SELECT FROM "+t.Relation.Ident()+")").Scan(&has)
	})
	return has, err
}

// fill makes the rows of a table, unless it has rows: of a migration, or made as parents.
func (f *filler) fill(db pgx.Tx, table *graph.Table, has bool) error {
	auto := factory.Auto(table.Name).With(factory.Seed(f.options.Seed), factory.Now(f.options.Now)).With(f.want.options...)
	if f.options.Model != nil {
		auto = auto.With(factory.WithModel(*f.options.Model))
	}
	if level, ok := f.model.TenantTable(table.Name); ok {
		return f.level(db, auto, level)
	}
	if has {
		f.there++
		return nil
	}
	within := f.within(table.Name)
	if len(within) == 0 {
		_, err := f.create(db, auto, f.want.rows(-1))
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
	rows, err := f.create(db, auto, n)
	if f.want.share {
		for _, r := range rows {
			t.rows = append(t.rows, r)
		}
	}
	return err
}

// create makes n rows or, where unique keys leave no room for them, half as many, down to
// one: UNIQUE (tenant_id, provider) allows a tenant one row of an enum with one value.
func (f *filler) create(db pgx.Tx, auto *autoFactory, n int) (rows []factory.Record, err error) {
	for ; n > 0; n /= 2 {
		rows, err = auto.CreateNContext(f.ctx, db, n)
		if pg, ok := errors.AsType[*pgconn.PgError](err); !ok || pg.Code != "23505" {
			break
		}
	}
	f.made += len(rows)
	return rows, err
}

// level makes the tenants of one level, below each tenant of the level above.
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

// note notes tenants that were made.
func (f *filler) note(level string, rows []factory.Record) {
	for _, r := range rows {
		f.tenants[level] = append(f.tenants[level], &tenant{row: r})
	}
}

// within returns the tenants that a table's rows belong to.
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
