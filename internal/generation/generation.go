// Package generation counts how often each database was given to a test. A database
// is reset and given to the next test under the same name. A package that remembers
// something about a database's rows compares generations to notice that they are gone.
//
//	if generation.Of(address) != last {
//		forget(address)
//	}
package generation

import (
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/jackc/pgx/v5"
)

var counts sync.Map // address → *atomic.Int64

// Address names a database in this process.
func Address(c *pgx.ConnConfig) string { return fmt.Sprintf("%s:%d/%s", c.Host, c.Port, c.Database) }

// Next begins the next generation: the database is given to a test.
func Next(address string) {
	n, ok := counts.Load(address)
	if !ok {
		n, _ = counts.LoadOrStore(address, new(atomic.Int64))
	}
	n.(*atomic.Int64).Add(1)
}

// Of returns the database's generation: 0 for one that no test was given.
func Of(address string) int64 {
	if n, ok := counts.Load(address); ok {
		return n.(*atomic.Int64).Load()
	}
	return 0
}
