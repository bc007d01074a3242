package factory

import (
	"context"
	"reflect"
	"slices"
	"sync"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/internal/fake"
)

// Factory makes rows of T. It never changes and is safe for concurrent use.
type Factory[T Row] struct{ bp *blueprint }

// Definition says how rows of T come about. Its zero value is a whole factory:
// every required column is made up from its type, its constraints and its name, as
// Auto does, and parents are made likewise.
type Definition[T Row] struct {
	// Row gives the fields their values, each from a cell of its own. Fields it does
	// not touch are made up where the column is required, and otherwise left to
	// Postgres. References are not its business. nil: touches none.
	Row func(row *T, c *Cells)
	// Parents are factories that make the rows which T references, and theirs, when
	// the caller gives none. nil: Auto makes them.
	Parents []Maker
	// Options hold for every row, those made as parents of others included: Has, above
	// all. nil: none.
	Options []Option
	// After runs when the row and all others of the call are in the database, in the
	// same transaction; its error undoes the call. It may use fields tagged `db:"-"`,
	// the transient parameters, which options have set. nil: nothing.
	After func(ctx context.Context, db seedbed.DB, row *T) error
}

// New makes a factory. The struct is compared with its table when rows are first
// made: a field without a column is a *StructError.
//
//	type Widget struct {
//		ID    int64 // identity: left to Postgres and read back
//		Name  string
//		Color string
//	}
//
//	func (Widget) TableName() string { return "widgets" }
//
//	var Widgets = factory.New(factory.Definition[Widget]{
//		Row: func(w *Widget, c *factory.Cells) { w.Name = c.Of("name").Company() },
//	})
func New[T Row](d Definition[T]) *Factory[T] { return &Factory[T]{newBlueprint(d)} }

func newBlueprint[T Row](d Definition[T]) *blueprint {
	var zero T
	bp := &blueprint{table: zero.TableName(), typ: reflect.TypeFor[T](), spare: &sync.Pool{}}
	if d.Row != nil {
		bp.define = func(row any, c *fake.Cells) { d.Row(row.(*T), (*Cells)(c)) }
	}
	if len(d.Parents) > 0 {
		bp.parents = func() []Maker { return d.Parents }
	}
	bp.options = optionsFor(bp.typ, d.Options)
	if d.After != nil {
		bp.after = append(bp.after, func(ctx context.Context, db seedbed.DB, row any) error { return d.After(ctx, db, row.(*T)) })
	}
	return bp
}

// Auto makes a factory for any table, without a struct: it reads the catalog and
// makes up every column that needs a value. Its rows are Records.
//
//	rec := factory.Auto("invoices").Create(t, db, func(r *factory.Record) { r.Set("status", "void") })
func Auto(table string) *Factory[Record] {
	return &Factory[Record]{&blueprint{table: table, typ: recordType, spare: &sync.Pool{}}}
}

// With returns a factory whose calls all have these options, before their own.
//
//	reds := Widgets.With(factory.In(team), Red)
func (f *Factory[T]) With(options ...Option) *Factory[T] {
	bp := *f.bp
	bp.options = f.all(options)
	return &Factory[T]{&bp}
}

func (f *Factory[T]) blueprint() *blueprint { return f.bp }

// all are the factory's options and those of a call, in this order.
func (f *Factory[T]) all(options []Option) []option {
	return append(slices.Clip(f.bp.options), optionsFor(f.bp.typ, options)...)
}
