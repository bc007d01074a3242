package template

import (
	"context"
	"fmt"
	"net"
	"sync/atomic"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// EndedError is returned to code that asks for a connection after the end of the test
// whose database it was.
type EndedError struct {
	Test   string
	Handle bool   // of DB.As
	Closed string // where DB.Close gave it back; "" for a test's
}

// Error names the test and the way out.
func (e *EndedError) Error() string {
	switch {
	case e.Closed != "":
		return fmt.Sprintf("the database of Server.Open was closed, at %s: close it when all that use it have ended", e.Closed)
	case e.Handle:
		return fmt.Sprintf("the handle of DB.As was given to %s, which has ended: call As with the t of the test that uses it", e.Test)
	}
	return fmt.Sprintf("the database was given to %s, which has ended: a database lives as long as its test, and a t.Cleanup registered before Server.DB runs after that; for one that tests share, use Server.Open", e.Test)
}

// A lifetime is the time for which a test has a database. A goroutine that outlives
// its test may still have a pool or a configuration, and must not come back to a
// database that is another test's by then.
type lifetime struct {
	store  *Store
	within *lifetime // of a handle of DB.As: the database's; nil for that
	test   atomic.Pointer[string]
	closed atomic.Pointer[string] // see EndedError.Closed
	ended  atomic.Bool
}

func (l *lifetime) err() error {
	if !l.ended.Load() {
		if l.within != nil {
			return l.within.err()
		}
		return nil
	}
	e := &EndedError{Test: "another test", Handle: l.within != nil}
	if at := l.closed.Load(); at != nil {
		e.Closed = *at
	}
	if test := l.test.Load(); test != nil {
		e.Test = *test
	}
	return e
}

// limit makes new connections of cfg fail once the lifetime has ended, or the server
// has begun anew: it may have emptied unlogged tables. Only when a session is open is it
// known which of the two servers it is on.
func (l *lifetime) limit(cfg *pgx.ConnConfig) *pgx.ConnConfig {
	dial := cfg.DialFunc
	cfg.DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error) {
		if err := l.err(); err != nil {
			return nil, err
		}
		return dial(ctx, network, addr)
	}
	after := cfg.AfterConnect
	cfg.AfterConnect = func(ctx context.Context, conn *pgconn.PgConn) error {
		if after != nil {
			if err := after(ctx, conn); err != nil {
				return err
			}
		}
		return l.store.stillPresent(ctx)
	}
	return cfg
}

// closing is the context with which closeSessions takes connections out of a pool
// whose lifetime has ended.
type closing struct{}

// limitPool makes a pool refuse connections, open ones too, once the lifetime has
// ended. The error says more than that of a closed pool.
func (l *lifetime) limitPool(cfg *pgxpool.Config) {
	cfg.BeforeConnect = func(context.Context, *pgx.ConnConfig) error { return l.err() }
	cfg.PrepareConn = func(ctx context.Context, _ *pgx.Conn) (bool, error) {
		if ctx.Value(closing{}) != nil {
			return true, nil
		}
		return true, l.err()
	}
}

// closeSessions ends the idle sessions of a pool whose lifetime has ended, and returns
// when the server has.
func closeSessions(ctx context.Context, pool *pgxpool.Pool) {
	for _, conn := range pool.AcquireAllIdle(context.WithValue(ctx, closing{}, true)) {
		conn.Hijack().Close(ctx)
	}
}
