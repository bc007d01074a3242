package check_test

import (
	"testing"

	"github.com/qarion/seedbed/pgtest/check"
)

func TestIsolationOfAHealthyDatabase(t *testing.T) {
	t.Parallel()
	db := reference(t)
	fake := &told{TB: t}
	check.Isolation(fake, db)
	if len(fake.errors)+len(fake.logs) > 0 {
		t.Errorf("healthy, but: %s %s", fake.text(), fake.logs)
	}
}
