package pgtest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

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
// What Postgres does outside of transactions stays: sequences move on. Session locks are
// freed with the test. A statement that fails aborts the transaction, as ever. When t
// fails, its log has what the server said and what row-level security has to do with it.
func (s *Server) Tx(t testing.TB) Tx {
	mustBeTest(t, "Server.Tx")
	t.Helper()
	r := s.use(t)
	t.Cleanup(r.users.Done)
	shared, err := r.shared()
	if err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	conn, err := shared.Acquire(t.Context())
	if err != nil {
		t.Fatalf("pgtest: connect for the test's transaction: %v", err)
	}
	tx, err := conn.Begin(t.Context())
	if err != nil {
		conn.Release()
		t.Fatalf("pgtest: begin the test's transaction: %v", err)
	}
	t.Cleanup(r.watchTx(t, shared, conn.Conn()))
	ours := &testTx{Tx: tx, conn: conn.Conn(), pool: shared, server: r, began: time.Now()}
	t.Cleanup(func() {
		t.Helper()
		ctx, cancel := context.WithTimeout(context.Background(), cleanUpTime)
		defer cancel()
		defer conn.Release()
		if t.Failed() {
			if f := ours.failure(ctx, t.Name()); len(f.notes())+len(f.Log) > 0 {
				t.Log(f.card())
			}
		}
		activityOf(shared).forget(conn.Conn())
		// A test that cancelled a query has lost the connection, and with it
		// everything it did.
		err := tx.Rollback(ctx)
		if err == nil || errors.Is(err, pgx.ErrTxClosed) {
			err = leaveSession(ctx, conn.Conn())
		}
		if err != nil && !conn.Conn().IsClosed() {
			t.Errorf("pgtest: roll the test's transaction back: %v", err)
		}
	})
	return Tx{tx}
}

// A testTx is a transaction of Server.Tx, for the card of a test that fails.
type testTx struct {
	pgx.Tx
	conn   *pgx.Conn
	pool   *pgxpool.Pool // of all transactions
	server *ready
	began  time.Time
}

// failure describes the transaction before it is rolled back.
func (tx *testTx) failure(ctx context.Context, test string) *failure {
	f := &failure{Test: test, Database: tx.conn.Config().Database, LogFile: tx.server.cluster.Log()}
	f.Log = logSlice(f.LogFile, fmt.Sprintf(" [%d] %s ", tx.conn.PgConn().PID(), f.Database), tx.began)
	tried, made := activityOf(tx.pool).failed(tx.conn)
	f.Log = withoutErrors(f.Log, tried)
	f.Notes = tx.server.absent(ctx, nil, f.Log)
	if tx.conn.IsClosed() {
		f.Notes = append(f.Notes, "its connection is closed, as after a query whose context ended: what it wrote is gone")
		return f
	}
	f.Security = tx.observe(ctx, withoutErrors(f.Log, made)).explain(ctx)
	return f
}

// leaveSession frees what a rollback leaves in the session: advisory locks, and
// statements prepared in SQL, for which the session is ended.
func leaveSession(ctx context.Context, conn *pgx.Conn) error {
	if conn.IsClosed() {
		return nil
	}
	var prepared bool
	err := conn.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_prepared_statements WHERE from_sql) FROM pg_advisory_unlock_all()").Scan(&prepared)
	if err == nil && prepared {
		err = conn.Close(ctx)
	}
	return err
}

// share opens the database that all transactions of a Server are in. Nothing is
// ever committed to it. It outlives every test, until Server.Close or the process ends.
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
