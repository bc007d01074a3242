package template

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

// Session is a connection to one of the databases.
type Session struct {
	PID   int32
	Role  string
	State string
	For   time.Duration // in this state
	Query string        // the current or the last one
}

// Sessions lists the connections to a database.
func (s *Store) Sessions(ctx context.Context, database string) ([]Session, error) {
	rows, err := s.control.Query(ctx, `
		SELECT pid, coalesce(usename, ''), coalesce(state, ''), clock_timestamp() - coalesce(state_change, backend_start), left(query, 200)
		FROM pg_stat_activity WHERE datname = $1 ORDER BY pid`, database)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Session])
}
