package factory

import (
	"fmt"
	"time"

	"github.com/qarion/seedbed"
)

// Option says where a row belongs or how its values come about. Options fit any
// table: pass them to With, and to the built-in factories among the traits. What
// has no place in a table is an *UnusedError, never ignored; on built-in tables it
// does not compile.
type Option interface{ option(*call) error }

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

func newCall(s *schema, options []Option) (*call, error) {
	c := &call{schema: s}
	for _, o := range options {
		if err := o.option(c); err != nil {
			return nil, err
		}
	}
	return c, nil
}

func (c *call) place(kind linkKind, trait string, row Row) error {
	if c.schema == nil {
		return nil
	}
	n, err := c.schema.external(trait, row)
	if err != nil {
		return err
	}
	c.links = append(c.links, link{node: n, kind: kind, used: new(bool)})
	return nil
}

// Scope is what In returns.
type Scope struct {
	scopedTables
	row Row
}

// In places rows in a tenant: the one that row is, or belongs to. It is said of the
// tenant only; but what a row must reference has to be some row, and one that was
// given is taken before another is made: In(post), a new comment is about that post.
// To have it about another one, say so with On, or name the tenant itself.
func In(row Row) Scope { return Scope{row: row} }

func (s Scope) option(c *call) error { return c.place(linkIn, "In", s.row) }

// Resource is what On returns.
type Resource struct {
	resourceTables
	row Row
}

// On says what rows are about: the target of their polymorphic pair, or the row
// they reference. Type, id and tenant follow from it. Where only a parent that has
// to be made references such a row, On reaches through it. A tenant is not what its
// rows are about: those are placed with In.
func On(row Row) Resource { return Resource{row: row} }

func (r Resource) option(c *call) error { return c.place(linkOn, "On", r.row) }

// Author is what By returns.
type Author struct {
	authoredTables
	row Row
}

// By says who did it. Where a tenant's members act, not users, the user becomes a
// member first.
func By(user Row) Author { return Author{row: user} }

func (a Author) option(c *call) error { return c.place(linkBy, "By", a.row) }

// Recycled is what Recycle returns.
type Recycled struct {
	allTables
	rows []Row
}

// Recycle offers rows to be shared: wherever a parent would have to be made, one of
// them is taken if it fits.
func Recycle(rows ...Row) Recycled { return Recycled{rows: rows} }

func (r Recycled) option(c *call) error {
	for _, row := range r.rows {
		if err := c.place(linkRecycle, "Recycle", row); err != nil {
			return err
		}
	}
	return nil
}

// Brood is what Has returns.
type Brood struct {
	allTables
	children
}

// Has makes n rows that belong to each row made, in the same transaction.
func Has(n int, of Maker) Brood { return Brood{children: children{n, of}} }

func (b Brood) option(c *call) error {
	if b.n < 0 {
		return fmt.Errorf("Has: %d rows of %s asked for", b.n, b.maker.blueprint().table)
	}
	c.has = append(c.has, b.children)
	return nil
}

// Setting is what Seed, Now and Using return.
type Setting struct {
	allTables
	set func(*settings)
}

func (s Setting) option(c *call) error {
	s.set(&c.settings)
	return nil
}

// Seed chooses another world: every generated value differs. Zero is a seed too.
// Without it the seed is SEEDBED_SEED's, or a fixed one.
func Seed(n uint64) Setting {
	return Setting{set: func(s *settings) { s.seed, s.seedSet = n, true }}
}

// Now is the present that generated moments lie before. Without it, a fixed one:
// data does not depend on the clock.
func Now(t time.Time) Setting {
	return Setting{set: func(s *settings) { s.now = t }}
}

// Using declares what the tables mean. Without it, seedbed.Discover is asked.
func Using(m seedbed.Model) Setting {
	return Setting{set: func(s *settings) { s.model = &m }}
}
