package rows

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/qarion/seedbed/internal/fake"
	"github.com/qarion/seedbed/internal/generation"
)

// SeedVariable is the environment variable that chooses the seed of all calls that
// name none. A failing test logs the value that brings its data back.
const SeedVariable = "SEEDBED_SEED"

// BaseSeed is the seed of calls that name none: the environment's, or the fixed one.
func BaseSeed() (uint64, error) {
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

// seedAndNow returns the seed and the present of a call. The seed includes the top-level
// test: tests that share a database make different keys, and a test's data does not depend
// on the tests before it. The present is that of the option Now, or of the database's clock
// where a test has frozen it, or fake.Epoch.
func (s settings) seedAndNow(test, address string) (seed uint64, now time.Time, err error) {
	now = s.now
	if frozen, ok := generation.Frozen(address); ok && now.IsZero() {
		now = frozen
	}
	if now.IsZero() {
		now = fake.Epoch
	}
	if s.seedSet {
		return s.seed, now, nil
	}
	seed, err = BaseSeed()
	if test != "" {
		seed = fake.Derive(seed, rootTest(test))
	}
	return seed, now, err
}

// Caller is the test that asks for rows. The zero value is a program.
type Caller struct {
	Test string
	// Log writes to the test's log, once for each topic. nil: nowhere.
	Log func(level string, format string, args ...any)
}

// logTenantsMade logs the tenants that were made because the test gave none.
func (c Caller) logTenantsMade(made []*row) {
	if c.Log == nil || len(made) == 0 {
		return
	}
	for _, r := range made[0].tenantsMade {
		c.Log(r.table.name, "factory: nothing says which row of %s the %s belong to, so one was made: %s; pass factory.In(…) to choose",
			r.table.name, made[0].table.name, strings.TrimSpace(r.asParent().keyText()))
	}
}
