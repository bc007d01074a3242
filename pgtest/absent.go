package pgtest

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/qarion/seedbed/internal/catalog"
)

// missing matches what the server says of a table that a statement names, and that is not
// on its search_path.
var missing = regexp.MustCompile(`ERROR:  relation "([^".]+)" does not exist`)

// absent says why what a test's statements name may not be in its database: files that are
// no migrations, a Server without any, another schema, another spelling.
func (r *ready) absent(ctx context.Context, admin *pgx.Conn, log []string) (notes []string) {
	text := strings.Join(log, "\n")
	if !strings.Contains(text, "does not exist") && !r.cluster.External() { // whose log is not ours to read
		return nil
	}
	notes = slices.Clone(r.leftOut)
	if admin == nil || r.empty {
		return notes
	}
	var said []string
	for _, m := range missing.FindAllStringSubmatch(text, -1) {
		if name := m[1]; !slices.Contains(said, name) {
			said = append(said, name)
			if note := findTable(ctx, admin, name); note != "" {
				notes = append(notes, note)
			}
		}
	}
	return notes
}

// findTable says where the table is that a statement misses; "" where there is none like it.
func findTable(ctx context.Context, admin *pgx.Conn, name string) string {
	rows, err := admin.Query(ctx, `SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname !~ '^(pg_|information_schema$|seedbed_)' ORDER BY 1, 2`)
	if err != nil {
		return ""
	}
	var names []string
	var elsewhere []string
	var schema, table string
	if _, err := pgx.ForEachRow(rows, []any{&schema, &table}, func() error {
		if table == name {
			elsewhere = append(elsewhere, pgx.Identifier{schema, table}.Sanitize())
		}
		names = append(names, table)
		return nil
	}); err != nil {
		return ""
	}
	if len(elsewhere) > 0 {
		return fmt.Sprintf("there is %s: name its schema, or put that on the search_path", strings.Join(elsewhere, " and "))
	}
	if near := catalog.Nearest(name, names); near != "" {
		return fmt.Sprintf("there is no %q; did the test mean %s?", name, near)
	}
	return ""
}
