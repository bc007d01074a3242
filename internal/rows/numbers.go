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

// numbers hands out row numbers: each world and table has a sequence of its own,
// which all handles and goroutines of the process share.
var numbers sync.Map // numberKey → *atomic.Int64

// turns are the handovers of databases that numbers were last taken in.
var turns sync.Map // address → int64

type numberKey struct {
	world
	table string
}

// world is where row numbers are unique: in it, a number is a row.
type world struct {
	database string
	turn     int64  // how often the database was given to a test: its rows went each time
	test     string // the top-level test; "" outside of tests
	seed     uint64
	alone    *sync.Map // numbers of its own, which nobody else shares; nil: those of the process
}

// newWorld is the one in which a call's numbers count.
func newWorld(d database, test string, seed uint64) world {
	address := d.address
	if d.isolated != "" {
		return world{database: address, seed: seed, alone: &sync.Map{}}
	}
	turn := generation.Of(address)
	if last, known := turns.Swap(address, turn); known && last != turn {
		forgetWorlds(func(w world) bool { return w.database == address && w.turn < turn })
	}
	return world{database: address, turn: turn, test: rootTest(test), seed: seed}
}

func (w world) counter(t *table) *atomic.Int64 {
	all := &numbers
	if w.alone != nil {
		all = w.alone
	}
	key := numberKey{w, t.name}
	n, ok := all.Load(key)
	if !ok {
		n, _ = all.LoadOrStore(key, new(atomic.Int64))
	}
	return n.(*atomic.Int64)
}

func (w world) next(t *table) int64 { return w.counter(t).Add(1) - 1 }

// take returns the first of n numbers in a row.
func (w world) take(t *table, n int64) int64 { return w.counter(t).Add(n) - n }

// ForgetTest starts the sequences of a test anew, once it has ended: its databases
// are gone, or emptied for others.
func ForgetTest(test string) { forgetWorlds(func(w world) bool { return w.test == test }) }

func forgetWorlds(gone func(world) bool) {
	numbers.Range(func(key, _ any) bool {
		if gone(key.(numberKey).world) {
			numbers.Delete(key)
		}
		return true
	})
}

func rootTest(name string) string {
	root, _, _ := strings.Cut(name, "/")
	return root
}

// clearAll moves the numbers of all tables of a build past what is there.
func (b *build) clearAll(ctx context.Context, db seedbed.DB) error {
	count := map[*table]int64{}
	var tables []*catalog.Relation
	for _, d := range b.order {
		if count[d.table] == 0 {
			tables = append(tables, d.table.rel)
		}
		count[d.table]++
	}
	if err := b.schema.advance(ctx, db, tables); err != nil {
		return err
	}
	for _, d := range b.order {
		n := count[d.table]
		if n == 0 {
			continue
		}
		delete(count, d.table)
		// What this call has counted is not in the database.
		b.world.counter(d.table).Add(-n)
		if err := b.clear(ctx, db, d.bp, d.table, n, d.plan.fixes); err != nil {
			return err
		}
	}
	return nil
}

// Counters is how many row numbers this process counts on.
func Counters() (n int) {
	numbers.Range(func(_, _ any) bool { n++; return true })
	return n
}
