package pgtest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
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

// A hiding is a table of which the test's sessions do not see all rows, or that has
// refused one.
type hiding struct {
	table   securedTable
	role    string // the test's
	inTx    bool   // the test has a transaction of Server.Tx and no database
	value   string // of the setting that the policies read, in that transaction
	all     int    // rows, up to countLimit
	seen    int    // by a new session of role, or by the transaction
	why     string // the error that a query of role gets instead of rows; "" none
	refused bool
	by      *DB      // the session of DB.As that it refused; nil: the test's own
	unset   string   // a setting that the policies read and whose absence failed a statement
	bytes   int64    // of rows, where policies hide them from the administrator too; 0 elsewhere
	sat     bool     // the test has set a setting that the policies read
	blind   []string // DB.As sessions that see no row

	reader string            // a role that policies let through
	set    map[string]string // with these settings, as far as values are known
	sees   int               // it sees so many rows
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
			if t.Name() && slices.Contains(h.table.Columns, t.Text) && !slices.Contains(mentioned, t.Text) {
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

// rank orders hidings by how much their example tells, the best first.
func (h hiding) rank() int {
	switch {
	case h.sees > h.seen && len(h.set) > 0:
		return 0
	case len(h.set) > 0:
		return 1
	}
	return 2
}

func (h hiding) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: ", h.table.Name)
	if h.by != nil {
		fmt.Fprintf(&b, "its policies refused a row of %s; where the row is another tenant's, that is right", session(h.by.asRole, h.by.asSettings))
		return b.String()
	}
	rows := fmt.Sprintf("%d rows", h.all)
	switch {
	case h.all >= countLimit:
		rows = fmt.Sprintf("%d rows or more", countLimit)
	case h.all == 1:
		rows = "1 row"
	}
	viewer := "a new session of role " + h.role
	if h.inTx {
		viewer = "the test's transaction in role " + h.role
	}
	without := ""
	if h.value != "" {
		without = fmt.Sprintf(" with %s = '%s'", h.table.Settings[0], h.value)
	} else if len(h.table.Settings) > 0 {
		without = " without " + strings.Join(h.table.Settings, " and ")
	}
	if h.refused {
		fmt.Fprintf(&b, "its policies refused a row of role %s%s", h.role, without)
		without = ""
		if h.all > 0 || h.bytes > 0 {
			b.WriteString("; ")
		}
	}
	if h.unset != "" && !h.refused {
		fmt.Fprintf(&b, "its policies read %s, and fail where a session has not set it", h.unset)
		without = ""
		if h.all > 0 || h.bytes > 0 {
			b.WriteString("; ")
		}
	}
	if h.all > 0 {
		fmt.Fprintf(&b, "%s, of which %s%s ", rows, viewer, without)
	}
	if h.bytes > 0 {
		fmt.Fprintf(&b, "%d bytes of rows, of which %s%s sees none", h.bytes, viewer, without)
	} else if h.all == 0 {
		// There is none to hide.
	} else if h.why != "" {
		fmt.Fprintf(&b, "sees none, but gets %s", h.why)
		if strings.Contains(h.why, `""`) && len(h.table.Settings) > 0 {
			fmt.Fprintf(&b, ": once a transaction has set it, a session has '' for it, so let policies read nullif(current_setting('%s', true), '')", h.table.Settings[0])
		}
	} else {
		fmt.Fprintf(&b, "sees %d", h.seen)
	}
	for _, as := range h.blind {
		fmt.Fprintf(&b, ", and one of %s none", as)
	}
	switch {
	case len(h.table.Policies) == 0:
		b.WriteString("; it has no policy, so no session sees or writes a row: CREATE POLICY in a migration")
	case len(h.table.Roles) > 0 && !slices.Contains(h.table.Roles, "public") && !slices.Contains(h.table.Roles, h.role):
		fmt.Fprintf(&b, "; its policies are for %s", strings.Join(h.table.Roles, ", "))
	}
	if h.sat && !h.inTx {
		fmt.Fprintf(&b, ";\n    the test has set %s: that holds for one connection of the pool and, with set_config(…, true) or SET LOCAL, to the end of its transaction", h.table.Settings[0])
	}
	return b.String()
}

// ways are the three ways on, with the table as the example.
func (h hiding) ways() []string {
	settings := "nil"
	if len(h.set) > 0 {
		settings = fmt.Sprintf("map[string]string{%s}", pairs(h.set, "%q: %q"))
	}
	table := strings.ReplaceAll(h.table.Name, `"`, "")
	if h.inTx {
		return h.waysInTx(settings, table)
	}
	as := fmt.Sprintf("db.As(t, %q, %s)", h.reader, settings)
	sees := ""
	if h.sees > 0 {
		sees = fmt.Sprintf(": it sees %d of %s", h.sees, h.table.Name)
	}
	lines := []string{"ways on:", "  " + as + " connects as the application does" + sees}
	if len(h.table.Settings) > 0 {
		lines = append(lines, fmt.Sprintf("  SELECT set_config('%s', $1, true) at the beginning of each transaction of the code under test", h.table.Settings[0]))
	}
	return append(lines, fmt.Sprintf("  factory.Auto(%q).Create(t, db) writes a test's rows past the policies", table))
}

// waysInTx are those of a test that has a transaction and no database.
func (h hiding) waysInTx(settings, table string) []string {
	lines := []string{"ways on:"}
	if len(h.set) > 0 {
		setting := h.table.Settings[0]
		sees := ""
		if h.sees > 0 {
			sees = fmt.Sprintf(": it then sees %d of %s", h.sees, h.table.Name)
		}
		lines = append(lines, fmt.Sprintf("  SELECT set_config('%s', '%s', true) in the transaction%s", setting, h.set[setting], sees))
	}
	return append(lines,
		fmt.Sprintf("  factory.Auto(%q).Create(t, tx) writes a test's rows past the policies", table),
		fmt.Sprintf("  a database instead, Server.DB, has sessions as the application's: db.As(t, %q, %s)", h.reader, settings))
}

// session describes a session of DB.As.
func session(role string, settings map[string]string) string {
	if len(settings) == 0 {
		return role
	}
	return role + " with " + pairs(settings, "%s = '%s'")
}

func pairs(settings map[string]string, format string) string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		all = append(all, fmt.Sprintf(format, name, settings[name]))
	}
	return strings.Join(all, ", ")
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
