package pgtest

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
)

// Tx is a transaction that ends with its test. Code that it is handed to may
// begin transactions of its own in it: they are savepoints.
type Tx struct{ pgx.Tx }

// ErrCommit is what Commit on a test's transaction returns.
var ErrCommit = errors.New("pgtest: a test's transaction is always rolled back; give code that commits a database of its own with Server.DB")

// Commit refuses: what it would keep, other tests would see.
func (Tx) Commit(context.Context) error { return ErrCommit }

// sharedClone is the database that all transactions of a Server are in. Nothing
// is ever committed to it.
type sharedClone struct {
	once sync.Once
	db   *DB
	err  error
}

// Tx returns a transaction on a database that is shared by all that call it, and
// rolls it back when t ends. It is the cheapest way to a clean state, for code
// that neither commits nor opens connections: a fraction of a millisecond.
//
// What Postgres does outside of transactions stays: sequences move on. A
// statement that fails aborts the transaction, as ever.
func (s *Server) Tx(t testing.TB) Tx {
	t.Helper()
	r := s.use(t)
	r.shared.once.Do(func() { r.shared.db, r.shared.err = r.share() })
	if r.shared.err != nil {
		t.Fatalf("pgtest: take the database for transactions: %v", r.shared.err)
	}
	tx, err := r.shared.db.Begin(t.Context())
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

// share takes the clone for transactions. It outlives every test, and is swept
// by the next process.
func (r *ready) share() (*DB, error) {
	ctx := context.Background()
	clone, err := r.template.Take(ctx, "transactions")
	if err != nil {
		return nil, err
	}
	cfg := r.pool.Copy()
	cfg.MaxConns = 64 // one for each test that runs at the same time
	return r.connectPool(ctx, cfg, clone, r.role, nil)
}
