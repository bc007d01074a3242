package rows

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/generation"
)

// numbers hands out row numbers: each sequence scope and table has a sequence of its own,
// which all handles and goroutines of the process share.
var numbers sync.Map // numberKey → *atomic.Int64

// generations are the handovers of databases that numbers were last taken in.
var generations sync.Map // address → int64

type numberKey struct {
	sequenceScope
	table string
}

// sequenceScope is where row numbers are unique: in it, a number is a row.
type sequenceScope struct {
	database string
	turn     int64  // how often the database was given to a test: its rows went each time
	test     string // the top-level test; "" outside of tests
	seed     uint64
	isolated *sync.Map // numbers of this call alone; nil: those of the process
}

// newSequenceScope is the one in which a call's numbers count.
func newSequenceScope(d database, test string, seed uint64) sequenceScope {
	address := d.address
	if d.isolated != "" {
		return sequenceScope{database: address, seed: seed, isolated: &sync.Map{}}
	}
	turn := generation.Of(address)
	if last, known := generations.Swap(address, turn); known && last != turn {
		forgetScopes(func(scope sequenceScope) bool { return scope.database == address && scope.turn < turn })
	}
	return sequenceScope{database: address, turn: turn, test: rootTest(test), seed: seed}
}

func (scope sequenceScope) counterOf(t *table) *atomic.Int64 {
	all := &numbers
	if scope.isolated != nil {
		all = scope.isolated
	}
	key := numberKey{scope, t.name}
	n, ok := all.Load(key)
	if !ok {
		n, _ = all.LoadOrStore(key, new(atomic.Int64))
	}
	return n.(*atomic.Int64)
}

func (scope sequenceScope) next(t *table) int64 { return scope.counterOf(t).Add(1) - 1 }

// take returns the first of n numbers in a row.
func (scope sequenceScope) take(t *table, n int64) int64 { return scope.counterOf(t).Add(n) - n }

// ForgetTest starts the sequences of a test anew, once it has ended: its databases
// are gone, or reset for another test.
func ForgetTest(test string) {
	forgetScopes(func(scope sequenceScope) bool { return scope.test == test })
}

func forgetScopes(gone func(sequenceScope) bool) {
	numbers.Range(func(key, _ any) bool {
		if gone(key.(numberKey).sequenceScope) {
			numbers.Delete(key)
		}
		return true
	})
}

func rootTest(name string) string {
	root, _, _ := strings.Cut(name, "/")
	return root
}

// skipAllTaken moves the numbers of all tables of a batch past what is there.
func (b *batch) skipAllTaken(ctx context.Context, db seedbed.DB) error {
	count := map[*table]int64{}
	var tables []*catalog.Relation
	for _, r := range b.written {
		if count[r.table] == 0 {
			tables = append(tables, r.table.rel)
		}
		count[r.table]++
	}
	if err := b.schema.advanceSequences(ctx, db, tables); err != nil {
		return err
	}
	var searches []*takenSearch
	for _, r := range b.written {
		n := count[r.table]
		if n == 0 {
			continue
		}
		delete(count, r.table)
		// What this call has counted is not in the database.
		b.scope.counterOf(r.table).Add(-n)
		searches = append(searches, &takenSearch{table: r.table, definition: r.definition, fixes: r.plan.discriminators, n: n})
	}
	return b.skipTakenNumbers(ctx, db, searches)
}

// Counters is how many row numbers this process counts on.
func Counters() (n int) {
	numbers.Range(func(_, _ any) bool { n++; return true })
	return n
}
