package review

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/qarion/seedbed/internal/report"
)

// checksums are the contents of each column, as "schema.table.column", whatever the
// order of its rows.
type checksums map[string]string

// probeRules runs Up and Down once more with rows in the tables, and reports what
// they fail on and what they lose. All of it happens in a transaction that is
// rolled back; migrations that cannot be tried so are left out.
func (e *engine) probeRules(ctx context.Context, m *Migration) ([]report.Finding, error) {
	if e.config.Rows == nil || !m.simple() || !m.HasDown {
		return nil, nil
	}
	tx, err := e.sess.conn.Begin(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }()
	if err := e.sess.exec(ctx, "set local client_min_messages = error"); err != nil {
		return nil, err
	}
	if _, failure, err := runChunks(ctx, e.sess, m.Down); err != nil || failure != nil {
		return nil, err // said by downRules
	}
	finding := func(rule, message, fix string) []report.Finding {
		return []report.Finding{m.finding(rule, "", message, fix)}
	}
	if err := e.config.Rows(ctx, tx); err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return finding("rows-not-made", "no rows could be made to try it on: "+err.Error(), "make them in ReviewOptions.Rows"), nil
	}
	before, err := e.sess.checksums(ctx)
	if err != nil {
		return nil, err
	}
	for _, part := range []struct {
		name   string
		chunks []Chunk
	}{{"Up", m.Up}, {"Down", m.Down}} {
		chunk, failure, err := runChunks(ctx, e.sess, part.chunks)
		if err != nil {
			return nil, err
		}
		if failure != nil {
			return onRows(finding, part.name, part.chunks[chunk], chunk, failure), nil
		}
	}
	after, err := e.sess.checksums(ctx)
	if err != nil {
		return nil, err
	}
	if lost := before.lost(after); len(lost) > 0 {
		return finding("data-changed", "after Up and Down these columns no longer hold what they held: "+some(lost),
			"keep what Up removes in a table of its own until no release will go back"), nil
	}
	return nil, nil
}

func onRows(finding func(rule, message, fix string) []report.Finding, name string, c Chunk, n int, failure *pgconn.PgError) []report.Finding {
	all := finding("fails-on-rows", fmt.Sprintf("%s fails where there are rows: %s (SQLSTATE %s)", name, failure.Message, failure.Code),
		"repair the rows in a migration before it")
	at := all[0].Statement
	at.Line, at.Number, at.SQL, at.SQLState = c.Line, n, c.SQL, failure.Code
	return all
}

func (now checksums) lost(later checksums) []string {
	var all []string
	for column, sum := range now {
		if later[column] != sum {
			all = append(all, column)
		}
	}
	slices.Sort(all)
	return all
}

func (s *session) checksums(ctx context.Context) (checksums, error) {
	columns, err := s.texts(ctx, `select concat_ws(chr(10), n.nspname || '.' || c.relname || '.' || a.attname, format('%I.%I', n.nspname, c.relname), quote_ident(a.attname))
		from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_attribute a on a.attrelid = c.oid
		where c.relkind = 'r' and a.attnum > 0 and not a.attisdropped
		  and n.nspname not in ('pg_catalog', 'information_schema', 'seedbed_review') and n.nspname !~ '^pg_'`)
	if err != nil || len(columns) == 0 {
		return nil, err
	}
	var queries []string
	for _, c := range columns {
		part := strings.Split(c, "\n")
		queries = append(queries, fmt.Sprintf("select '%s' || chr(10) || count(*) || ' ' || coalesce(sum(('x' || left(md5(%s::text), 15))::bit(60)::bigint), 0) from only %s",
			strings.ReplaceAll(part[0], "'", "''"), part[2], part[1]))
	}
	rows, err := s.texts(ctx, strings.Join(queries, " union all "))
	all := checksums{}
	for _, r := range rows {
		column, sum, _ := strings.Cut(r, "\n")
		all[column] = sum
	}
	return all, err
}

// RowMaker puts rows into the tables of a database that a transaction is open on.
type RowMaker func(ctx context.Context, tx pgx.Tx) error
