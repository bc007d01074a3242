package factory

import (
	"time"

	"github.com/qarion/seedbed/internal/fake"
)

// Cells makes a row's values. Each is a function of seed, table, column and row: name the
// column with Of, then call the method that makes the value.
//
//	w.Email = c.Of("email").Email()
//	w.Code = fmt.Sprintf("W-%05d", c.Row()) // a sequence
//
// Use it only during the call of Definition.Row that gets it.
type Cells fake.Cells

// Of returns the cell of a column. It is valid until the next call of Of. Naming the same
// column again returns the same values again; a name that is no column has values of its own.
func (c *Cells) Of(column string) *Value { return (*Value)((*fake.Cells)(c).Of(column)) }

// Row is the number of the row, from 0, as for a sequence.
func (c *Cells) Row() int64 { return (*fake.Cells)(c).Row() }

// Now is the fixed present of the data.
func (c *Cells) Now() time.Time { return (*fake.Cells)(c).Now() }

// Value is the cell of one column in one row. Each method draws from the cell's random
// stream or, where it says that it is unique, derives from the row's number what no other
// row of the table has.
type Value fake.Value

func (v *Value) fake() *fake.Value { return (*fake.Value)(v) }

// Row is the number of the row, from 0.
func (v *Value) Row() int64 { return v.fake().Row() }

// Now is the fixed present of the data.
func (v *Value) Now() time.Time { return v.fake().Now() }

// IncreasingTime is a moment of the year before Now, later in each row. The steps get
// shorter with the rows, so that Now is never reached; up to ten million rows they are at
// least 300 µs. Whole microseconds, as in Postgres.
func (v *Value) IncreasingTime() time.Time { return v.fake().IncreasingTime() }

// TimeStep is a moment that is later in each row by the step, with a jitter of less than
// the step, from a year before Now: a time series.
func (v *Value) TimeStep(step time.Duration) time.Time { return v.fake().TimeStep(step) }

// After is a moment after t, as a rule by hours, seldom by days, and not after Now.
func (v *Value) After(t time.Time) time.Time { return v.fake().After(t) }

// Past is a moment within d before Now, at random.
func (v *Value) Past(d time.Duration) time.Time { return v.fake().Past(d) }

// Uint64 draws 64 bits.
func (v *Value) Uint64() uint64 { return v.fake().Uint64() }

// Index draws from 0 to n-1; 0 where n is less than 2.
func (v *Value) Index(n int) int { return v.fake().Index(n) }

// Int draws from lo to hi, both included.
func (v *Value) Int(lo, hi int64) int64 { return v.fake().Int(lo, hi) }

// Float draws from lo up to, not including, hi.
func (v *Value) Float(lo, hi float64) float64 { return v.fake().Float(lo, hi) }

// Chance is true with probability p.
func (v *Value) Chance(p float64) bool { return v.fake().Chance(p) }

// OneOf draws one of the choices.
func (v *Value) OneOf(choices ...string) string { return v.fake().OneOf(choices...) }

// Skewed draws from 0 to n-1, small numbers far more often: the first tenth gets about a
// third of the draws.
func (v *Value) Skewed(n int) int { return v.fake().Skewed(n) }

// Size draws a long-tailed size between lo and hi: most are near lo, a few near hi.
func (v *Value) Size(lo, hi int64) int64 { return v.fake().Size(lo, hi) }

// Serial is the row's number, from 1. Unique.
func (v *Value) Serial() int64 { return v.fake().Serial() }

// Permutation is a number below n. Unique as long as the row's number is below n.
func (v *Value) Permutation(n uint64) uint64 { return v.fake().Permutation(n) }

// UUID is a version 7 UUID. Unique, and in the order of rows, as a B-tree likes it:
// Postgres then loads 172,000 rows a second instead of 120,000 with random keys. Its time
// starts a year before Now and moves a millisecond every 4,096 rows; its last 62 bits
// differ by table and seed.
func (v *Value) UUID() UUID { return v.fake().UUID() }

// UUIDv4 is a version 4 UUID with 122 random bits.
func (v *Value) UUIDv4() UUID { return v.fake().UUIDv4() }

// Tag is a short lower-case label. Unique below a trillion rows.
func (v *Value) Tag() string { return v.fake().Tag() }

// Bytes draws n bytes.
func (v *Value) Bytes(n int) []byte { return v.fake().Bytes(n) }
