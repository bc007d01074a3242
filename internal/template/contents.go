package template

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

// KeptDatabase is a database that is kept because its test failed.
type KeptDatabase struct {
	Database string
	Test     string
	KeptAt   time.Time // when its test ended
	Bytes    int64
}

// Contents counts the templates on a server and lists the databases kept from failed
// tests, newest first. control is an administrator's connection to the server's control
// database.
func Contents(ctx context.Context, control *pgx.Conn) (templates int, kept []KeptDatabase, err error) {
	var hasRegistry bool // a server that no test has used yet has no schema seedbed
	if err := control.QueryRow(ctx, "SELECT to_regclass('seedbed.clone') IS NOT NULL").Scan(&hasRegistry); err != nil || !hasRegistry {
		return 0, nil, err
	}
	if err := control.QueryRow(ctx, "SELECT count(*) FROM seedbed.template").Scan(&templates); err != nil {
		return 0, nil, err
	}
	rows, err := control.Query(ctx, `SELECT c.name, c.who AS test, c.since AS kept_at, pg_database_size(d.oid) FROM seedbed.clone c
		JOIN pg_database d ON d.datname = c.name WHERE state = 'kept' ORDER BY since DESC`)
	if err != nil {
		return 0, nil, err
	}
	kept, err = pgx.CollectRows(rows, pgx.RowToStructByPos[KeptDatabase])
	return templates, kept, err
}
