package factory_test

import (
	"context"
	"strings"
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

// mention looks for what a message must say.
func mention(t *testing.T, err error, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("got %v, want an error that says %q", err, part)
		}
	}
}
