package pgtest_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/qarion/seedbed/pgtest"
)

func TestTxIsRolledBack(t *testing.T) {
	for i := range 8 {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			tx := pg.Tx(t)
			if _, err := tx.Exec(t.Context(), "INSERT INTO things VALUES (1, 'x')"); err != nil {
				t.Fatal(err)
			}
			// Code under test may use transactions of its own.
			if err := pgx.BeginFunc(t.Context(), tx, func(inner pgx.Tx) error {
				_, err := inner.Exec(t.Context(), "INSERT INTO things VALUES (2, 'y')")
				return err
			}); err != nil {
				t.Fatal(err)
			}
			var n int
			if err := tx.QueryRow(t.Context(), "SELECT count(*) FROM things").Scan(&n); err != nil || n != 2 {
				t.Errorf("%d rows, %v, want this test's own 2", n, err)
			}
		})
	}
}

func TestTxDoesNotCommit(t *testing.T) {
	tx := pg.Tx(t)
	if err := tx.Commit(t.Context()); !errors.Is(err, pgtest.ErrCommit) {
		t.Errorf("commit: %v, want ErrCommit", err)
	}
}

// A failed statement aborts the transaction, a cancelled context closes the connection.
func TestTxAfterFailedAndCancelledStatements(t *testing.T) {
	tx := pg.Tx(t)
	if _, err := tx.Exec(t.Context(), "SELECT nonsense"); err == nil {
		t.Fatal("nonsense is a column")
	}
	cancelled := pg.Tx(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := cancelled.Exec(ctx, "SELECT pg_sleep(10)"); err == nil {
		t.Fatal("a cancelled statement ran")
	}
	// What counts is that neither clean-up fails, nor the next test.
	t.Cleanup(func() {
		if t.Failed() {
			t.Log("a clean-up failed")
		}
	})
	if _, err := pg.Tx(t).Exec(t.Context(), "INSERT INTO things VALUES (1, 'x')"); err != nil {
		t.Error(err)
	}
}
