package pgtest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/qarion/seedbed/internal/sqltext"
)

// explain says, for a test that has failed, what row-level security has to do with it:
// which tables have rows that the test's sessions do not see, which refused a row, and
// the ways on. It returns nothing where it has nothing to do with it.
func (o *observer) explain(ctx context.Context) (lines []string) {
	denied := o.denied(ctx)
	lines = append(lines, denied...)
	if o.unforced && len(denied) == 0 && strings.Contains(o.log, "permission denied") {
		unforced, _ := unforcedTables(ctx, o.conn)
		lines = append(lines, unforcedNote(o.role, unforced))
	}
	tables, err := securedTables(ctx, o.conn)
	if err != nil {
		return append(lines, fmt.Sprintf("read the policies of row-level security: %v", err))
	}
	var hidden []hiding
	for _, table := range tables {
		h, ok := o.hides(ctx, table)
		if ok && (h.refused || h.unset != "" || !o.idle && len(denied) == 0) {
			hidden = append(hidden, h)
		}
	}
	if len(hidden) == 0 {
		return lines
	}
	const most = 8
	lines = append(lines, "row-level security applies to this test's sessions:")
	for _, h := range hidden[:min(most, len(hidden))] {
		lines = append(lines, "  "+h.String())
	}
	if more := len(hidden) - most; more > 0 {
		lines = append(lines, fmt.Sprintf("  … and %d more tables", more))
	}
	return append(lines, bestExample(hidden).ways()...)
}

// bestExample is the table that says most: one for which a session was found that sees
// rows, else one whose policies read a setting.
func bestExample(hidden []hiding) hiding {
	return slices.MinFunc(hidden, func(a, b hiding) int { return cmp.Compare(a.rank(), b.rank()) })
}

// countLimit bounds what counting rows costs.
const countLimit = 1000

// A securedTable has row-level security.
type securedTable struct {
	Name     string // quoted, as the search path finds it
	Bare     string // its name alone, as the server's messages have it
	Columns  []string
	Policies []string // their expressions
	Roles    []string // whom they are for; "public" is everyone
	Granted  []string // roles with rights on it, those with most first
	Settings []string `db:"-"` // that the policies read, themselves or through functions
}

const securedTablesSQL = `
SELECT c.oid::regclass::text AS name, c.relname::text AS bare,
	array(SELECT attname::text FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped ORDER BY attnum) AS columns,
	array(SELECT concat_ws(' ', pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid)) FROM pg_policy WHERE polrelid = c.oid ORDER BY polname) AS policies,
	array(SELECT DISTINCT CASE r.role WHEN 0 THEN 'public' ELSE pg_get_userbyid(r.role)::text END
		FROM pg_policy p, unnest(p.polroles) r(role) WHERE p.polrelid = c.oid AND p.polpermissive ORDER BY 1) AS roles,
	array(SELECT r.rolname::text FROM aclexplode(c.relacl) a JOIN pg_roles r ON r.oid = a.grantee
		WHERE a.grantee <> c.relowner AND NOT r.rolsuper AND NOT r.rolbypassrls GROUP BY 1 ORDER BY count(*) DESC, 1) AS granted
FROM pg_class c WHERE relrowsecurity AND relkind IN ('r', 'p') AND NOT relispartition ORDER BY 1`

func securedTables(ctx context.Context, conn querier) ([]securedTable, error) {
	rows, err := conn.Query(ctx, securedTablesSQL)
	if err != nil {
		return nil, err
	}
	tables, err := pgx.CollectRows(rows, pgx.RowToStructByName[securedTable])
	if err != nil || len(tables) == 0 {
		return nil, err
	}
	readers, err := settingReaders(ctx, conn)
	for i := range tables {
		for _, policy := range tables[i].Policies {
			for _, name := range readers.In(sqltext.Tokens(policy)) {
				if !slices.Contains(tables[i].Settings, name) {
					tables[i].Settings = append(tables[i].Settings, name)
				}
			}
		}
	}
	return tables, err
}

// settingReaders finds the database's functions that read settings.
func settingReaders(ctx context.Context, conn querier) (sqltext.SettingReaders, error) {
	rows, err := conn.Query(ctx, `SELECT proname::text, coalesce(pg_get_function_sqlbody(p.oid), prosrc, '') FROM pg_proc p JOIN pg_language l ON l.oid = prolang
		WHERE p.oid >= 16384 AND lanname IN ('sql', 'plpgsql') ORDER BY p.oid`)
	if err != nil {
		return nil, err
	}
	bodies := map[string]string{}
	var name, body string
	if _, err := pgx.ForEachRow(rows, []any{&name, &body}, func() error { bodies[name] += " " + body; return nil }); err != nil {
		return nil, err
	}
	return sqltext.ReadSettings(bodies), nil
}

// hides looks at a table as the test's sessions see it.
func (o *observer) hides(ctx context.Context, table securedTable) (h hiding, some bool) {
	h = hiding{table: table, role: o.role, inTx: o.inTx}
	h.refused = refuses(o.log, table.Bare)
	for _, r := range o.refused {
		if refuses(r.message, table.Bare) && r.session.asRole != "" {
			h.by = r.session
		}
	}
	h.unset = unsetSetting(o.log, table)
	for _, setting := range table.Settings {
		h.sat = h.sat || strings.Contains(o.sets, setting)
	}
	all, err := o.count(ctx, o.bypass, nil, table.Name)
	if err != nil {
		return h, h.refused || h.unset != "" // a table that the test has locked, say
	}
	h.all, h.seen = all, all
	var bound bool // an administrator who is no superuser
	err = o.scan(ctx, o.bypass, nil, "SELECT row_security_active($1::regclass), pg_relation_size($1::regclass)", []any{table.Name}, &bound, &h.bytes)
	if err != nil || !bound || all > 0 {
		h.bytes = 0
	}
	if o.inTx && len(table.Settings) > 0 {
		_ = o.scan(ctx, "", nil, "SELECT coalesce(current_setting($1, true), '')", []any{table.Settings[0]}, &h.value)
	}
	h.seen, err = o.count(ctx, o.role, nil, table.Name)
	var refusal *pgconn.PgError
	switch {
	case err == nil:
	case errors.As(err, &refusal) && refusal.Code == insufficientPrivilege:
		h.seen = all // no right to the table, which the error says
	default:
		h.why = strings.TrimSpace(err.Error()) // a policy that fails without its setting
	}
	for _, as := range o.sessions {
		if n, err := o.count(ctx, as.asRole, as.asSettings, table.Name); err == nil && n == 0 && all > 0 {
			h.blind = append(h.blind, session(as.asRole, as.asSettings))
		}
	}
	if h.seen == h.all && h.bytes == 0 && !h.refused && h.unset == "" && len(h.blind) == 0 {
		return h, false
	}
	o.findReader(ctx, &h)
	return h, true
}

// refuses reports whether the server said that a policy of the table refused a row.
func refuses(log, table string) bool {
	for line := range strings.Lines(log) {
		if strings.Contains(line, "row-level security policy") && strings.Contains(line, fmt.Sprintf("for table %q", table)) {
			return true
		}
	}
	return false
}

// unsetSetting is the setting of the table's policies without which a statement on the table
// failed; "" where none did. A policy with current_setting(name) asks for it, one with
// current_setting(name, true) gets NULL.
func unsetSetting(log string, table securedTable) string {
	for _, setting := range table.Settings {
		if _, after, failed := strings.Cut(log, unknownSetting(setting)); failed && strings.Contains(after, table.Bare) {
			return setting
		}
	}
	return ""
}

// unknownSetting is what Postgres says of a setting that the session has not set.
func unknownSetting(name string) string {
	return fmt.Sprintf("unrecognized configuration parameter %q", name)
}

// findReader looks for a session that sees rows: a role that the policies are for, with
// the setting that they read and a value that a row has in a column they name.
func (o *observer) findReader(ctx context.Context, h *hiding) {
	h.reader = o.readerOf(h)
	if len(h.table.Settings) == 0 {
		h.sees, _ = o.count(ctx, h.reader, nil, h.table.Name)
		return
	}
	setting := h.table.Settings[0]
	h.set = map[string]string{setting: "…"}
	var mentioned []string
	for _, policy := range h.table.Policies {
		for _, t := range sqltext.Tokens(policy) {
			if t.IsIdentifier() && slices.Contains(h.table.Columns, t.Text) && !slices.Contains(mentioned, t.Text) {
				mentioned = append(mentioned, t.Text)
			}
		}
	}
	for _, column := range mentioned {
		quoted := pgx.Identifier{column}.Sanitize()
		var value string
		err := o.scan(ctx, o.bypass, nil, fmt.Sprintf("SELECT %[1]s::text FROM %[2]s WHERE %[1]s IS NOT NULL LIMIT 1", quoted, h.table.Name), nil, &value)
		if err != nil || len(value) > 64 || strings.ContainsFunc(value, func(r rune) bool { return r < ' ' }) {
			continue
		}
		set := map[string]string{setting: value}
		if n, err := o.count(ctx, h.reader, set, h.table.Name); err == nil && n > h.sees {
			h.sees, h.set = n, set
		}
	}
}

// readerOf is the role that the example connects as: one that the policies are for, and the
// application's rather than one that tests connect as for want of another.
func (o *observer) readerOf(h *hiding) string {
	named := !slices.Contains(h.table.Roles, "public") && len(h.table.Roles) > 0
	switch {
	case h.by != nil:
		return h.by.asRole
	case named && !slices.Contains(h.table.Roles, h.role):
		return h.table.Roles[0]
	case named, o.inTx, !slices.Contains(o.ours, h.role):
		return h.role
	}
	for _, role := range h.table.Granted {
		if !slices.Contains(o.ours, role) {
			return role
		}
	}
	return h.role
}

// wayPastPolicies is what to do about the error of a Seed or of fixtures, if that is one
// of row-level security: they run as the schema's owner.
func wayPastPolicies(ctx context.Context, owner *pgx.Conn, err error) string {
	var refusal *pgconn.PgError
	if !errors.As(err, &refusal) || !ofPolicies(refusal) {
		return ""
	}
	set := ""
	tables, _ := securedTables(ctx, owner)
	for _, table := range tables {
		i := slices.IndexFunc(table.Settings, func(setting string) bool {
			return refuses(refusal.Message, table.Bare) || refusal.Message == unknownSetting(setting)
		})
		if i >= 0 {
			set = fmt.Sprintf("have it SELECT set_config('%s', $1, true) in the transaction that writes", table.Settings[i])
		}
	}
	if set == "" {
		if refusal.Code != insufficientPrivilege {
			return "" // a setting that no policy reads
		}
		set = "set what they read before it writes"
	}
	return fmt.Sprintf("\n  way out: it runs as %s, the owner of the schema, to whom FORCEd policies apply; %s,\n  or write with factories or fixtures, which step past policies", owner.Config().User, set)
}

// ofPolicies reports whether an error may be one of a policy: a row that it refused, or a
// setting that it reads and the session has not set.
func ofPolicies(err *pgconn.PgError) bool {
	return err.Code == insufficientPrivilege && strings.Contains(err.Message, "row-level security") ||
		err.Code == undefinedObject && strings.HasPrefix(err.Message, "unrecognized configuration parameter ")
}

// undefinedObject is the SQLSTATE of, among others, a setting that is not there.
const undefinedObject = "42704"

// unforcedNote says why tests run as the tester, and what follows; tables are those that the
// owner would pass, nil where they are not known.
func unforcedNote(role string, tables []string) string {
	which := "a table has row-level security that its owner would pass"
	if len(tables) > 0 {
		which = "row-level security that the owner would pass: " + strings.Join(tables, ", ")
	}
	return which + " (ENABLE without FORCE), so tests run as " + role +
		", which may read and write the rows of every table and owns none: TRUNCATE and DDL are denied. FORCE it in a migration, or choose a role with Server.Role"
}

// unforcedTables are those whose row-level security their owner would pass.
func unforcedTables(ctx context.Context, conn querier) ([]string, error) {
	rows, err := conn.Query(ctx, "SELECT oid::regclass::text FROM pg_class WHERE relrowsecurity AND NOT relforcerowsecurity ORDER BY 1")
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}
