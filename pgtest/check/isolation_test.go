package check_test

import (
	"testing"

	"github.com/qarion/seedbed/internal/testkit"
	"github.com/qarion/seedbed/migrations"
	"github.com/qarion/seedbed/pgtest/check"
)

func TestIsolationOfAHealthyDatabase(t *testing.T) {
	t.Parallel()
	db := reference(t)
	fake := testkit.NewRecorder(t)
	check.Isolation(fake, db)
	model := migrations.Model() // by hand
	check.Isolation(fake, db, check.Options{Model: &model})
	check.Integrity(fake, db, check.Options{Model: &model})
	if complaints(fake) != "" {
		t.Errorf("healthy, but: %s", complaints(fake))
	}
}

func TestIsolationMakesTheRowsThatProbesNeed(t *testing.T) {
	t.Parallel()
	db := pg.DB(t)
	fake := testkit.NewRecorder(t)
	check.Isolation(fake, db)
	if complaints(fake) != "" {
		t.Errorf("empty and healthy, but: %s", complaints(fake))
	}
	if n := cell(t, db, "select (count(*) + (select count(*) from users))::text from spaces"); n != "0" {
		t.Errorf("%s rows were left behind", n)
	}
}
