package factory

import (
	"sync"
	"sync/atomic"
)

// numbers hands out row numbers: each database, world and table has a sequence of
// its own, which all handles and goroutines of the process share.
var numbers sync.Map // numberKey → *atomic.Int64

type numberKey struct {
	database string
	seed     uint64
	table    string
}

func sequence(database string, seed uint64) func(t *table) int64 {
	return func(t *table) int64 { return counter(database, seed, t).Add(1) - 1 }
}

func counter(database string, seed uint64, t *table) *atomic.Int64 {
	key := numberKey{database, seed, t.name}
	n, ok := numbers.Load(key)
	if !ok {
		n, _ = numbers.LoadOrStore(key, new(atomic.Int64))
	}
	return n.(*atomic.Int64)
}
