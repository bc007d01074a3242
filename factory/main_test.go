package factory_test

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/qarion/seedbed/pgtest"
)

type pgtestDB interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// seeder looks at everything: a transaction in the role that row-level security
// does not apply to. It ends with the test.
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
