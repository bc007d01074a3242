package pgtest

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/qarion/seedbed/internal/testlog"
	"github.com/qarion/seedbed/internal/trace"
)

// lockedAfter is how long a statement runs before it is looked whether it waits for a lock
// of its own test, which no deadlock detector finds: the test waits, and not the server.
const lockedAfter = 4 * time.Second

// A lockWatch tells tests whose statements wait for a lock that the test itself holds.
type lockWatch struct {
	mu    sync.Mutex
	after time.Duration
	tests map[*pgx.Conn]*lockWaiter // nil: of the connections that are not named
}

// A lockWaiter is the test that a connection works for.
type lockWaiter struct {
	t     testing.TB
	admin func(context.Context) (*pgx.Conn, error)
	// holders are the connections of the test, by process id: where they were acquired.
	holders func() map[uint32]string
}

// watchLocks has the test told as long as it runs, of the pools of db and of its As.
func (db *DB) watchLocks(t testing.TB, pool *pgxpool.Pool) {
	w := &lockWaiter{t: t, holders: db.acquired, admin: func(ctx context.Context) (*pgx.Conn, error) {
		return pgx.ConnectConfig(ctx, db.database.Config(db.server.cluster.Roles().Admin))
	}}
	t.Cleanup(activityOf(pool).locks.watch(nil, w))
}

// watchTx has the test told of its transactions, all of which are in one pool.
func (r *ready) watchTx(t testing.TB, pool *pgxpool.Pool, conn *pgx.Conn) (end func()) {
	locks := &activityOf(pool).locks
	sites := func() map[uint32]string { return pool.Config().ConnConfig.Tracer.(*trace.Tracer).Acquired() }
	return locks.watch(conn, &lockWaiter{t: t, admin: func(ctx context.Context) (*pgx.Conn, error) {
		return pgx.ConnectConfig(ctx, r.cluster.AdminConfig(conn.Config().Database))
	}, holders: func() map[uint32]string { return locks.of(t, sites()) }})
}

// acquired are the connections of db and of its As that are in use.
func (db *DB) acquired() map[uint32]string {
	all := map[uint32]string{}
	for _, session := range append(db.sessions(), db) {
		if tracer, ok := session.Config().ConnConfig.Tracer.(*trace.Tracer); ok {
			for pid, site := range tracer.Acquired() {
				all[pid] = site
			}
		}
	}
	return all
}

// watch tells w of one connection, or with nil of a whole pool, until it is ended.
func (l *lockWatch) watch(conn *pgx.Conn, w *lockWaiter) (end func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.tests == nil {
		l.tests, l.after = map[*pgx.Conn]*lockWaiter{}, lockedAfter
	}
	l.tests[conn] = w
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		delete(l.tests, conn)
	}
}

// of are the connections of a test among those that are named.
func (l *lockWatch) of(t testing.TB, sites map[uint32]string) map[uint32]string {
	l.mu.Lock()
	defer l.mu.Unlock()
	mine := map[uint32]string{}
	for conn, w := range l.tests {
		if w.t == t && conn != nil {
			mine[conn.PgConn().PID()] = sites[conn.PgConn().PID()]
		}
	}
	return mine
}

// A statementWait is a statement that runs.
type statementWait struct {
	watch *lockWatch
	conn  *pgx.Conn
	sql   string
	timer *time.Timer
	ended bool
}

// begin returns nil where no test is to be told.
func (l *lockWatch) begin(conn *pgx.Conn, sql string) *statementWait {
	l.mu.Lock()
	defer l.mu.Unlock()
	if cmp.Or(l.tests[conn], l.tests[nil]) == nil {
		return nil
	}
	s := &statementWait{watch: l, conn: conn, sql: sql}
	s.timer = time.AfterFunc(l.after, s.look)
	return s
}

func (s *statementWait) end() {
	if s == nil {
		return
	}
	s.watch.mu.Lock()
	defer s.watch.mu.Unlock()
	s.ended = true
	s.timer.Stop()
}

// test is the one to tell; nil where the statement or the test has ended.
func (s *statementWait) test() *lockWaiter {
	s.watch.mu.Lock()
	defer s.watch.mu.Unlock()
	if s.ended {
		return nil
	}
	return cmp.Or(s.watch.tests[s.conn], s.watch.tests[nil])
}

// look tells the test once, and looks again where the statement does not wait yet.
func (s *statementWait) look() {
	l := s.watch
	w := s.test()
	if w == nil {
		return
	}
	text := w.describe(s)
	l.mu.Lock()
	defer l.mu.Unlock()
	if s.ended || l.tests[s.conn] != w && l.tests[nil] != w {
		return // by now
	}
	if text == "" {
		s.timer.Reset(l.after)
		return
	}
	testlog.Printf(w.t, "%s", text)
	fmt.Fprintf(os.Stderr, "%s: %s\n", w.t.Name(), text) // go test's own deadline shows no test's log
}

// waitSQL lists who holds what a session waits for, and what that is, where it is a table.
const waitSQL = `SELECT pid, coalesce(state, ''), coalesce(left(query, 200), ''), extract(epoch FROM clock_timestamp() - state_change)::float8,
	coalesce((SELECT min(relation::regclass::text) FROM pg_locks WHERE pid = $1 AND NOT granted), '')
	FROM pg_stat_activity WHERE pid = ANY (pg_blocking_pids($1))`

// describe says which session of the test holds what a statement waits for; "" where it
// does not wait, or for others.
func (w *lockWaiter) describe(s *statementWait) string {
	ctx, cancel := context.WithTimeout(context.Background(), lockedAfter)
	defer cancel()
	admin, err := w.admin(ctx)
	if err != nil {
		return ""
	}
	defer admin.Close(ctx)
	rows, err := admin.Query(ctx, waitSQL, int32(s.conn.PgConn().PID()))
	if err != nil {
		return ""
	}
	sites := w.holders()
	var held []string
	var pid uint32
	var state, query, table string
	var seconds float64
	_, err = pgx.ForEachRow(rows, []any{&pid, &state, &query, &seconds, &table}, func() error {
		// One that works will go on; one that lies idle waits for the test.
		idle := strings.HasPrefix(state, "idle") && seconds >= s.watch.after.Seconds()/2
		if site, ours := sites[pid]; ours && idle {
			held = append(held, fmt.Sprintf("acquired at %s: %s for %s, last query: %s", site, state,
				time.Duration(seconds*float64(time.Second)).Round(time.Second), oneLine(query)))
		}
		return nil
	})
	if err != nil || len(held) == 0 {
		return ""
	}
	if table != "" {
		table = " on " + table
	}
	slices.Sort(held)
	return fmt.Sprintf("pgtest: a statement waits for a lock%s that this test's own connection holds, %s\n"+
		"  it waits: %s\n  end that transaction first, or send both statements in it", table, strings.Join(held, "\n  and another, "), oneLine(s.sql))
}

// oneLine is the beginning of a statement.
func oneLine(sql string) string {
	sql = strings.Join(strings.Fields(sql), " ")
	if r := []rune(sql); len(r) > 120 {
		return string(r[:120]) + "…"
	}
	return sql
}
