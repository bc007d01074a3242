package factory

import (
	"time"

	"github.com/qarion/seedbed/internal/fake"
)

// Cells makes a row's values, each a function of seed, table, column and row: name
// the column, then say what it is like.
//
//	w.Email = c.Of("email").Email()
//	w.Code = fmt.Sprintf("W-%05d", c.Row()) // a sequence
//
// It is good for the call that it is given to.
type Cells fake.Cells

// Of turns to a column's cell. The result is good until the next call of Of, and
// starts from the beginning whenever the same column is named again.
func (c *Cells) Of(column string) *Value { return (*Value)((*fake.Cells)(c).Of(column)) }

// Row is the number of the row, from 0: what a sequence is made of.
func (c *Cells) Row() int64 { return (*fake.Cells)(c).Row() }

// Now is the fixed present of the data.
func (c *Cells) Now() time.Time { return (*fake.Cells)(c).Now() }

// Value is the cell of one column in one row: each method draws from its stream, or,
// where it says that it is unique, makes of the row's number what no other row has.
type Value fake.Value

func (v *Value) fake() *fake.Value { return (*fake.Value)(v) }

// Row is the number of the row, from 0.
func (v *Value) Row() int64 { return v.fake().Row() }

// Now is the fixed present of the data.
func (v *Value) Now() time.Time { return v.fake().Now() }

// IncreasingTime is a moment of the past year that moves forward with the row: quickly at
// first, ever more slowly towards Now, which it never reaches. Two rows differ by
// at least 300 µs up to ten million rows. Whole microseconds, as Postgres keeps.
func (v *Value) IncreasingTime() time.Time { return v.fake().IncreasingTime() }

// TimeStep is a moment that moves forward with the row by about the step given,
// from a year ago, with a jitter of less than the step: a time series.
func (v *Value) TimeStep(step time.Duration) time.Time { return v.fake().TimeStep(step) }

// After is a moment not before t and not after Now: some hours later, seldom days.
func (v *Value) After(t time.Time) time.Time { return v.fake().After(t) }

// Past is a moment within d before Now, in no order.
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

// Skewed draws from 0 to n-1, small numbers far more often: density falls with
// the square root, so that a tenth of the choices gets about a third of the draws.
func (v *Value) Skewed(n int) int { return v.fake().Skewed(n) }

// Size draws a long-tailed size between lo and hi: most are near lo, a few near hi.
func (v *Value) Size(lo, hi int64) int64 { return v.fake().Size(lo, hi) }

// Serial is the row's number, from 1. Unique.
func (v *Value) Serial() int64 { return v.fake().Serial() }

// Permutation is unique among rows and below n, as long as the row is below n.
func (v *Value) Permutation(n uint64) uint64 { return v.fake().Permutation(n) }

// UUID is a version 7 UUID: unique, and in the order of rows, which is what a
// B-tree likes (facts: 172k rows/s against 120k with random keys). The time in
// it starts a year before Now and moves a millisecond every 4096 rows; the last
// 62 bits tell tables and seeds apart.
func (v *Value) UUID() UUID { return v.fake().UUID() }

// UUIDv4 is a version 4 UUID: 122 random-looking bits.
func (v *Value) UUIDv4() UUID { return v.fake().UUIDv4() }

// Tag is a short lower-case label. Unique below a trillion rows.
func (v *Value) Tag() string { return v.fake().Tag() }

// Bytes draws n bytes.
func (v *Value) Bytes(n int) []byte { return v.fake().Bytes(n) }
