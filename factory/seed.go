package factory

import (
	"strings"
	"sync"
	"testing"

	"github.com/qarion/seedbed/internal/rows"
	"github.com/qarion/seedbed/internal/testlog"
)

// SeedVariable is the environment variable that chooses the seed of all calls that
// name none. A failing test logs the value that brings its data back.
const SeedVariable = rows.SeedVariable

var logged sync.Map // testing.TB → *sync.Map of what its log says already

// callerOf is a test. One that fails logs the line that brings its data back. That of a
// subtest runs the whole test: what the others made in the same database counts.
func callerOf(t testing.TB) rows.Caller {
	found, known := logged.LoadOrStore(t, new(sync.Map))
	said := found.(*sync.Map)
	if !known {
		t.Cleanup(func() { endOf(t) })
	}
	return rows.Caller{Test: t.Name(), Log: func(level, format string, args ...any) {
		if _, twice := said.LoadOrStore(level, true); !twice {
			testlog.Printf(t, format, args...)
		}
	}}
}

func endOf(t testing.TB) {
	logged.Delete(t)
	if name := t.Name(); !strings.Contains(name, "/") {
		rows.ForgetTest(name)
	}
	if !t.Failed() {
		return
	}
	root, _, _ := strings.Cut(t.Name(), "/")
	if seed, err := rows.BaseSeed(); err == nil {
		testlog.Printf(t, "same data again: %s=%d go test -run '^%s$'", SeedVariable, seed, root)
	}
}
