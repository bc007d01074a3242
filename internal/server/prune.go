package server

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/qarion/seedbed/internal/flock"
	"github.com/qarion/seedbed/internal/postgres"
)

// Limits say which stopped test servers are kept. One with its template takes 50 MB
// and more.
type Limits struct {
	Servers int           // the most recently used ones, on disk
	Memory  int           // … in memory
	Age     time.Duration // since it was last acquired
}

// DefaultLimits keep a working set of branches.
var DefaultLimits = Limits{Servers: 24, Memory: 6, Age: 7 * 24 * time.Hour}

// Sweep removes stopped test servers beyond the limits, and what processes that were
// killed have left.
func Sweep(ctx context.Context, cache string, limits Limits) {
	for _, i := range Expired(cache, limits) {
		if ctx.Err() != nil {
			return
		}
		_, _ = i.Remove() // the next process tries again
	}
	trash, _ := filepath.Glob(filepath.Join(cache, testServers, "*"+trashMark+"*"))
	for _, dir := range trash {
		_ = os.RemoveAll(dir)
	}
	sweepMemory()
}

// Expired lists the stopped test servers that Sweep would remove.
func Expired(cache string, limits Limits) []Info {
	stopped, _ := scan(cache, func(i *Info) bool { return !i.Dev && !i.Running && i.Err == nil })
	slices.SortFunc(stopped, func(a, b Info) int { return b.Used.Compare(a.Used) })
	var all []Info
	onDisk, inMemory := 0, 0
	for _, i := range stopped {
		count, most := &onDisk, limits.Servers
		if i.Memory {
			count, most = &inMemory, limits.Memory
		}
		if *count++; *count > most || time.Since(i.Used) > limits.Age || i.RetireReason != "" {
			all = append(all, i)
		}
	}
	return all
}

const trashMark = ".trash-"

// Remove removes a test server that does not run, data and all: it is disposable,
// and the next test that needs it makes it anew. It returns false where the server
// runs, or is started at this moment.
func (i *Info) Remove() (bool, error) {
	if i.Dev {
		return false, ErrDevelopment
	}
	h := homeIn(i.Dir)
	unlock, err := flock.Try(h.lock())
	if errors.Is(err, flock.ErrHeld) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer unlock()
	p, err := postgres.Running(h.data())
	if err != nil || p != nil {
		return false, err
	}
	if target := h.inMemory(); target != "" {
		if err := removeMemory(filepath.Dir(target)); err != nil {
			return false, err
		}
	}
	// The lock goes with the directory: a process that waits for it finds that it was
	// replaced, and takes the new one.
	trash := fmt.Sprintf("%s%s%d-%d", h.dir, trashMark, os.Getpid(), time.Now().UnixNano())
	if err := os.Rename(h.dir, trash); err != nil {
		return false, err
	}
	return true, os.RemoveAll(trash)
}

// retireTime bounds the wait for a server that stops by itself.
const retireTime = 15 * time.Second

// StopUnused stops a test server that no process uses, and waits until it has. It is
// the server that finds out that none does, as always, so a process that comes at
// this moment is not cut off: then the server lives on.
func (i *Info) StopUnused(ctx context.Context, cache string) error {
	if i.Dev {
		return ErrDevelopment
	}
	if err := stopWhenUnused(ctx, cache, i.Name); err != nil {
		return err
	}
	for deadline := time.Now().Add(retireTime); time.Now().Before(deadline); {
		p, err := postgres.Running(homeIn(i.Dir).data())
		if err != nil || p == nil {
			return err
		}
		select { // another process's end has no event to wait for
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
	return nil
}
