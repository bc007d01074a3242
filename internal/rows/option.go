package rows

import (
	"fmt"
	"reflect"
	"time"

	"github.com/qarion/seedbed"
)

// Row is a row of a table, as a struct has it.
type Row interface{ TableName() string }

// Option says where the rows of a call belong, or what they hold.
type Option interface{ apply(*callOptions) error }

// In places rows in the tenant that row is, or belongs to.
func In(row Row) Option { return placement{inTenant, "In", row} }

// On says what rows are about: the target of their pair, or the row they reference.
func On(row Row) Option { return placement{aboutRow, "On", row} }

// By says who made the rows.
func By(user Row) Option { return placement{madeBy, "By", user} }

// Recycle offers a row to be shared wherever a parent would have to be made.
func Recycle(row Row) Option { return placement{recycled, "Recycle", row} }

// Has makes n child rows of each row made.
func Has(n int, of *Definition) Option { return childRequest{n, of} }

// Set changes each row after its definition has filled it. The function gets a pointer
// to the row, of the definition's type.
func Set(f func(row any)) Option { return setter(f) }

// Hostile fills every column that may hold anything with what has broken programs.
func Hostile() Option { return hostile{} }

// Seed makes other rows than another seed does.
func Seed(n uint64) Option {
	return setting(func(s *settings) { s.seed, s.seedSet = n, true })
}

// Now is the present that generated moments lie before.
func Now(t time.Time) Option { return setting(func(s *settings) { s.now = t }) }

// WithModel declares what the tables mean.
func WithModel(m seedbed.Model) Option { return setting(func(s *settings) { s.model = &m }) }

// Isolated numbers the rows of the call from 0, whatever was made before, and leaves the
// process's counters as they are. fingerprint is that of the database, whose schema is then
// not read again.
func Isolated(fingerprint string) Option {
	return setting(func(s *settings) { s.isolated = fingerprint })
}

// Join makes one option of several.
func Join(options ...Option) Option { return joined(options) }

// Invalid is an option that fails the call.
func Invalid(err error) Option { return invalid{err} }

// callOptions holds what the options of one call say.
type callOptions struct {
	schema       *schema // nil: only settings and overrides are read
	associations []association
	children     []childRequest
	overrides    []func(row any)
	hostile      bool
	settings     settings
}

// settings hold for the whole call, not for its rows.
type settings struct {
	seed     uint64
	seedSet  bool
	now      time.Time      // zero: the clock of a frozen database, or fake.Epoch
	model    *seedbed.Model // nil: the discovered one
	isolated string         // the fingerprint that Isolated got; "": not isolated
}

// readOptions applies the options. With a nil schema it reads the settings and overrides
// only: the rows of In, On, By and Recycle need a schema.
func readOptions(s *schema, options []Option) (*callOptions, error) {
	read := &callOptions{schema: s}
	for _, o := range options {
		if err := o.apply(read); err != nil {
			return nil, err
		}
	}
	return read, nil
}

// placement is the option In, On, By or Recycle.
type placement struct {
	kind associationKind
	name string
	row  Row
}

// apply reads the row that the option was given. While only settings are read, it does
// nothing.
func (p placement) apply(c *callOptions) error {
	if c.schema == nil {
		return nil
	}
	if v := reflect.ValueOf(p.row); p.row == nil || v.Kind() == reflect.Pointer && v.IsNil() {
		return fmt.Errorf("%s: the row is nil", p.name)
	}
	parent, err := c.schema.givenRow(p.name, p.row)
	if err != nil {
		return fmt.Errorf("%s: %w", p.name, err)
	}
	c.associations = append(c.associations, association{row: parent, kind: p.kind, used: new(bool)})
	return nil
}

// joined is what Join returns.
type joined []Option

func (s joined) apply(c *callOptions) error {
	for _, o := range s {
		if err := o.apply(c); err != nil {
			return err
		}
	}
	return nil
}

// setting is an option that changes the settings of the call.
type setting func(*settings)

func (s setting) apply(c *callOptions) error {
	s(&c.settings)
	return nil
}

func (b childRequest) apply(c *callOptions) error {
	if b.n < 0 {
		return fmt.Errorf("Has: %d rows of %s asked for", b.n, b.definition.Table)
	}
	c.children = append(c.children, b)
	return nil
}

// setter is the option Set.
type setter func(row any)

func (s setter) apply(c *callOptions) error {
	c.overrides = append(c.overrides, s)
	return nil
}

// invalid is the option that Invalid returns.
type invalid struct{ err error }

func (i invalid) apply(*callOptions) error { return i.err }
