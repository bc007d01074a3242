package factory_test

import (
	"testing"

	"github.com/qarion/seedbed/factory"
	"github.com/qarion/seedbed/migrations"
	"github.com/qarion/seedbed/pgtest"
)

var pg = &pgtest.Server{Migrations: migrations.FS}

func count(t *testing.T, db interface {
	pgtestDB
}, sql string, args ...any) (n int) {
	t.Helper()
	if err := db.QueryRow(t.Context(), sql, args...).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// The test of the package's documentation, word for word.
func TestThread(t *testing.T) {
	t.Parallel()
	db := pg.DB(t)
	space := factory.Spaces.Create(t, db)
	ds := factory.Datasets.Create(t, db, factory.In(space))
	factory.Comments.CreateN(t, db, 3, factory.On(ds))

	admin := seeder(t, db)
	if n := count(t, admin, `select count(*) from comments where space_id = $1 and dataset_id = $2`, space.ID, ds.ID); n != 3 {
		t.Errorf("%d comments on the dataset, want 3", n)
	}
	if n := count(t, admin, `select count(*) from spaces`); n != 1 {
		t.Errorf("%d spaces, want the one", n)
	}
}
