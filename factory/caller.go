package factory

import (
	"strings"
	"sync"
	"testing"

	"github.com/qarion/seedbed/internal/rows"
	"github.com/qarion/seedbed/internal/testlog"
)

// SeedVariable is the environment variable with the seed of all calls that name none. A
// failing test logs the value that makes the same data again.
const SeedVariable = rows.SeedVariable

// loggedTopics holds, for each test, what its log says already: testing.TB → *sync.Map.
var loggedTopics sync.Map

// callerOf returns the caller of a test's rows. When the test ends, its row counters are
// dropped, and a test that has failed logs the line which makes the same data again. For a
// subtest that line runs the whole test: what the other subtests have made in the same
// database counts.
func callerOf(t testing.TB) rows.Caller {
	found, known := loggedTopics.LoadOrStore(t, new(sync.Map))
	topics := found.(*sync.Map)
	if !known {
		t.Cleanup(func() { testEnded(t) })
	}
	return rows.Caller{Test: t.Name(), Log: func(topic, format string, args ...any) {
		if _, before := topics.LoadOrStore(topic, true); !before {
			testlog.Printf(t, format, args...)
		}
	}}
}

// testEnded does what callerOf promises for the end of a test.
func testEnded(t testing.TB) {
	loggedTopics.Delete(t)
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

// program is the caller of functions that take no testing.TB.
var program rows.Caller
