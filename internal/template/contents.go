package template

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

// Kept is the database of a failed test.
type Kept struct {
	Database string
	Test     string
	Since    time.Time
	Bytes    int64
}

// Contents says what templates have left on a server, by an administrator's
// connection to its control database: how many there are, and the databases of failed
// tests, newest first.
func Contents(ctx context.Context, control *pgx.Conn) (templates int, kept []Kept, err error) {
	var registry bool
	if err := control.QueryRow(ctx, "SELECT to_regclass('seedbed.clone') IS NOT NULL").Scan(&registry); err != nil || !registry {
		return 0, nil, err
	}
	if err := control.QueryRow(ctx, "SELECT count(*) FROM seedbed.template").Scan(&templates); err != nil {
		return 0, nil, err
	}
	rows, err := control.Query(ctx, `SELECT c.name, who, since, pg_database_size(d.oid) FROM seedbed.clone c
		JOIN pg_database d ON d.datname = c.name WHERE state = 'kept' ORDER BY since DESC`)
	if err != nil {
		return 0, nil, err
	}
	kept, err = pgx.CollectRows(rows, pgx.RowToStructByPos[Kept])
	return templates, kept, err
}
