package dev

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/server"
)

// Table is one table of a database and how many rows it has.
type Table struct {
	Name  string // with its schema where the search path does not lead to it
	Rows  int64
	About bool // Rows is Postgres's estimate: counting would read much
}

// countedPages is how large a table may be to be counted: 200 MB, a fraction of a
// second from memory.
const countedPages = 25_000

// Tables counts the rows of every table, as a role from which nothing is hidden.
func (s *Server) Tables(ctx context.Context, database string) ([]Table, error) {
	pool, err := s.connect(ctx, database, server.Superuser)
	if err != nil {
		return nil, err
	}
	defer pool.Close()
	tables, err := countTables(ctx, pool)
	if err != nil {
		return nil, fmt.Errorf("count the rows of %s: %w", database, err)
	}
	return tables, nil
}

func countTables(ctx context.Context, pool *pgxpool.Pool) ([]Table, error) {
	rows, err := pool.Query(ctx, `
		WITH RECURSIVE part AS (
			SELECT oid AS root, oid FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition
			UNION ALL
			SELECT root, inhrelid FROM part JOIN pg_inherits ON inhparent = part.oid
				JOIN pg_class c ON c.oid = inhrelid AND c.relispartition)
		SELECT root::regclass::text, sum(greatest(p.reltuples, 0))::bigint,
			sum(pg_relation_size(p.oid)) / 8192 > $1
		FROM part JOIN pg_class c ON c.oid = root JOIN pg_class p ON p.oid = part.oid
		JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_(toast|temp)'
			AND c.relname <> ALL ($2)
			AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = root AND deptype = 'e')
		GROUP BY root, n.nspname, c.relname ORDER BY n.nspname, c.relname`, countedPages, catalog.Bookkeeping)
	if err != nil {
		return nil, err
	}
	tables, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Table])
	if err != nil {
		return nil, err
	}
	for i, t := range tables {
		if t.About {
			continue
		}
		// regclass has quoted the name.
		if err := pool.QueryRow(ctx, "SELECT count(*) FROM "+t.Name).Scan(&tables[i].Rows); err != nil {
			return nil, err
		}
	}
	return tables, nil
}
