package factory_test

import (
	"context"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/qarion/seedbed/factory"
	"github.com/qarion/seedbed/migrations"
	"github.com/qarion/seedbed/pgtest"
)

var pg = &pgtest.Server{Migrations: migrations.FS}

// count returns the number that a query selects.
func count(t *testing.T, db querier, sql string, args ...any) (n int) {
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

type querier interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// seeder begins a transaction as seedbed_seeder, from which row-level security hides no
// row. It is rolled back when the test ends.
func seeder(t *testing.T, db *pgtest.DB) pgx.Tx {
	t.Helper()
	tx, err := db.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), "set local role seedbed_seeder"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tx.Rollback(context.Background()) })
	return tx
}

// mention fails the test unless the error's message has all parts.
func mention(t *testing.T, err error, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("got %v, want an error that says %q", err, part)
		}
	}
}
