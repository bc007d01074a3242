package factory

import (
	"fmt"
	"reflect"
	"time"

	"github.com/qarion/seedbed"
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
func In(row Row) Option { return placement{linkIn, "In", row} }

// On says what rows are about: the target of their polymorphic pair, or the row
// they reference. Type, id and tenant follow from it. Where only a parent that has
// to be made references such a row, On reaches through it. A tenant is not what its
// rows are about: those are placed with In.
func On(row Row) Option { return placement{linkOn, "On", row} }

// By says who did it. Where a tenant's members act, not users, the user becomes a
// member first.
func By(user Row) Option { return placement{linkBy, "By", user} }

// Recycle offers rows to be shared: wherever a parent would have to be made, one of
// them is taken if it fits.
func Recycle(rows ...Row) Option {
	var all several
	for _, row := range rows {
		all = append(all, placement{linkRecycle, "Recycle", row})
	}
	return all
}

// Has makes n rows that belong to each row made, in the same transaction.
func Has(n int, of Maker) Option { return children{n, of} }

// Set sets fields of each row, after the definition has. What it sets is written as it
// is, false and 0 included. A plain function of the row does the same.
//
//	factory.Set(func(d *factory.Dataset) { d.Name = "orders" })
func Set[T any](f func(row *T)) Option {
	return setter{reflect.TypeFor[T](), func(row any) { f(row.(*T)) }}
}

// Seed makes other rows than another seed does: every generated value differs. Zero is
// a seed too. Without it the seed is SEEDBED_SEED's, or a fixed one.
func Seed(n uint64) Option {
	return setting(func(s *settings) { s.seed, s.seedSet = n, true })
}

// Now is the present that generated moments lie before. Without it, a fixed one:
// data does not depend on the clock.
func Now(t time.Time) Option { return setting(func(s *settings) { s.now = t }) }

// WithModel declares what the tables mean. Without it, seedbed.Discover is asked.
func WithModel(m seedbed.Model) Option { return setting(func(s *settings) { s.model = &m }) }

// option is what the package's own options do to a call.
type option interface{ apply(*call) error }

// call gathers what the options of one call say.
type call struct {
	schema   *schema // nil while only settings are read
	links    []link
	has      []children
	says     []func(row any)
	hostile  bool
	settings settings
}

type settings struct {
	seed    uint64
	seedSet bool
	now     time.Time
	model   *seedbed.Model
}

func newCall(s *schema, options []option) (*call, error) {
	c := &call{schema: s}
	for _, o := range options {
		if err := o.apply(c); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// placement is In, On, By, and each row of Recycle.
type placement struct {
	kind linkKind
	name string
	row  Row
}

func (p placement) apply(c *call) error {
	if c.schema == nil {
		return nil
	}
	if v := reflect.ValueOf(p.row); p.row == nil || v.Kind() == reflect.Pointer && v.IsNil() {
		return fmt.Errorf("%s: the row is nil", p.name)
	}
	n, err := c.schema.external(p.name, p.row)
	if err != nil {
		return fmt.Errorf("%s: %w", p.name, err)
	}
	c.links = append(c.links, link{node: n, kind: p.kind, used: new(bool)})
	return nil
}

// several options in one.
type several []option

func (s several) apply(c *call) error {
	for _, o := range s {
		if err := o.apply(c); err != nil {
			return err
		}
	}
	return nil
}

type setting func(*settings)

func (s setting) apply(c *call) error {
	s(&c.settings)
	return nil
}

func (b children) apply(c *call) error {
	if b.n < 0 {
		return fmt.Errorf("Has: %d rows of %s asked for", b.n, b.maker.blueprint().table)
	}
	c.has = append(c.has, b)
	return nil
}

// setter is Set for rows of one struct.
type setter struct {
	typ reflect.Type
	set func(row any)
}

func (s setter) apply(c *call) error {
	c.says = append(c.says, s.set)
	return nil
}

// setters are a trait of several tables: Inactive, Failing.
type setters struct {
	name string
	of   []setter
}

func (s setters) apply(*call) error { return fmt.Errorf("%s: said of no row", s.name) }

// invalid is an option that its factory cannot take.
type invalid struct{ err error }

func (i invalid) apply(*call) error { return i.err }

// optionsFor makes options of what callers pass, for rows of a struct; of rows that
// nothing is known of, where typ is nil.
func optionsFor(typ reflect.Type, options []Option) []option {
	out := make([]option, len(options))
	for i, o := range options {
		out[i] = optionFor(typ, o)
	}
	return out
}

func optionFor(typ reflect.Type, o Option) option {
	switch o := o.(type) {
	case nil:
		return several(nil)
	case setter:
		if o.typ != typ {
			return invalid{&OptionError{Option: "Set(func(*" + o.typ.String() + "))", Struct: nameOf(typ)}}
		}
		return o
	case setters:
		for _, s := range o.of {
			if s.typ == typ {
				return s
			}
		}
		return invalid{&OptionError{Option: o.name, Struct: nameOf(typ)}}
	case option:
		return o
	}
	return functionFor(typ, o)
}

// functionFor takes a plain function of the row.
func functionFor(typ reflect.Type, o Option) option {
	v := reflect.ValueOf(o)
	t := v.Type()
	if t.Kind() != reflect.Func || t.NumIn() != 1 || t.NumOut() != 0 || t.IsVariadic() {
		err := &OptionError{Option: "a " + t.String(), Struct: nameOf(typ)}
		if row, ok := o.(Row); ok {
			err.Hint = fmt.Sprintf("say what the row of %s is to it: In, On, By or Recycle", row.TableName())
		}
		return invalid{err}
	}
	if typ == nil || t.In(0) != reflect.PointerTo(typ) {
		return invalid{&OptionError{Option: "a " + t.String(), Struct: nameOf(typ)}}
	}
	return setter{typ, func(row any) { v.Call([]reflect.Value{reflect.ValueOf(row)}) }}
}

func nameOf(typ reflect.Type) string {
	if typ == nil {
		return "a plan"
	}
	return typ.String()
}
