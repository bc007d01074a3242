package pgtest

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// Superuser opens a connection to the same database as the role that makes the
// test databases, a superuser on a server of ours: for checks that must see every
// row and become any role. The caller closes it. Code under test has no use for
// it: no row-level security applies. The database is not reset for another test.
func (db *DB) Superuser(ctx context.Context) (*pgx.Conn, error) {
	db.database.Expose()
	return pgx.ConnectConfig(ctx, db.database.Config(db.server.cluster.Roles().Admin))
}
