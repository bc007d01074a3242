// Package handover counts how often each database was given to a test. Databases are
// used again under the same name, so whoever remembers something of a database's
// rows by its address can tell by the count that they are gone.
package handover

import (
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/jackc/pgx/v5"
)

var counts sync.Map // address → *atomic.Int64

// Address names a database in this process.
func Address(c *pgx.ConnConfig) string { return fmt.Sprintf("%s:%d/%s", c.Host, c.Port, c.Database) }

// Next notes that a database is given to a test.
func Next(address string) {
	n, ok := counts.Load(address)
	if !ok {
		n, _ = counts.LoadOrStore(address, new(atomic.Int64))
	}
	n.(*atomic.Int64).Add(1)
}

// Count says how often a database was given to a test: 0 for one that nobody hands
// out.
func Count(address string) int64 {
	if n, ok := counts.Load(address); ok {
		return n.(*atomic.Int64).Load()
	}
	return 0
}
