package pgtest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/qarion/seedbed/internal/trace"
)

// activity is what a pool notes of its statements, for the card of a test that fails:
// those that a policy or a missing right refused, the text of those that set something for
// the session, and whether there was any that no factory, fixture or check sent.
// It takes statements of the pool alone; the server's log has those of other clients.
type activity struct {
	mu      sync.Mutex
	refused []note   // statements, the first few
	tried   []note   // statements of checks that failed, which may be what they were to do
	made    []note   // of factories and fixtures that failed, whose errors say what to do
	asked   bool     // a statement was the test's own
	sets    []string // statements and their arguments, the first few

	starvation starvation
	locks      lockWatch
}

// A note is what the server refused on a connection.
type note struct {
	conn    *pgx.Conn
	message string
	sql     string
}

func (n note) String() string { return n.message + "\n" + n.sql }

// noted bounds what is kept of each kind.
const noted = 32

// activityOf is what the pool of a test has noted.
func activityOf(pool *pgxpool.Pool) *activity {
	tracer, ok := pool.Config().ConnConfig.Tracer.(*trace.Tracer)
	if !ok {
		return &activity{} // a pool of the user's own making
	}
	a, ok := tracer.Next().(*activity)
	if !ok {
		return &activity{}
	}
	return a
}

// settings are the statements of the pool that set something for a session.
func (a *activity) settings() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.sets)
}

// refusals are the statements that were refused, of one connection or, with nil, of all.
func (a *activity) refusals(conn *pgx.Conn) (refused []note) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, n := range a.refused {
		if conn == nil || n.conn == conn {
			refused = append(refused, n)
		}
	}
	return refused
}

// failed are what the server said of statements of checks, and of factories and fixtures, on
// one connection or, with nil, on all.
func (a *activity) failed(conn *pgx.Conn) (tried, made []string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	on := func(all []note) (messages []string) {
		for _, n := range all {
			if conn == nil || n.conn == conn {
				messages = append(messages, n.message)
			}
		}
		return messages
	}
	return on(a.tried), on(a.made)
}

// hasAsked reports whether the test itself has sent a statement.
func (a *activity) hasAsked() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.asked
}

// forget drops what has failed on a connection that the next test will use.
func (a *activity) forget(conn *pgx.Conn) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, notes := range []*[]note{&a.refused, &a.tried, &a.made} {
		*notes = slices.DeleteFunc(*notes, func(n note) bool { return n.conn == conn })
	}
}

func (a *activity) began(sql string, args []any) {
	if !a.hasAsked() && !trace.Ours() {
		a.mu.Lock()
		a.asked = true
		a.mu.Unlock()
	}
	if !strings.Contains(sql, "set_config") && !strings.Contains(sql, "SET_CONFIG") && (len(sql) < 4 || !strings.EqualFold(sql[:4], "set ")) {
		return
	}
	if trace.Ours() {
		return // a factory sets what policies read, for its own transaction
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.sets) < noted {
		a.sets = append(a.sets, fmt.Sprint(sql, " ", args))
	}
}

func (a *activity) ended(conn *pgx.Conn, sql string, err error) {
	var refusal *pgconn.PgError
	if err == nil || !errors.As(err, &refusal) {
		return
	}
	ours, checking := trace.Ours(), trace.Checking()
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case checking:
		a.tried = append(a.tried, note{conn, refusal.Message, sql})
		return
	case ours:
		a.made = append(a.made, note{conn, refusal.Message, sql})
		return
	}
	if refusal.Code != insufficientPrivilege && !ofPolicies(refusal) {
		return
	}
	if len(a.refused) < noted {
		a.refused = append(a.refused, note{conn, refusal.Message, sql})
	}
}

const insufficientPrivilege = "42501"

type statementKey struct{}

// sent is what TraceQueryStart leaves in the context for TraceQueryEnd.
type sent struct {
	sql  string
	wait *statementWait
}

// TraceQueryStart implements pgx.QueryTracer.
func (a *activity) TraceQueryStart(ctx context.Context, conn *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	a.began(data.SQL, data.Args)
	return context.WithValue(ctx, statementKey{}, sent{data.SQL, a.locks.begin(conn, data.SQL)})
}

// TraceQueryEnd implements pgx.QueryTracer.
func (a *activity) TraceQueryEnd(ctx context.Context, conn *pgx.Conn, data pgx.TraceQueryEndData) {
	s, _ := ctx.Value(statementKey{}).(sent)
	s.wait.end()
	if data.Err != nil {
		a.ended(conn, s.sql, data.Err)
	}
}

// TraceBatchStart implements pgx.BatchTracer.
func (a *activity) TraceBatchStart(ctx context.Context, conn *pgx.Conn, data pgx.TraceBatchStartData) context.Context {
	first := "a batch"
	if data.Batch.Len() > 0 {
		first += ", which begins: " + data.Batch.QueuedQueries[0].SQL
	}
	return context.WithValue(ctx, statementKey{}, sent{wait: a.locks.begin(conn, first)})
}

// TraceBatchQuery implements pgx.BatchTracer.
func (a *activity) TraceBatchQuery(_ context.Context, conn *pgx.Conn, data pgx.TraceBatchQueryData) {
	a.began(data.SQL, data.Args)
	a.ended(conn, data.SQL, data.Err)
}

// TraceBatchEnd implements pgx.BatchTracer.
func (a *activity) TraceBatchEnd(ctx context.Context, _ *pgx.Conn, _ pgx.TraceBatchEndData) {
	s, _ := ctx.Value(statementKey{}).(sent)
	s.wait.end()
}

var (
	_ pgx.QueryTracer = (*activity)(nil)
	_ pgx.BatchTracer = (*activity)(nil)
)
