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

// session is goose's way to a database: database/sql over connections that are
// ours alone, and what they were told last.
type session struct {
	*sql.DB
	heard listener

	mu    sync.Mutex
	conns []*pgx.Conn
}

// connect opens a session with the configuration of db. Goose commits, so a
// transaction cannot be migrated from inside.
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
	config.Tracer = &s.heard
	options = append(options, stdlib.OptionAfterConnect(func(ctx context.Context, c *pgx.Conn) error {
		s.mu.Lock()
		s.conns = append(s.conns, c)
		s.mu.Unlock()
		return after(ctx, c)
	}))
	s.DB = stdlib.OpenDB(*config, options...)
	return s, nil
}

// close ends every connection, those included that a Go migration leaked, and
// waits for the server to let go: CREATE DATABASE … TEMPLATE and DROP DATABASE
// stall for 100 ms if they meet a backend that is still going away.
func (s *session) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.conns {
		hangUp(c)
	}
	return s.DB.Close()
}

// hangUpWait bounds the wait for a server that does not answer.
const hangUpWait = 2 * time.Second

// hangUp closes a connection, also one that is being closed already because the
// context of its statement ended.
func hangUp(c *pgx.Conn) {
	ctx, cancel := context.WithTimeout(context.Background(), hangUpWait)
	defer cancel()
	_ = c.PgConn().Close(ctx)
	select {
	case <-c.PgConn().CleanupDone():
	case <-ctx.Done():
	}
}

// listener remembers the last statement that Postgres refused.
type listener struct {
	mu     sync.Mutex
	failed string
}

type sentKey struct{}

var _ pgx.QueryTracer = (*listener)(nil)

// TraceQueryStart keeps the SQL for TraceQueryEnd, which does not get it.
func (l *listener) TraceQueryStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	return context.WithValue(ctx, sentKey{}, data.SQL)
}

// TraceQueryEnd notes a failure.
func (l *listener) TraceQueryEnd(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryEndData) {
	if data.Err == nil || errors.Is(data.Err, pgx.ErrNoRows) {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.failed, _ = ctx.Value(sentKey{}).(string)
}

func (l *listener) lastFailed() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.failed
}
