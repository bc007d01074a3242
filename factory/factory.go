package factory

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/internal/fake"
	"github.com/qarion/seedbed/internal/rows"
)

// Factory makes rows of T. It never changes and is safe for concurrent use.
type Factory[T Row] struct{ def *rows.Definition }

// Definition says how rows of T are made. Its zero value makes whole rows: a value is made
// up for every required column from its type, its constraints and its name, as Auto does,
// and parents are made likewise.
type Definition[T Row] struct {
	// Row sets the fields of a row, each from a cell of its own. Required columns that it does
	// not set get made-up values; the others are left to Postgres. It need not set references.
	// nil: sets none.
	Row func(row *T, c *Cells)
	// Parents are the factories that make the rows which T references, and the parents of
	// those, when the caller gives none. nil: Auto makes them.
	Parents []Maker
	// Options apply to every row, those made as parents of others included. nil: none.
	Options []Option
	// After runs when all rows of the call are in the database, in the same transaction. Its
	// error undoes the call. It may read fields tagged `db:"-"`, which options have set. nil:
	// nothing runs.
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
func New[T Row](d Definition[T]) *Factory[T] { return &Factory[T]{newDefinition(d)} }

func newDefinition[T Row](d Definition[T]) *rows.Definition {
	var zero T
	def := &rows.Definition{Table: zero.TableName(), Type: reflect.TypeFor[T]()}
	if def.Table == "" {
		def.Table, def.Err = def.Type.String(), rows.NoTableName(def.Type) // messages begin with the table
	}
	if slices.ContainsFunc(d.Parents, isNil) {
		def.Err = fmt.Errorf("a factory of Parents is nil: %s", wayOutOfNil)
	}
	if d.Row != nil {
		def.Fill = func(row any, c *fake.Cells) { d.Row(rowOf[T](row), (*Cells)(c)) }
	}
	if len(d.Parents) > 0 {
		def.Parents = func() []*rows.Definition {
			all := make([]*rows.Definition, len(d.Parents))
			for i, p := range d.Parents {
				all[i] = p.definition()
			}
			return all
		}
	}
	def.Options = optionsFor(reflect.TypeFor[T](), d.Options)
	if d.After != nil {
		def.After = append(def.After, func(ctx context.Context, db seedbed.DB, row any) error { return d.After(ctx, db, rowOf[T](row)) })
	}
	return def
}

// Maker is any Factory: what Has and Definition.Parents take.
type Maker interface{ definition() *rows.Definition }

// Auto makes a factory for any table, without a struct: it reads the catalog and makes a
// value up for every column that needs one. Its rows are Records.
//
//	rec := factory.Auto("invoices").Create(t, db, func(r *factory.Record) { r.Set("status", "void") })
func Auto(table string) *Factory[Record] {
	def := &rows.Definition{Table: table}
	if table == "" {
		def.Table, def.Err = `Auto("")`, errors.New("the table's name is empty") // messages begin with the table
	}
	return &Factory[Record]{def}
}

// With returns a factory whose calls all have these options, before their own.
//
//	reds := Widgets.With(factory.In(team), Red)
func (f *Factory[T]) With(options ...Option) *Factory[T] {
	def := *f.definition()
	def.Options = f.allOptions(options)
	return &Factory[T]{&def}
}

// definition returns one that fails every call where f is a variable that nothing was
// assigned to.
func (f *Factory[T]) definition() *rows.Definition {
	if f == nil || f.def == nil {
		def := newDefinition(Definition[T]{})
		def.Err = errors.New("the factory is nil: " + wayOutOfNil)
		return def
	}
	return f.def
}

const wayOutOfNil = "assign what New, Auto or With returns before it is used"

// definitionOf is that of any Maker, nil included.
func definitionOf(m Maker) *rows.Definition {
	if m == nil {
		return (*Factory[Record])(nil).definition()
	}
	return m.definition()
}

// isNil reports whether m is nil, or a nil *Factory.
func isNil(m Maker) bool {
	v := reflect.ValueOf(m)
	return !v.IsValid() || v.Kind() == reflect.Pointer && v.IsNil()
}

// allOptions returns the factory's options, then those of a call.
func (f *Factory[T]) allOptions(options []Option) []rows.Option {
	return append(slices.Clip(f.definition().Options), optionsFor(reflect.TypeFor[T](), options)...)
}
