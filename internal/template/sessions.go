package template

import (
	"context"
	"strings"
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

// Roles lists the names of the server's roles.
func (s *Store) Roles(ctx context.Context) ([]string, error) {
	rows, err := s.control.Query(ctx, "SELECT rolname::text FROM pg_roles")
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

// holders says who has the server's connections, the greediest first.
func (s *Store) holders() string {
	ctx, cancel := context.WithTimeout(s.life, 5*time.Second)
	defer cancel()
	rows, err := s.control.Query(ctx, `
		SELECT format('%s of %s by %s', count(*), current_setting('max_connections'), coalesce(c.who, a.datname, 'others'))
		FROM pg_stat_activity a LEFT JOIN seedbed.clone c ON c.name = a.datname
		WHERE a.backend_type = 'client backend'
		GROUP BY coalesce(c.who, a.datname, 'others') ORDER BY count(*) DESC LIMIT 5`)
	if err != nil {
		return err.Error()
	}
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err.Error()
	}
	return "connections in use: " + strings.Join(lines, "; ")
}
