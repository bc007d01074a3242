package migrations

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/internal/closewait"
)

// session is the database/sql handle that goose runs on, with its own connections.
type session struct {
	*sql.DB
	failures failureTracer

	mu    sync.Mutex
	conns []*pgx.Conn
}

// connect opens a session with the configuration of db, which must not be a transaction:
// goose commits.
func connect(db seedbed.DB) (*session, error) {
	var config *pgx.ConnConfig
	var options []stdlib.OptionOpenDB
	after := func(context.Context, *pgx.Conn) error { return nil }
	switch db := db.(type) {
	case interface{ Config() *pgxpool.Config }: // *pgxpool.Pool, and what embeds it
		pool := db.Config()
		config = pool.ConnConfig
		if pool.BeforeConnect != nil {
			options = append(options, stdlib.OptionBeforeConnect(pool.BeforeConnect))
		}
		if pool.AfterConnect != nil {
			after = pool.AfterConnect
		}
	case interface{ Config() *pgx.ConnConfig }: // *pgx.Conn
		config = db.Config()
	default:
		return nil, fmt.Errorf("%T cannot be migrated: goose needs connections of its own, so pass a pool or a connection", db)
	}
	s := &session{}
	config = closewait.Config(config)
	config.Tracer = &s.failures
	options = append(options, stdlib.OptionAfterConnect(func(ctx context.Context, c *pgx.Conn) error {
		s.mu.Lock()
		s.conns = append(s.conns, c)
		s.mu.Unlock()
		return after(ctx, c)
	}))
	s.DB = stdlib.OpenDB(*config, options...)
	return s, nil
}

// close closes every connection, those that a Go migration leaked too, and waits until the
// server has ended them: CREATE DATABASE … TEMPLATE and DROP DATABASE stall for 100 ms if
// a backend is still ending.
func (s *session) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.conns {
		closeConn(c)
	}
	return s.DB.Close()
}

// closeTimeout limits the wait for a server that does not answer.
const closeTimeout = 2 * time.Second

// closeConn closes a connection and waits for its cleanup, also if pgx is closing it
// already because the context of its statement ended.
func closeConn(c *pgx.Conn) {
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	_ = c.PgConn().Close(ctx)
	select {
	case <-c.PgConn().CleanupDone():
	case <-ctx.Done():
	}
}

// failureTracer remembers the last statement that Postgres refused.
type failureTracer struct {
	mu     sync.Mutex
	failed string
}

type sqlKey struct{}

var _ pgx.QueryTracer = (*failureTracer)(nil)

// TraceQueryStart keeps the SQL for TraceQueryEnd, which does not get it.
func (l *failureTracer) TraceQueryStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	return context.WithValue(ctx, sqlKey{}, data.SQL)
}

// TraceQueryEnd records a failed statement.
func (l *failureTracer) TraceQueryEnd(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryEndData) {
	if data.Err == nil || errors.Is(data.Err, pgx.ErrNoRows) {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.failed, _ = ctx.Value(sqlKey{}).(string)
}

func (l *failureTracer) lastFailed() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.failed
}
