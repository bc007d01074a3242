package pgtest

import (
	"context"
	"database/sql"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/qarion/seedbed/internal/template"
	"github.com/qarion/seedbed/internal/testlog"
	"github.com/qarion/seedbed/internal/trace"
)

// cleanUpTime bounds what is done for a test after it has ended.
const cleanUpTime = 30 * time.Second

// DB is one test's database: a pool of connections to it, and ways to reach it
// by other means. It lasts until the test's clean-up, or until Close where it comes from
// Server.Open.
type DB struct {
	*pgxpool.Pool

	server   *ready
	database *template.Database
	role     string
	since    time.Time
	sqlDB    func() *sql.DB
	release  func() // see Close; nil for a test's, which its clean-up releases

	lent       atomic.Bool // its URL was asked for, and what uses that is not seen
	asRole     string      // of a handle of As; "" for others
	asSettings map[string]string
	mu         sync.Mutex
	as         []*DB // handles that As has made
}

// DB returns a database that only t uses. When t passes it is dropped in the
// background, or reset for another test; when t fails it is kept, and t's log says how
// to open it.
//
// A connection that is still in use when t ends fails it, with the line that acquired it:
// rows that were not closed, a transaction that was not ended, a Conn that was not
// released. Such code runs out of connections in production, and a log line of a test
// that passes is not shown. Work in the background that outlives its test can have a pool
// of its own, on URL.
//
// DB ends t when there is no database to be had, and says why.
func (s *Server) DB(t testing.TB) *DB {
	mustBeTest(t, "Server.DB")
	t.Helper()
	r := s.use(t)
	database, err := r.template.Acquire(t.Context(), t.Name())
	if err != nil {
		r.users.Done()
		t.Fatalf("pgtest: %v", err)
	}
	db := r.handle(database, database.Pool, r.role)
	t.Cleanup(func() {
		t.Helper()
		defer r.users.Done()
		db.end(t)
	})
	db.tellStarved(t)
	db.watchLocks(t, db.Pool)
	return db
}

// mustBeTest panics where a caller passes on a testing.TB that was never set.
func mustBeTest(t testing.TB, method string) {
	if v := reflect.ValueOf(t); !v.IsValid() || v.Kind() == reflect.Pointer && v.IsNil() {
		panic("pgtest: " + method + " was given a nil testing.TB: pass the test's t, or use Server.Open where there is no test")
	}
}

// mustBeGiven panics where a *DB was declared and never set.
func (db *DB) mustBeGiven(method string) {
	if db == nil {
		panic("pgtest: " + method + " of a *pgtest.DB that is nil: it is what Server.DB(t) or Server.Open returns")
	}
}

// Open returns a database that lives as long as its caller wants: for a whole package,
// opened in TestMain or by a sync.Once, or for fuzzing. Close gives it back. All tests
// that use it see each other's rows.
func (s *Server) Open(ctx context.Context) (*DB, error) {
	r, err := s.open(ctx, func(string, ...any) {})
	if err != nil {
		return nil, fmt.Errorf("pgtest: %w", err)
	}
	database, err := r.template.Acquire(ctx, "Server.Open")
	if err != nil {
		r.users.Done()
		return nil, fmt.Errorf("pgtest: %w", err)
	}
	db := r.handle(database, database.Pool, r.role)
	db.release = sync.OnceFunc(func() {
		defer r.users.Done()
		ctx, cancel := context.WithTimeout(context.Background(), cleanUpTime)
		defer cancel()
		if len(db.leaks(ctx)) > 0 {
			database.Discard(ctx)
		} else {
			database.Release(ctx)
		}
	})
	return db, nil
}

// Close closes the pool of a test's database; the test's clean-up does the rest. A
// database of Server.Open it gives back.
func (db *DB) Close() {
	if db.release != nil {
		db.database.ClosedAt(trace.Site())
		db.release()
		return
	}
	db.Pool.Close()
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
	return openPool(cfg, params)
}

// openPool opens the pool of a test, with settings in force in every session.
func openPool(cfg *pgxpool.Config, params map[string]string) (*pgxpool.Pool, error) {
	for name, value := range params {
		cfg.ConnConfig.RuntimeParams[name] = value
	}
	cfg.ConnConfig.Tracer = trace.New(&activity{}) // so that check.Queries and the card of a failed test see statements
	return pgxpool.NewWithConfig(context.Background(), cfg)
}

// URL is the database as a connection URL, for clients of one's own and for psql.
//
// A program that has it can connect at any time, after the test too, so a database whose
// URL was asked for is never given to another test: prefer the pool where it will
// do.
func (db *DB) URL() string {
	db.mustBeGiven("URL")
	db.lent.Store(true)
	if db.database != nil {
		db.database.Expose()
	}
	return db.server.cluster.URL(db.Config().ConnConfig.Database, db.role)
}

// TCPURL is URL by TCP, with host, port, user and password: for clients that know no Unix
// sockets, and code that takes a URL apart. It is for the roles that tests connect as
// unless told otherwise; a role of a migration's logs in if it has a password.
func (db *DB) TCPURL() string {
	db.mustBeGiven("TCPURL")
	db.lent.Store(true)
	if db.database != nil {
		db.database.Expose()
	}
	return db.server.cluster.TCPURL(db.Config().ConnConfig.Database, db.role)
}

// SQL is the database for code that uses database/sql. It shares the pool.
func (db *DB) SQL() *sql.DB {
	db.mustBeGiven("SQL")
	return db.sqlDB()
}

// end closes the test's connections and gives the database back, or keeps it
// when the test has failed.
func (db *DB) end(t testing.TB) {
	t.Helper()
	// t.Context is cancelled by now.
	ctx, cancel := context.WithTimeout(context.Background(), cleanUpTime)
	defer cancel()
	leaks := db.leaks(ctx)
	if len(leaks) > 0 {
		t.Errorf("pgtest: the test ended with a connection in use, %s\n"+
			"  close its rows, end its transaction, release it, on every path; end what runs in the background in t.Cleanup, or give it a pool of its own on db.URL()",
			strings.Join(leaks, "\n  and another, "))
	}
	if !t.Failed() {
		for _, line := range db.database.Release(ctx) {
			t.Logf("pgtest: %s", line)
		}
		return
	}
	f := db.failure(ctx, t.Name())
	db.closePool()
	left, err := db.database.Keep(ctx, t.Name())
	if err != nil {
		left = append(left, fmt.Sprintf("keep the test's database: %v", err))
	}
	f.Notes = append(f.Notes, left...)
	t.Log(f.card())
	testlog.Recent(func() {
		t.Attr("pgtest.database", f.Database)
		t.Attr("pgtest.url", withoutPassword(f.URL))
	}, func() {})
	f.store(t)
}

// closePool closes the pool in the background: it may hold connections that the test
// never gave back, and those end with the database.
func (db *DB) closePool() { go db.Pool.Close() }
