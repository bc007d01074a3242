// Package fake makes believable values, each a pure function of where it goes:
//
//	cell = f(seed, table, column, row)
//
// so that no cell depends on the order in which others are made, on how many
// columns there are, on parallelism or on the clock.
//
//	cells := fake.New(7, "users", fake.Epoch)
//	cells.At(41)
//	email := cells.Of("email").Email() // always the same, and no other row's
//
// A cell has a random stream of its own: reseeding the source beneath gofakeit costs 2 ns,
// where a new Faker costs 10 µs. Methods that say "unique" are so by construction, for any
// row: the row's number is permuted and written in a mixed radix whose digits are words.
package fake

import (
	"time"

	"github.com/brianvoe/gofakeit/v6"
)

// Epoch is the present of generated data, unless the caller gives another one.
var Epoch = time.Date(2026, time.March, 2, 9, 0, 0, 0, time.UTC)

// DefaultSeed is the seed where none is given.
const DefaultSeed uint64 = 330

// Cells makes the cells of one table, a row at a time. It is not safe for concurrent use:
// each goroutine needs its own.
type Cells struct {
	value Value
	table uint64
	row   int64
}

// New returns the cells of a table, at row 0. It allocates; At and Of do not.
func New(seed uint64, table string, now time.Time) *Cells {
	c := &Cells{}
	c.value.faker = gofakeit.NewCustom(&c.value.source)
	c.Become(seed, table, now)
	return c
}

// Become switches to another table or seed, at row 0, without allocating.
func (c *Cells) Become(seed uint64, table string, now time.Time) {
	c.table, c.row, c.value.now = mix(seed^hash(table)), 0, now
}

// At moves to a row. Rows count from 0.
func (c *Cells) At(row int64) { c.row = row }

// Row is the number of the row, from 0, as for a sequence.
func (c *Cells) Row() int64 { return c.row }

// Now is the fixed present of the data.
func (c *Cells) Now() time.Time { return c.value.now }

// Of returns the cell of a column. It is valid until the next call of Of. Naming the same
// column again returns the same values again.
func (c *Cells) Of(column string) *Value {
	v := &c.value
	v.column = mix(c.table ^ hash(column))
	v.table, v.row = c.table, c.row
	v.source.state = mix(v.column ^ mix(uint64(c.row)))
	return v
}

// Value is the cell of one column in one row. Each method draws from the cell's random
// stream or, where it says that it is unique, derives from the row's number what no other
// row of the table has.
type Value struct {
	faker  *gofakeit.Faker
	source source
	table  uint64 // hash of seed and table
	column uint64 // hash of seed, table and column; the key of permutations
	row    int64
	now    time.Time
	buf    []byte // the text being built: see put and flush
}

// Row is the number of the row, from 0.
func (v *Value) Row() int64 { return v.row }

// Now is the fixed present of the data.
func (v *Value) Now() time.Time { return v.now }
