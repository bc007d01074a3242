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
// A cell is a stream of its own: reseeding the source beneath gofakeit costs two
// nanoseconds, where a new Faker costs ten microseconds. Methods that say
// "unique" are so by construction, for any row number: the number is permuted
// and written in a mixed radix whose digits are words, never drawn by luck.
package fake

import (
	"time"

	"github.com/brianvoe/gofakeit/v6"
)

// Epoch is what "now" is unless the caller says otherwise.
var Epoch = time.Date(2026, time.March, 2, 9, 0, 0, 0, time.UTC)

// DefaultSeed is the seed where none is given.
const DefaultSeed uint64 = 330

// Cells makes the cells of one table, a row at a time. It is not safe for
// concurrent use; make one per goroutine.
type Cells struct {
	value Value
	table uint64
	row   int64
}

// New makes the cells of a table. It allocates once; At and Of do not.
func New(seed uint64, table string, now time.Time) *Cells {
	c := &Cells{}
	c.value.faker = gofakeit.NewCustom(&c.value.source)
	c.Become(seed, table, now)
	return c
}

// Become turns to another table or seed, at row 0, without allocating.
func (c *Cells) Become(seed uint64, table string, now time.Time) {
	c.table, c.row, c.value.now = mix(seed^hash(table)), 0, now
}

// At moves to a row. Rows count from 0.
func (c *Cells) At(row int64) { c.row = row }

// Row is the number of the row, from 0: what a sequence is made of.
func (c *Cells) Row() int64 { return c.row }

// Now is the fixed present of the data.
func (c *Cells) Now() time.Time { return c.value.now }

// Of turns to a column's cell. The result is good until the next call of Of, and
// starts from the beginning whenever the same column is named again.
func (c *Cells) Of(column string) *Value {
	v := &c.value
	v.column = mix(c.table ^ hash(column))
	v.table, v.row = c.table, c.row
	v.source.state = mix(v.column ^ mix(uint64(c.row)))
	return v
}

// Value is the cell of one column in one row: each method draws from its stream.
type Value struct {
	faker  *gofakeit.Faker
	source source
	table  uint64 // of seed and table
	column uint64 // of seed, table and column: the key of its permutation
	row    int64
	now    time.Time
	buf    []byte
}

// Row is the number of the row, from 0.
func (v *Value) Row() int64 { return v.row }

// Now is the fixed present of the data.
func (v *Value) Now() time.Time { return v.now }
