package rows

import (
	"strings"
	"sync"
	"sync/atomic"

	"github.com/qarion/seedbed/internal/generation"
)

// counters hands out row numbers: each scope and table has a counter of its own, which
// all handles and goroutines of the process share.
var counters sync.Map // numberKey → *atomic.Int64

// lastGenerations is, for each database, the generation in which numbers were last
// taken.
var lastGenerations sync.Map // address → int64

type numberKey struct {
	numberScope
	table string
}

// numberScope is the scope in which row numbers are unique: no two rows of a table
// share one.
type numberScope struct {
	database    string
	generation  int64  // of the database, see package generation: the rows of earlier ones are gone
	test        string // the top-level test; "" outside of tests
	seed        uint64
	ownCounters *sync.Map // counters of this call alone; nil: those of the process
}

// newNumberScope returns the scope of a call's row numbers. It drops the counters of
// earlier generations of the database.
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

func (scope numberScope) next(t *table) int64 { return scope.counterOf(t).Add(1) - 1 }

// reserve reserves n consecutive numbers and returns the first.
func (scope numberScope) reserve(t *table, n int64) int64 { return scope.counterOf(t).Add(n) - n }

// ForgetTest drops the counters of a test that has ended: its databases are gone, or
// reset for another test.
func ForgetTest(test string) {
	forgetScopes(func(scope numberScope) bool { return scope.test == test })
}

func forgetScopes(gone func(numberScope) bool) {
	counters.Range(func(key, _ any) bool {
		if gone(key.(numberKey).numberScope) {
			counters.Delete(key)
		}
		return true
	})
}

func rootTest(name string) string {
	root, _, _ := strings.Cut(name, "/")
	return root
}

// Counters returns how many counters this process holds, for tests to find a leak.
func Counters() (n int) {
	counters.Range(func(_, _ any) bool { n++; return true })
	return n
}
