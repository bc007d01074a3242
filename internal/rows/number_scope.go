package rows

import (
	"strings"
	"sync"
	"sync/atomic"

	"github.com/qarion/seedbed/internal/generation"
)

// counters holds the row counter of each scope and table, for all handles and goroutines of
// the process.
var counters sync.Map // numberKey → *atomic.Int64

// lastGenerations holds, by database, the generation in which a number was last taken.
var lastGenerations sync.Map // address → int64

type numberKey struct {
	numberScope
	table string
}

// numberScope is the scope in which the row numbers of a table are unique.
type numberScope struct {
	database    string
	generation  int64  // of the database: see package generation
	test        string // the top-level test; "" outside of tests
	seed        uint64
	ownCounters *sync.Map // of this call alone; nil: those of the process
}

// newNumberScope returns the scope of a call. It drops the counters of earlier generations
// of the database: their rows are gone.
func newNumberScope(d database, test string, seed uint64) numberScope {
	address := d.address
	if d.isolated != "" {
		return numberScope{database: address, seed: seed, ownCounters: &sync.Map{}}
	}
	current := generation.Of(address)
	if last, known := lastGenerations.Swap(address, current); known && last != current {
		forgetScopes(func(scope numberScope) bool { return scope.database == address && scope.generation < current })
	}
	return numberScope{database: address, generation: current, test: rootTest(test), seed: seed}
}

// counterOf returns the counter of a table.
func (scope numberScope) counterOf(t *table) *atomic.Int64 {
	all := &counters
	if scope.ownCounters != nil {
		all = scope.ownCounters
	}
	key := numberKey{scope, t.name}
	n, ok := all.Load(key)
	if !ok {
		n, _ = all.LoadOrStore(key, new(atomic.Int64))
	}
	return n.(*atomic.Int64)
}

// next takes the next row number of a table.
func (scope numberScope) next(t *table) int64 { return scope.counterOf(t).Add(1) - 1 }

// reserve takes n consecutive numbers and returns the first.
func (scope numberScope) reserve(t *table, n int64) int64 { return scope.counterOf(t).Add(n) - n }

// ForgetTest drops the counters of a test that has ended: its databases are dropped, or
// reset for another test.
func ForgetTest(test string) {
	forgetScopes(func(scope numberScope) bool { return scope.test == test })
}

// forgetScopes drops the counters of the scopes for which gone returns true.
func forgetScopes(gone func(numberScope) bool) {
	counters.Range(func(key, _ any) bool {
		if gone(key.(numberKey).numberScope) {
			counters.Delete(key)
		}
		return true
	})
}

// rootTest returns the name of the top-level test.
func rootTest(name string) string {
	root, _, _ := strings.Cut(name, "/")
	return root
}

// Counters returns how many counters this process holds, for tests that look for a leak.
func Counters() (n int) {
	counters.Range(func(_, _ any) bool { n++; return true })
	return n
}
