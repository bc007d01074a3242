package generation

import (
	"sync"
	"time"
)

var clocks sync.Map // address → frozen

type frozen struct {
	generation int64
	at         time.Time
}

// Freeze notes the time at which the clock of a test's database stands, until Next.
func Freeze(address string, at time.Time) { clocks.Store(address, frozen{Of(address), at}) }

// Frozen returns the time at which the clock of the database stands.
func Frozen(address string) (at time.Time, ok bool) {
	found, _ := clocks.Load(address)
	f, ok := found.(frozen)
	return f.at, ok && f.generation == Of(address)
}
