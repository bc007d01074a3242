package pgtest

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// Superuser opens a connection to the same database as the role that makes the
// test databases, a superuser on a server of ours: for checks that must see every
// row and become any role. The caller closes it. Code under test has no use for
// it: no row-level security applies.
func (db *DB) Superuser(ctx context.Context) (*pgx.Conn, error) {
	return pgx.ConnectConfig(ctx, db.clone.Config(db.server.cluster.Roles().Admin))
}
