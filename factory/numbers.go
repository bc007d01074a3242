package factory

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/fake"
	"github.com/qarion/seedbed/internal/generation"
	"github.com/qarion/seedbed/internal/loading"
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
func newWorld(ctx context.Context, address, test string, seed uint64) world {
	if _, alone := loading.IsAlone(ctx); alone {
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

// forgetTest starts the sequences of a test anew, once it has ended: its databases
// are gone, or emptied for others.
func forgetTest(test string) { forgetWorlds(func(w world) bool { return w.test == test }) }

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

// era is how far sequences skip where rows of the same world are there already,
// from an earlier process: to the first multiple that is free.
const (
	era  = 1 << 24
	eras = 256
)

// settle moves a table's sequence past rows that an earlier process has written.
// Only tables whose keys the engine makes can be looked at.
func (w world) settle(ctx context.Context, db seedbed.DB, t *table, gens *fake.Cells) error {
	key := t.madeKey()
	if key == nil {
		return nil
	}
	sql := fmt.Sprintf("select exists (select from %s where %s = $1)", t.rel.Ident(), catalog.Ident(key.name))
	n := w.counter(t)
	for i := range int64(eras) {
		gens.At(i * era)
		var taken bool
		if err := db.QueryRow(ctx, sql, gens.Of(key.name).UUID()).Scan(&taken); err != nil {
			return err
		}
		if !taken {
			for old := n.Load(); old < i*era && !n.CompareAndSwap(old, i*era); old = n.Load() {
			}
			return nil
		}
	}
	return fmt.Errorf("%s: %d fills with this seed are here already; choose another with %s", t.name, eras, SeedVariable)
}

// madeKey is the key column whose UUIDs the engine makes, or nil.
func (t *table) madeKey() *column {
	for _, c := range t.columns {
		if c.inKey && c.base == uuidOID && c.made() {
			return c
		}
	}
	return nil
}

// settle moves all sequences of a build.
func (b *build) settle(ctx context.Context, db seedbed.DB) error {
	seen := map[*table]bool{}
	for _, d := range b.order {
		if seen[d.table] {
			continue
		}
		seen[d.table] = true
		if err := b.world.settle(ctx, db, d.table, fake.New(b.world.seed, d.table.name, b.now)); err != nil {
			return err
		}
	}
	return nil
}
