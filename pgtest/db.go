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
)

// cleanUpTime bounds what is done for a test after it has ended.
const cleanUpTime = 30 * time.Second

// DB is one test's database: a pool of connections to it, and ways to reach it
// by other means. It lasts until the test's clean-up.
type DB struct {
	*pgxpool.Pool

	server *ready
	clone  *template.Clone
	role   string
	sqlDB  func() *sql.DB
}

// DB returns a database that only t uses. When t passes it is dropped, behind
// t's back; when t fails it is kept, and t's log says how to open it.
//
// It ends t when there is no database to be had, and says why.
func (s *Server) DB(t testing.TB) *DB {
	t.Helper()
	r := s.use(t)
	clone, err := r.template.Take(t.Context(), t.Name())
	if err != nil {
		t.Fatalf("pgtest: take a database: %v", err)
	}
	db, err := r.connect(t.Context(), clone, r.role, nil)
	if err != nil {
		clone.DropBehind()
		t.Fatalf("pgtest: connect to the test's database: %v", err)
	}
	mark := r.markLog()
	t.Cleanup(func() { db.end(t, mark) })
	return db
}

// connect opens a pool on a clone.
func (r *ready) connect(ctx context.Context, clone *template.Clone, role string, params map[string]string) (*DB, error) {
	return r.connectPool(ctx, r.pool.Copy(), clone, role, params)
}

func (r *ready) connectPool(ctx context.Context, cfg *pgxpool.Config, clone *template.Clone, role string, params map[string]string) (*DB, error) {
	cfg.ConnConfig = clone.Config(role)
	for name, value := range params {
		cfg.ConnConfig.RuntimeParams[name] = value
	}
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, err
	}
	db := &DB{Pool: pool, server: r, clone: clone, role: role}
	db.sqlDB = sync.OnceValue(func() *sql.DB { return stdlib.OpenDBFromPool(pool) })
	return db, nil
}

// URL is the database as a connection URL, for clients of one's own and for psql.
func (db *DB) URL() string {
	return db.server.cluster.URL(db.clone.Name, db.role)
}

// SQL is the database for code that uses database/sql. It shares the pool.
func (db *DB) SQL() *sql.DB { return db.sqlDB() }

// end closes the test's connections and gives the database back, or keeps it
// when the test has failed.
func (db *DB) end(t testing.TB, mark logMark) {
	t.Helper()
	// t.Context is cancelled by now.
	ctx, cancel := context.WithTimeout(context.Background(), cleanUpTime)
	defer cancel()
	leaks := db.leaks(ctx)
	db.closePool()
	if !t.Failed() {
		for _, leak := range leaks {
			t.Logf("pgtest: the test ended with a connection in use: %s", leak)
		}
		db.clone.DropBehind()
		return
	}
	if err := db.clone.Keep(ctx, t.Name()); err != nil {
		t.Logf("pgtest: keep the test's database: %v", err)
	}
	t.Log(db.card(mark, leaks))
}

// closePool closes the pool without waiting for connections that the test never
// gave back: those end with the database.
func (db *DB) closePool() {
	if db.Stat().AcquiredConns() == 0 {
		db.Close()
		return
	}
	go db.Close()
}
