package pgtest

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// A securedTable has row-level security that applies to the test's role.
type securedTable struct {
	Name     string // quoted
	Policies string // all expressions of its policies
}

// explain says, for a test that has failed, what row-level security has to do with it:
// which tables have rows that the test's role does not see, and whether the server has
// refused a row. It returns nothing where it has nothing to do with it.
func (db *DB) explain(ctx context.Context) (lines []string) {
	log := strings.Join(db.logSlice(), "\n")
	if unforced := db.server.unforced; unforced != "" && strings.Contains(log, "permission denied") {
		lines = append(lines, unforced)
	}
	admin, err := pgx.ConnectConfig(ctx, db.database.Config(db.server.cluster.Roles().Admin))
	if err != nil {
		return lines
	}
	defer admin.Close(ctx)
	rows, err := admin.Query(ctx, `SELECT c.oid::regclass::text, (SELECT coalesce(string_agg(concat_ws(' ', pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid)), ' '), '') FROM pg_policy WHERE polrelid = c.oid)
		FROM pg_class c WHERE relrowsecurity AND relkind IN ('r', 'p') ORDER BY 1`)
	if err != nil {
		return lines
	}
	tables, err := pgx.CollectRows(rows, pgx.RowToStructByPos[securedTable])
	if err != nil {
		return lines
	}
	for _, table := range tables {
		all, seen := db.visible(ctx, admin, table.Name)
		refused := strings.Contains(log, fmt.Sprintf("row-level security policy for table %q", strings.Trim(table.Name, `"`)))
		if all > seen || refused {
			lines = append(lines, table.explain(db.role, all, seen))
		}
	}
	return lines
}

// visible counts the table's rows, and those that a new session of the test's role sees.
func (db *DB) visible(ctx context.Context, admin *pgx.Conn, table string) (all, seen int) {
	count := "SELECT count(*) FROM (SELECT FROM " + table + " LIMIT 1000) x"
	_ = pgx.BeginFunc(ctx, admin, func(tx pgx.Tx) error {
		// A table that the test has locked is left out.
		if _, err := tx.Exec(ctx, "SET LOCAL lock_timeout = '200ms'"); err != nil {
			return err
		}
		if err := tx.QueryRow(ctx, count).Scan(&all); err != nil {
			return err
		}
		seen = all
		if _, err := tx.Exec(ctx, "SET LOCAL ROLE "+pgx.Identifier{db.role}.Sanitize()); err != nil {
			return err
		}
		var n int
		err := tx.QueryRow(ctx, count).Scan(&n)
		if err == nil || strings.Contains(err.Error(), "current_setting") || strings.Contains(err.Error(), "configuration parameter") {
			seen = n // a policy that fails without its setting shows none
		}
		return err
	})
	return all, seen
}

var settingRead = regexp.MustCompile(`current_setting\('([^']+)'`)

// settings are those that the table's policies read.
func (table securedTable) settings() []string {
	var names []string
	for _, m := range settingRead.FindAllStringSubmatch(table.Policies, -1) {
		if !slices.Contains(names, m[1]) {
			names = append(names, m[1])
		}
	}
	return names
}

func (table securedTable) explain(role string, all, seen int) string {
	settings := table.settings()
	without, example := "", "nil"
	if len(settings) > 0 {
		without = " unless " + strings.Join(settings, " and ") + " is set"
		example = fmt.Sprintf("map[string]string{%q: …}", settings[0])
	}
	rows := fmt.Sprintf("%d rows", all)
	if all >= 1000 {
		rows = "1000 rows and more"
	}
	return fmt.Sprintf("row-level security: %s has %s, of which a session of the test's role, %s, sees %d%s;\n"+
		"    connect as the application does, with db.As(t, role, %s), set it in the code under test (SELECT set_config(…)), or choose another role with Server.Role",
		table.Name, rows, role, seen, without, example)
}

// unforcedNote says why tests run as the tester, and what follows.
func unforcedNote(role string) string {
	return "a table has row-level security that its owner would pass (ENABLE without FORCE), so tests run as " + role +
		", which may read and write the rows of every table and owns none: TRUNCATE and DDL are denied. FORCE it in a migration, or choose a role with Server.Role"
}
