package pgtest

import (
	"context"
	"errors"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Tx is a transaction that ends with its test. Code that it is handed to may
// begin transactions of its own in it: they are savepoints.
type Tx struct{ pgx.Tx }

// ErrCommit is what Commit on a test's transaction returns.
var ErrCommit = errors.New("pgtest: a test's transaction is always rolled back; give code that commits a database of its own with Server.DB")

// Commit refuses: what it would keep, other tests would see.
func (Tx) Commit(context.Context) error { return ErrCommit }

// Tx returns a transaction on a database that is shared by all that call it, and
// rolls it back when t ends. It is the cheapest way to a clean state, for code
// that neither commits nor opens connections: a fraction of a millisecond.
//
// What Postgres does outside of transactions stays: sequences move on. A
// statement that fails aborts the transaction, as ever.
func (s *Server) Tx(t testing.TB) Tx {
	t.Helper()
	r := s.use(t)
	shared, err := r.shared()
	if err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	tx, err := shared.Begin(t.Context())
	if err != nil {
		t.Fatalf("pgtest: begin the test's transaction: %v", err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), cleanUpTime)
		defer cancel()
		// A test that cancelled a query has lost the connection, and with it
		// everything it did.
		if err := tx.Rollback(ctx); err != nil && !errors.Is(err, pgx.ErrTxClosed) && !tx.Conn().IsClosed() {
			t.Errorf("pgtest: roll the test's transaction back: %v", err)
		}
	})
	return Tx{tx}
}

// share opens the database that all transactions of a Server are in. Nothing is
// ever committed to it. It outlives every test; the next process sweeps it.
func (r *ready) share() (*pgxpool.Pool, error) {
	database, err := r.template.Acquire(context.Background(), "transactions")
	if err != nil {
		return nil, err
	}
	database.Expose() // it is never given back
	cfg := database.Pool.Config()
	cfg.MaxConns = 64 // one for each test that runs at the same time
	return pgxpool.NewWithConfig(context.Background(), cfg)
}
