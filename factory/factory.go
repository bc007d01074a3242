package factory

import (
	"context"
	"reflect"
	"slices"
	"sync"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/internal/fake"
)

// Factory makes rows of T. K is what its calls take as traits: functions of *T for
// factories made by New, an interface of the table for the built-in ones. A Factory
// never changes and is safe for concurrent use.
type Factory[T Row, K any] struct{ bp *blueprint }

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
	// Has is what every row comes with. nil: nothing.
	Has []Brood
	// After runs when the row and all others of the call are in the database, in the
	// same transaction; its error undoes the call. It may use fields tagged `db:"-"`,
	// the transient parameters, which traits have set. nil: nothing.
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
func New[T Row](d Definition[T]) *Factory[T, Trait[T]] { return define[T, Trait[T]](d) }

func define[T Row, K any](d Definition[T]) *Factory[T, K] {
	bp := newBlueprint(d)
	return &Factory[T, K]{bp}
}

func newBlueprint[T Row](d Definition[T]) *blueprint {
	var zero T
	bp := &blueprint{table: zero.TableName(), typ: reflect.TypeFor[T](), spare: &sync.Pool{}}
	if d.Row != nil {
		bp.define = func(row any, c *fake.Cells) { d.Row(row.(*T), (*Cells)(c)) }
	}
	if len(d.Parents) > 0 {
		bp.parents = func() []Maker { return d.Parents }
	}
	for _, b := range d.Has {
		bp.options = append(bp.options, b)
	}
	if d.After != nil {
		bp.after = append(bp.after, func(ctx context.Context, db seedbed.DB, row any) error { return d.After(ctx, db, row.(*T)) })
	}
	return bp
}

// Auto makes a factory for any table, without a struct: it reads the catalog and
// makes up every column that needs a value. Traits are functions of *Record.
//
//	rec := factory.Auto("invoices").Create(t, db, func(r *factory.Record) { r.Set("status", "void") })
func Auto(table string) *Factory[Record, Trait[Record]] {
	return &Factory[Record, Trait[Record]]{&blueprint{table: table, typ: recordType, spare: &sync.Pool{}}}
}

// With returns a factory whose rows are all placed or set so. It is how options
// reach factories made by New:
//
//	Widgets.With(factory.In(team), factory.On(project)).CreateN(t, db, 3, Red)
func (f *Factory[T, K]) With(options ...Option) *Factory[T, K] {
	bp := *f.bp
	bp.options = append(slices.Clip(bp.options), options...)
	return &Factory[T, K]{&bp}
}

func (f *Factory[T, K]) blueprint() *blueprint { return f.bp }

// sort makes options of all traits, in their order.
func (f *Factory[T, K]) sort(traits []K) []Option {
	options := slices.Clip(f.bp.options)
	for _, k := range traits {
		switch k := any(k).(type) {
		case Trait[T]:
			options = append(options, saying(func(row any) { k(row.(*T)) }))
		case Option:
			options = append(options, k)
		}
	}
	return options
}

// saying is a trait of the row as an option.
type saying func(row any)

func (s saying) option(c *call) error {
	c.says = append(c.says, s)
	return nil
}
