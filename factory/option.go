package factory

import (
	"fmt"
	"reflect"
	"time"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/internal/rows"
)

// Option says where the rows of a call belong, or what they hold: In, On, By, Has, Recycle,
// Set, Hostile, Seed, Now, WithModel, the traits of the reference schema, or a plain
// function of the row:
//
//	Widgets.CreateN(t, db, 3, factory.In(team), func(w *Widget) { w.Color = "red" })
//
// Every call of every factory takes all of them. An option that cannot apply, such as a
// function of another struct, fails the call with an error that names it and the table:
// none is ignored.
type Option any

// Row is a row of a table, as a struct has it: the method says of which table,
// with its schema where the search path does not find it. Fields are columns by
// their `db` tag, or by their name in snake case.
type Row interface{ TableName() string }

// In puts rows in a tenant: the one that row is, or belongs to. Given a row that is no
// tenant, new rows also share it as a parent, where they must reference a row of its table:
// In(post) makes a comment about that post. On chooses another post; In with the tenant
// itself chooses none.
func In(row Row) Option { return rows.In(row) }

// On says which row the new ones are about: the target of their polymorphic pair, or the
// row they reference. Type, id and tenant follow from it. Where only a parent that has to
// be made references such a row, that parent gets it. A row is not about its tenant: use In
// for that.
func On(row Row) Option { return rows.On(row) }

// By says which user made the rows. Where rows reference the members of a tenant instead of
// users, the user becomes a member first.
func By(user Row) Option { return rows.By(user) }

// Recycle offers rows to be shared: wherever a parent would have to be made, one of them is
// used if it fits.
func Recycle(rows ...Row) Option { return recycle(rows) }

func recycle(shared []Row) rows.Option {
	all := make([]rows.Option, len(shared))
	for i, row := range shared {
		all[i] = rows.Recycle(row)
	}
	return rows.Join(all...)
}

// Has makes n child rows of each row made, in the same transaction.
func Has(n int, of Maker) Option { return rows.Has(n, definitionOf(of)) }

// Set sets fields of each row, after the definition has. What it sets is written as it is,
// false and 0 included. A plain function of the row does the same.
//
//	factory.Set(func(d *factory.Dataset) { d.Name = "orders" })
func Set[T any](f func(row *T)) Option {
	return fieldSetter{reflect.TypeFor[T](), func(row any) { f(rowOf[T](row)) }}
}

// Hostile fills every column that may hold anything with values that have broken programs:
// control and bidirectional characters, markup, quotes, deep JSON, and in bytea what is not
// UTF-8. The rows take turns through the classes. Columns whose form a CHECK dictates,
// keys, references, numbers and moments stay believable, and so does a field whose Go type
// cannot hold the value. Set overrides it.
func Hostile() Option { return rows.Hostile() }

// Seed chooses the generated values: another seed, another value everywhere. Zero is a seed
// too. Without it the seed is that of SEEDBED_SEED, or a fixed one.
func Seed(n uint64) Option { return rows.Seed(n) }

// Now is the present that generated moments lie before. Without it, it is that of the
// database's clock where a test has frozen it (pgtest.DB.Freeze), and otherwise a fixed
// one: data does not depend on the clock.
func Now(t time.Time) Option { return rows.Now(t) }

// WithModel declares what the tables mean. Without it, seedbed.Discover is asked.
func WithModel(m seedbed.Model) Option { return rows.WithModel(m) }

// fieldSetter is Set for rows of one struct.
type fieldSetter struct {
	typ reflect.Type
	set func(row any)
}

// fieldSetters is a trait of several tables, such as Inactive.
type fieldSetters struct {
	name string
	of   []fieldSetter
}

// optionsFor converts what callers pass to options for rows of a struct. typ is nil for a
// Plan, which has rows of several.
func optionsFor(typ reflect.Type, options []Option) []rows.Option {
	out := make([]rows.Option, len(options))
	for i, o := range options {
		out[i] = optionFor(typ, o)
	}
	return out
}

// optionFor converts one of them; what it cannot convert becomes an option that fails the
// call.
func optionFor(typ reflect.Type, o Option) rows.Option {
	switch o := o.(type) {
	case nil:
		return rows.Join()
	case fieldSetter:
		if o.typ != typ {
			return rows.Invalid(&OptionError{Option: "Set(func(*" + o.typ.String() + "))", Struct: nameOf(typ)})
		}
		return rows.Set(o.set)
	case fieldSetters:
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

// functionFor converts a plain function of the row.
func functionFor(typ reflect.Type, o Option) rows.Option {
	v := reflect.ValueOf(o)
	t := v.Type()
	if t.Kind() != reflect.Func || t.NumIn() != 1 || t.NumOut() != 0 || t.IsVariadic() {
		err := &OptionError{Option: "a " + t.String(), Struct: nameOf(typ)}
		if row, ok := o.(Row); ok {
			err.Hint = hintForRow(typ, row)
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

// hintForRow says what to pass instead of a row: a function, where it holds what the new rows
// are to hold, or an option that says what it is to them.
func hintForRow(typ reflect.Type, row Row) string {
	given := reflect.Indirect(reflect.ValueOf(row))
	if !given.IsValid() {
		return "it is nil"
	}
	if given.Type() != typ {
		return fmt.Sprintf("say what the row of %s is to it: In, On, By or Recycle", row.TableName())
	}
	set := "r.FIELD = …"
	if typ == reflect.TypeFor[Record]() {
		set = `r.Set("COLUMN", …)`
	} else if given.Kind() == reflect.Struct {
		for i := range given.NumField() {
			if f := typ.Field(i); f.IsExported() && !given.Field(i).IsZero() {
				set = "r." + f.Name + " = …"
				break
			}
		}
	}
	return fmt.Sprintf("to set what rows hold, pass func(r *%s) { %s }; if they reference this row, say how: In, On, By or Recycle", typ, set)
}

func nameOf(typ reflect.Type) string {
	if typ == nil {
		return "a plan"
	}
	return typ.String()
}
