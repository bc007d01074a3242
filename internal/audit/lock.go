package audit

import (
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/qarion/seedbed/internal/catalog"
)

// patience is how long a query waits for a lock: a check that waits for ever says nothing.
const patience = "2s"

// lockNotAvailable is the SQLSTATE of a wait for a lock that took too long.
const lockNotAvailable = "55P03"

// loadCatalog reads the catalog. Postgres locks tables to show their expressions.
func (a *audit) loadCatalog() (*catalog.Catalog, error) {
	if err := catalog.CheckHandle(a.db); err != nil {
		return nil, err
	}
	tx, err := a.db.Begin(a.ctx)
	if err != nil {
		return nil, fmt.Errorf("begin a transaction to read the catalog in: %w", err)
	}
	defer tx.Rollback(a.ctx) //nolint:errcheck // nothing in it is to be kept
	if _, err := tx.Exec(a.ctx, "SET LOCAL lock_timeout = '"+patience+"'"); err != nil {
		return nil, err
	}
	return catalog.Load(a.ctx, tx, catalog.Options{})
}

// locked says which tables other sessions keep every reader from, and which those are, where
// an error comes of that; "" where it does not.
func (a *audit) locked(err error) string {
	var pgErr *pgconn.PgError
	if !errors.As(err, &pgErr) || pgErr.Code != lockNotAvailable {
		return ""
	}
	unnamed := "a table was locked for longer than " + patience
	tx, err := a.db.Begin(a.ctx)
	if err != nil {
		return unnamed
	}
	defer tx.Rollback(a.ctx) //nolint:errcheck // nothing in it is to be kept
	rows, err := tx.Query(a.ctx, `SELECT c.relname::text, l.pid, coalesce(nullif(s.application_name, ''), s.usename::text, '')
		FROM pg_locks l JOIN pg_class c ON c.oid = l.relation AND c.relkind IN ('r', 'p') LEFT JOIN pg_stat_activity s ON s.pid = l.pid
		WHERE l.mode = 'AccessExclusiveLock' AND l.granted AND l.pid <> pg_backend_pid()
		AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()) ORDER BY 1, 2`)
	if err != nil {
		return unnamed
	}
	var held []string
	var table, name string
	var pid int
	_, err = pgx.ForEachRow(rows, []any{&table, &pid, &name}, func() error {
		held = append(held, strings.TrimSuffix(fmt.Sprintf("%s is locked by pid %d (%s)", table, pid, name), " ()"))
		return nil
	})
	if err != nil || len(held) == 0 {
		return unnamed
	}
	return strings.Join(held, ", ")
}
