package pgtest

import (
	"context"
	"database/sql"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/qarion/seedbed/internal/template"
	"github.com/qarion/seedbed/internal/trace"
)

// cleanUpTime bounds what is done for a test after it has ended.
const cleanUpTime = 30 * time.Second

// DB is one test's database: a pool of connections to it, and ways to reach it
// by other means. It lasts until the test's clean-up.
type DB struct {
	*pgxpool.Pool

	server   *ready
	database *template.Database
	role     string
	since    time.Time
	sqlDB    func() *sql.DB
}

// DB returns a database that only t uses. When t passes it is dropped, behind
// t's back; when t fails it is kept, and t's log says how to open it.
//
// It ends t when there is no database to be had, and says why.
func (s *Server) DB(t testing.TB) *DB {
	t.Helper()
	r := s.use(t)
	database, err := r.template.Acquire(t.Context(), t.Name())
	if err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	db := r.handle(database, database.Pool, r.role)
	t.Cleanup(func() { db.end(t) })
	return db
}

func (r *ready) handle(database *template.Database, pool *pgxpool.Pool, role string) *DB {
	db := &DB{Pool: pool, server: r, database: database, role: role, since: time.Now()}
	db.sqlDB = sync.OnceValue(func() *sql.DB { return stdlib.OpenDBFromPool(pool) })
	return db
}

// pool opens a pool on a database.
func (r *ready) pool(database *template.Database, role string, params map[string]string) (*pgxpool.Pool, error) {
	cfg := r.poolConfig.Copy()
	database.Configure(cfg, role)
	for name, value := range params {
		cfg.ConnConfig.RuntimeParams[name] = value
	}
	cfg.ConnConfig.Tracer = trace.New(nil) // so that check.Queries sees statements
	return pgxpool.NewWithConfig(context.Background(), cfg)
}

// URL is the database as a connection URL, for clients of one's own and for psql.
//
// Whoever has it can connect at any time, after the test too, so a database whose
// URL was asked for is never given to another test: prefer the pool where it will
// do.
func (db *DB) URL() string {
	db.database.Expose()
	return db.server.cluster.URL(db.database.Name, db.role)
}

// SQL is the database for code that uses database/sql. It shares the pool.
func (db *DB) SQL() *sql.DB { return db.sqlDB() }

// end closes the test's connections and gives the database back, or keeps it
// when the test has failed.
func (db *DB) end(t testing.TB) {
	t.Helper()
	// t.Context is cancelled by now.
	ctx, cancel := context.WithTimeout(context.Background(), cleanUpTime)
	defer cancel()
	leaks := db.leaks(ctx)
	if !t.Failed() {
		for _, leak := range leaks {
			t.Logf("pgtest: the test ended with a connection in use: %s", leak)
		}
		if len(leaks) > 0 {
			db.database.Discard()
		} else {
			db.database.Release()
		}
		return
	}
	db.closePool()
	if err := db.database.Keep(ctx, t.Name()); err != nil {
		t.Logf("pgtest: keep the test's database: %v", err)
	}
	t.Log(db.card(leaks))
}

// closePool closes the pool behind the test's back: it may hold connections that
// the test never gave back, and those end with the database.
func (db *DB) closePool() { go db.Close() }
