package rows

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/generation"
)

// transact runs do in a transaction of its own, or in a savepoint of the caller's, and
// commits where do succeeds. Where do panics, or calls t.FailNow, it rolls back: a
// connection that is not given back would block the closing of its pool for ever.
func transact(ctx context.Context, db seedbed.DB, do func(pgx.Tx) error) error {
	tx, err := db.Begin(ctx)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	returned := false
	defer func() {
		if !returned {
			_ = rollback(ctx, tx) // the panic says more
		}
	}()
	err = do(tx)
	returned = true
	if err != nil {
		return errors.Join(err, rollback(ctx, tx))
	}
	return tx.Commit(ctx)
}

// rollback rolls back, also after ctx has ended, within 5 seconds.
func rollback(ctx context.Context, tx pgx.Tx) error {
	closed := tx.Conn().IsClosed()
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer stop()
	err := tx.Rollback(ctx)
	if err == nil || closed || errors.Is(err, pgx.ErrTxClosed) {
		return nil
	}
	return fmt.Errorf("roll back: %w", err)
}

// transactional reports whether a handle is inside a transaction. known is false for a
// handle of unknown type.
func transactional(db seedbed.DB) (inTx, known bool) {
	if c := connOf(db); c != nil {
		return c.PgConn().TxStatus() != 'I', true
	}
	_, pool := db.(interface {
		Acquire(ctx context.Context) (*pgxpool.Conn, error)
	})
	return false, pool
}

// connOf returns the connection behind a handle; nil for a pool.
func connOf(db seedbed.DB) *pgx.Conn {
	if c, ok := db.(*pgx.Conn); ok {
		return c
	}
	if c, ok := db.(interface{ Conn() *pgx.Conn }); ok {
		return c.Conn()
	}
	return nil
}

// address names the database behind a handle: equal for all its handles, so that their rows
// are numbered together. It queries the server only where the handle does not tell.
func address(ctx context.Context, db seedbed.DB) (string, error) {
	if err := catalog.CheckHandle(db); err != nil {
		return "", err
	}
	var c *pgx.ConnConfig
	switch h := db.(type) {
	case interface{ Config() *pgxpool.Config }:
		c = h.Config().ConnConfig
	default:
		if conn := connOf(db); conn != nil {
			c = conn.Config()
		}
	}
	if c != nil && c.Database != "" {
		return generation.Address(c), nil
	}
	var name string
	err := db.QueryRow(ctx, `select coalesce(inet_server_addr()::text, '') || ':' || current_setting('port') || '/' || current_database()`).Scan(&name)
	if err != nil {
		return "", fmt.Errorf("ask which database this is: %w", err)
	}
	return name, nil
}
