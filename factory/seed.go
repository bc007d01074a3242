package factory

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/qarion/seedbed/internal/fake"
)

// SeedVariable is the environment variable that chooses the seed of all calls that
// name none. A failing test logs the value that brings its data back.
const SeedVariable = "SEEDBED_SEED"

// baseSeed is the environment's, or the fixed one.
func baseSeed() (uint64, error) {
	s := os.Getenv(SeedVariable)
	if s == "" {
		return fake.DefaultSeed, nil
	}
	n, err := strconv.ParseUint(s, 0, 64)
	if err != nil {
		return 0, fmt.Errorf("%s=%q is no unsigned number", SeedVariable, s)
	}
	return n, nil
}

// resolve works out seed and now of a call. The top-level test that it is made in is
// part of the seed: tests that share a database do not make the same keys, and a
// test's data does not depend on which tests ran before.
func (s settings) resolve(test string) (uint64, time.Time, error) {
	now := s.now
	if now.IsZero() {
		now = fake.Epoch
	}
	if s.seedSet {
		return s.seed, now, nil
	}
	seed, err := baseSeed()
	if test != "" {
		seed = fake.Derive(seed, rootTest(test))
	}
	return seed, now, err
}

// caller is who asks for rows: a test, or a program, which has no name.
type caller struct {
	test string
	log  func(level string, format string, args ...any) // once a test for each level; nil: nowhere
}

var logged sync.Map // testing.TB → *sync.Map of what its log says already

// callerOf is a test. One that fails logs the line that brings its data back. That of a
// subtest runs the whole test: what the others made in the same database counts.
func callerOf(t testing.TB) caller {
	found, known := logged.LoadOrStore(t, new(sync.Map))
	said := found.(*sync.Map)
	if !known {
		t.Cleanup(func() { endOf(t) })
	}
	return caller{test: t.Name(), log: func(level, format string, args ...any) {
		if _, twice := said.LoadOrStore(level, true); !twice {
			t.Logf(format, args...)
		}
	}}
}

func endOf(t testing.TB) {
	logged.Delete(t)
	if name := t.Name(); name == rootTest(name) {
		forgetTest(name)
	}
	if !t.Failed() {
		return
	}
	if seed, err := baseSeed(); err == nil {
		t.Logf("same data again: %s=%d go test -run '^%s$'", SeedVariable, seed, rootTest(t.Name()))
	}
}

// report says which tenants had to be made.
func (c caller) report(made []*draft) {
	if c.log == nil || len(made) == 0 {
		return
	}
	for _, d := range made[0].tenantsMade {
		c.log(d.table.name, "factory: nothing says which row of %s the %s belong to, so one was made: %s; pass factory.In(…) to choose",
			d.table.name, made[0].table.name, strings.TrimSpace(d.node().key()))
	}
}
