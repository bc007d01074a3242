package factory

import (
	"fmt"
	"reflect"
	"time"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/internal/rows"
)

// Option says where the rows of a call belong, or what they hold: In, On, By, Has,
// Recycle, Set, Hostile, Seed, Now, WithModel, the traits of the reference schema, or
// a plain function of the row:
//
//	Widgets.CreateN(t, db, 3, factory.In(team), func(w *Widget) { w.Color = "red" })
//
// Every call of every factory takes all of them. One that says nothing about the
// table, a function of another struct, or any other value fails the call with an
// error that names both: none is ever ignored.
type Option any

// Row is a row of a table, as a struct has it: the method says of which table,
// with its schema where the search path does not find it. Fields are columns by
// their `db` tag, or by their name in snake case.
type Row interface{ TableName() string }

// In places rows in a tenant: the one that row is, or belongs to. It is said of the
// tenant only; but what a row must reference has to be some row, and one that was
// given is taken before another is made: In(post), a new comment is about that post.
// To have it about another one, say so with On, or name the tenant itself.
func In(row Row) Option { return rows.In(row) }

// On says what rows are about: the target of their polymorphic pair, or the row
// they reference. Type, id and tenant follow from it. Where only a parent that has
// to be made references such a row, On reaches through it. A tenant is not what its
// rows are about: those are placed with In.
func On(row Row) Option { return rows.On(row) }

// By says who did it. Where a tenant's members act, not users, the user becomes a
// member first.
func By(user Row) Option { return rows.By(user) }

// Recycle offers rows to be shared: wherever a parent would have to be made, one of
// them is taken if it fits.
func Recycle(rows ...Row) Option { return recycle(rows) }

func recycle(shared []Row) rows.Option {
	all := make([]rows.Option, len(shared))
	for i, row := range shared {
		all[i] = rows.Recycle(row)
	}
	return rows.Join(all...)
}

// Has makes n rows that belong to each row made, in the same transaction.
func Has(n int, of Maker) Option { return rows.Has(n, of.definition()) }

// Set sets fields of each row, after the definition has. What it sets is written as it
// is, false and 0 included. A plain function of the row does the same.
//
//	factory.Set(func(d *factory.Dataset) { d.Name = "orders" })
func Set[T any](f func(row *T)) Option {
	return setter{reflect.TypeFor[T](), func(row any) { f(rowOf[T](row)) }}
}

// Hostile fills every column that may hold anything with what has broken programs:
// control and bidirectional characters, markup, quotes, deep and doubled JSON, and in
// bytea all that is no UTF-8. Row by row, the classes take turns.
// Columns whose form a CHECK dictates, keys, references, numbers and moments stay
// believable, and so does a field whose Go type cannot hold the value. What Set sets afterwards wins.
func Hostile() Option { return rows.Hostile() }

// Seed makes other rows than another seed does: every generated value differs. Zero is
// a seed too. Without it the seed is SEEDBED_SEED's, or a fixed one.
func Seed(n uint64) Option { return rows.Seed(n) }

// Now is the present that generated moments lie before. Without it, that of the database's
// clock where a test has frozen it (pgtest.DB.Freeze), else a fixed one: data does not
// depend on the clock.
func Now(t time.Time) Option { return rows.Now(t) }

// WithModel declares what the tables mean. Without it, seedbed.Discover is asked.
func WithModel(m seedbed.Model) Option { return rows.WithModel(m) }

// setter is Set for rows of one struct.
type setter struct {
	typ reflect.Type
	set func(row any)
}

// setters are a trait of several tables: Inactive, Failing.
type setters struct {
	name string
	of   []setter
}

// optionsFor makes options of what callers pass, for rows of a struct; of rows that
// nothing is known of, where typ is nil.
func optionsFor(typ reflect.Type, options []Option) []rows.Option {
	out := make([]rows.Option, len(options))
	for i, o := range options {
		out[i] = optionFor(typ, o)
	}
	return out
}

func optionFor(typ reflect.Type, o Option) rows.Option {
	switch o := o.(type) {
	case nil:
		return rows.Join()
	case setter:
		if o.typ != typ {
			return rows.Invalid(&OptionError{Option: "Set(func(*" + o.typ.String() + "))", Struct: nameOf(typ)})
		}
		return rows.Set(o.set)
	case setters:
		for _, s := range o.of {
			if s.typ == typ {
				return rows.Set(s.set)
			}
		}
		return rows.Invalid(&OptionError{Option: o.name, Struct: nameOf(typ)})
	case rows.Option:
		return o
	}
	return functionFor(typ, o)
}

// functionFor takes a plain function of the row.
func functionFor(typ reflect.Type, o Option) rows.Option {
	v := reflect.ValueOf(o)
	t := v.Type()
	if t.Kind() != reflect.Func || t.NumIn() != 1 || t.NumOut() != 0 || t.IsVariadic() {
		err := &OptionError{Option: "a " + t.String(), Struct: nameOf(typ)}
		if row, ok := o.(Row); ok {
			err.Hint = fmt.Sprintf("say what the row of %s is to it: In, On, By or Recycle", row.TableName())
		}
		return rows.Invalid(err)
	}
	if typ == nil || t.In(0) != reflect.PointerTo(typ) {
		return rows.Invalid(&OptionError{Option: "a " + t.String(), Struct: nameOf(typ)})
	}
	if f, ok := o.(func(*Record)); ok {
		return rows.Set(func(row any) { f(rowOf[Record](row)) })
	}
	return rows.Set(func(row any) { v.Call([]reflect.Value{reflect.ValueOf(row)}) })
}

func nameOf(typ reflect.Type) string {
	if typ == nil {
		return "a plan"
	}
	return typ.String()
}
