package factory

import (
	"fmt"
	"os"
	"strconv"
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

var replaying sync.Map // testing.TB → struct{}: tests that will say how to replay them

// replay has a test that fails log, once, the line that brings its data back. That
// of a subtest runs the whole test: what the others made in the same database counts.
func replay(t testing.TB) {
	if _, there := replaying.LoadOrStore(t, struct{}{}); there {
		return
	}
	t.Cleanup(func() {
		replaying.Delete(t)
		if name := t.Name(); name == rootTest(name) {
			forgetTest(name)
		}
		if !t.Failed() {
			return
		}
		if seed, err := baseSeed(); err == nil {
			t.Logf("same data again: %s=%d go test -run '^%s$'", SeedVariable, seed, rootTest(t.Name()))
		}
	})
}
