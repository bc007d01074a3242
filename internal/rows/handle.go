package rows

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/internal/generation"
)

// transactional reports whether a handle stands inside a transaction. Where the
// handle's kind is not known, neither is that.
func transactional(db seedbed.DB) (inTx, known bool) {
	if c := connOf(db); c != nil {
		return c.PgConn().TxStatus() != 'I', true
	}
	_, pool := db.(interface {
		Acquire(ctx context.Context) (*pgxpool.Conn, error)
	})
	return false, pool
}

func connOf(db seedbed.DB) *pgx.Conn {
	if c, ok := db.(*pgx.Conn); ok {
		return c
	}
	if c, ok := db.(interface{ Conn() *pgx.Conn }); ok {
		return c.Conn()
	}
	return nil
}

// address names the database behind a handle, so that handles of one database count
// rows together. It asks the server only where the handle does not know.
func address(ctx context.Context, db seedbed.DB) (string, error) {
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
