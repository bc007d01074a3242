package pgtest

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/qarion/seedbed/internal/sqltext"
)

// denied says of each session of DB.As that had no right to something which GRANT gives it.
// Of the roles that tests connect as there is none to give: see unforcedNote.
func (o *observer) denied(ctx context.Context) (lines []string) {
	for _, r := range o.refused {
		if line := otherwise(r.message); line != "" && !slices.Contains(lines, line) {
			lines = append(lines, line)
		}
		role := r.session.asRole
		if role == "" {
			role = r.session.role
		}
		if slices.Contains(o.ours, role) {
			continue
		}
		what := deniedObject.FindStringSubmatch(r.message)
		if what == nil {
			continue
		}
		line := fmt.Sprintf("%s has no right to this: %s in a migration, if the application is to do it", role, o.grant(ctx, role, what[1], what[2], r.sql))
		if !slices.Contains(lines, line) {
			lines = append(lines, line)
		}
	}
	return lines
}

// ways are what to do where a right that a test's session lacks is no matter of a GRANT.
var ways = []struct {
	message *regexp.Regexp
	way     string
}{
	{regexp.MustCompile(`is a system trigger$`), "the triggers of foreign keys are a superuser's: disable them over db.Superuser(ctx), or let the keys be DEFERRABLE and SET CONSTRAINTS ALL DEFERRED"},
	{regexp.MustCompile(`^permission denied to set role "(.*)"$`), `db.As(t, "$1", …) connects as $1`},
}

// otherwise is the one for a message, or "".
func otherwise(message string) string {
	for _, w := range ways {
		if m := w.message.FindStringSubmatchIndex(message); m != nil {
			return string(w.message.ExpandString(nil, w.way, message, m))
		}
	}
	return ""
}

// deniedObject is in the message of a statement without the right to an object.
var deniedObject = regexp.MustCompile(`^permission denied for (table|view|sequence|schema) (.+)$`)

// grant is the statement that gives a role the right that another statement lacked.
func (o *observer) grant(ctx context.Context, role, kind, name, sql string) string {
	to := " TO " + pgx.Identifier{role}.Sanitize()
	if kind == "schema" {
		return "GRANT USAGE ON SCHEMA " + pgx.Identifier{name}.Sanitize() + to
	}
	object := pgx.Identifier{name}.Sanitize()
	_ = o.scan(ctx, "", nil, "SELECT oid::regclass::text FROM pg_class WHERE relname = $1 AND relkind IN ('r', 'p', 'v', 'm', 'f', 'S') ORDER BY pg_table_is_visible(oid) DESC LIMIT 1", []any{name}, &object)
	if kind == "sequence" {
		return "GRANT USAGE ON SEQUENCE " + object + to
	}
	var missing []string
	for _, right := range rightsOf(sql) {
		var has bool
		if err := o.scan(ctx, "", nil, "SELECT has_table_privilege($1, $2, $3)", []any{role, object, right}, &has); err != nil || !has {
			missing = append(missing, right)
		}
	}
	if len(missing) == 0 {
		missing = []string{"SELECT, INSERT, UPDATE, DELETE"}
	}
	return "GRANT " + strings.Join(missing, ", ") + " ON " + object + to
}

// rightsOf are those that a statement may need on the tables it names.
func rightsOf(sql string) (rights []string) {
	for _, t := range sqltext.Tokens(sql) {
		right := strings.ToUpper(t.Text)
		if t.Kind == sqltext.Word && slices.Contains([]string{"SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE"}, right) && !slices.Contains(rights, right) {
			rights = append(rights, right)
		}
	}
	if (slices.Contains(rights, "UPDATE") || slices.Contains(rights, "DELETE")) && !slices.Contains(rights, "SELECT") {
		rights = append([]string{"SELECT"}, rights...) // of the columns that WHERE names
	}
	return rights
}
