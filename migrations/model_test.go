package migrations_test

import (
	"testing"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/migrations"
)

// What is read from the catalog, with rows in the tables and without, is what was
// written by hand.
func TestModelIsWhatIsDiscovered(t *testing.T) {
	t.Parallel()
	for name, db := range map[string]seedbed.DB{"empty": reference.DB(t), "with rows": newWorld(t).seeder} {
		found, err := seedbed.Discover(t.Context(), db)
		if err != nil {
			t.Fatal(err)
		}
		if diff := migrations.Model().Diff(found.Model); diff != "" {
			t.Errorf("%s: by hand -, discovered +:\n%s", name, diff)
		}
		if err := migrations.Model().Validate(t.Context(), db); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
