package review

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

	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/report"
)

// TenantSession is how policies know a session of one tenant.
type TenantSession struct {
	Table    string // schema.table, as it was asked for
	Tenant   string // "org 7"; "" where the table's rows belong to no tenant that is known
	Settings map[string]string
}

// SessionMaker makes rows of two tenants in tables and hands use, for each table, the
// session of one of them. use runs in the transaction that the rows are in, as the
// superuser; afterwards it is rolled back. unmade says why a table has no session.
type SessionMaker func(ctx context.Context, conn *pgx.Conn, tables []string, use func(sessions []TenantSession, unmade []string) error) error

// keepForReach copies the database before a migration that may change who reaches what
// where row-level security keeps rows apart; "" for others.
func (e *engine) keepForReach(ctx context.Context, m *Migration, before access) (string, error) {
	if e.config.Sessions == nil || before == nil || !before.guards() || !m.simple() {
		return "", nil
	}
	return e.copyScratch(ctx)
}

// reachOnRows counts, on a copy of the database as it was before the migration, which
// rows each role reaches before and after it, in the tables whose reach has changed or
// whose policies call a function that has. It adds the counts to the changes, and
// changes that only rows show.
func (e *engine) reachOnRows(ctx context.Context, m *Migration, copied string, before, after access, changes []report.AccessChange) ([]report.AccessChange, string, error) {
	changes = append(changes, before.helped(after)...)
	tables := tablesOf(changes, before)
	if copied == "" || len(tables) == 0 {
		return onlyReal(changes), "", nil
	}
	settings := maps.Clone(sessionSettings)
	settings["client_min_messages"], settings["auto_explain.log_min_duration"], settings["enable_seqscan"] = "error", "-1", "on"
	conn, err := e.scratch.connect(ctx, copied, settings, nil)
	if err != nil {
		return nil, "", err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	unproven := ""
	err = e.config.Sessions(ctx, conn, tables, func(sessions []TenantSession, unmade []string) error {
		unproven = strings.Join(unmade, "; ")
		c := &counter{conn: conn, sessions: sessions, role: e.config.Role}
		why, err := c.around(ctx, m, changes)
		unproven = cmp.Or(why, unproven)
		return err
	})
	switch {
	case ctx.Err() != nil:
		return nil, "", ctx.Err()
	case err != nil:
		unproven = err.Error()
	}
	return onlyReal(changes), unproven, nil
}

// onlyReal leaves out tables whose helper changed and whose rows are the same.
func onlyReal(changes []report.AccessChange) []report.AccessChange {
	return slices.DeleteFunc(changes, func(c report.AccessChange) bool { return c.Helper != "" && c.Effect == "" })
}

// helped are the reads of tables whose policies call functions, where a function is no
// longer what it was; their conditions are the same. Only rows tell whether it matters.
func (before access) helped(after access) (all []report.AccessChange) {
	if !before.codeChanged(after) {
		return nil
	}
	calls := map[string]string{}
	for k := range before {
		if k.kind == "helper" {
			calls[k.object] = max(calls[k.object], k.role)
		}
	}
	for _, k := range slices.SortedFunc(maps.Keys(after), compareCells) {
		helper, reach := calls[k.object], after[k]
		if k.kind != "table" || k.command != "SELECT" || helper == "" || reach == "every row" || reach == "no row" || before.reach(k) != reach {
			continue
		}
		all = append(all, report.AccessChange{Kind: k.kind, Object: k.object, Role: k.role, Command: k.command, Before: reach, After: reach, Helper: helper})
	}
	return all
}

func (before access) codeChanged(after access) bool {
	for k, hash := range before {
		if k.kind == "code" && after[k] != hash {
			return true
		}
	}
	return false
}

// tablesOf are the tables that need rows: those that changes are about, and those below
// a view.
func tablesOf(changes []report.AccessChange, before access) []string {
	var all []string
	for _, c := range changes {
		switch {
		case c.Role == "public":
		case c.Kind == "view":
			all = append(all, policiesPassed(&c)...)
		case c.Kind == "table" && before.guarded(c.Object):
			all = append(all, c.Object)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// policiesPassed are the tables whose policies a view passes.
func policiesPassed(c *report.AccessChange) []string {
	for _, reach := range []string{c.After, c.Before} {
		if list, ok := strings.CutPrefix(reach, pastPolicies); ok {
			return strings.Split(list, ", ")
		}
	}
	return nil
}

const pastPolicies = "past the policies of "

func (a access) guarded(table string) bool {
	for _, how := range []string{"on", "forced"} {
		if _, ok := a[cell{"guard", table, "", how}]; ok {
			return true
		}
	}
	return false
}

// counter counts rows as roles of the application, in one transaction.
type counter struct {
	conn     *pgx.Conn
	sessions []TenantSession
	role     string // that migrations run as; empty: the superuser
}

// attempt is one session of one change.
type attempt struct {
	change  *report.AccessChange
	session TenantSession
	before  *reached
}

// reached are the rows that a statement reached; nil rows: it was refused.
type reached struct {
	rows []string
	ok   bool
}

func (r *reached) count() int {
	if !r.ok {
		return report.Refused
	}
	return len(r.rows)
}

// around counts, runs the migration and counts again. It returns why nothing could be
// counted.
func (c *counter) around(ctx context.Context, m *Migration, changes []report.AccessChange) (string, error) {
	var all []attempt
	for i := range changes {
		for _, s := range c.sessionsOf(&changes[i]) {
			before, err := c.reach(ctx, &changes[i], s)
			if err != nil {
				return "", err
			}
			all = append(all, attempt{&changes[i], s, before})
		}
	}
	if len(all) == 0 {
		return "", nil
	}
	if why, err := c.up(ctx, m); why != "" || err != nil {
		return why, err
	}
	for i := 0; i < len(all); {
		var tried []trial
		of := all[i].change
		total, err := c.total(ctx, of)
		if err != nil {
			return "", err
		}
		for ; i < len(all) && all[i].change == of; i++ {
			after, err := c.reach(ctx, of, all[i].session)
			if err != nil {
				return "", err
			}
			tried = append(tried, trial{*all[i].before, *after})
			of.Rows = append(of.Rows, report.RowReach{Tenant: all[i].session.Tenant, Before: all[i].before.count(), After: after.count(), Total: total})
		}
		conclude(of, tried)
	}
	likeCounted(changes)
	return "", nil
}

// up runs the migration as its role.
func (c *counter) up(ctx context.Context, m *Migration) (string, error) {
	begin := "set constraints all immediate; set local row_security = on"
	if c.role != "" {
		begin += "; set local session authorization " + quote(c.role)
	}
	sess := &session{conn: c.conn}
	if err := sess.exec(ctx, begin); err != nil {
		return "", err
	}
	_, failure, err := runChunks(ctx, sess, m.Up)
	if err != nil {
		return "", err
	}
	if failure != nil {
		return "on rows the migration fails: " + failure.Message, nil
	}
	return "", sess.exec(ctx, "reset session authorization; set local row_security = off")
}

// sessionsOf are the sessions that try a change: of a tenant, and of none.
func (c *counter) sessionsOf(change *report.AccessChange) []TenantSession {
	if change.Role == "public" || change.Kind == "function" || change.Command != "SELECT" && change.Command != "DELETE" {
		return nil
	}
	tables := []string{change.Object}
	if change.Kind == "view" {
		tables = policiesPassed(change)
	}
	for _, s := range c.sessions {
		switch {
		case !slices.Contains(tables, s.Table):
		case s.Tenant == "":
			return []TenantSession{s}
		default:
			return []TenantSession{s, {Table: s.Table}}
		}
	}
	return nil
}

// relationOf is the relation's name as SQL wants it.
func relationOf(c *report.AccessChange) string {
	schema, name, _ := strings.Cut(c.Object, ".")
	return quote(schema) + "." + quote(name)
}

// rowsSQL lists the rows of what a change is about, by where they lie; those of a view
// are numbered.
func rowsSQL(c *report.AccessChange) string {
	if c.Kind == "view" {
		return "select row_number() over () from " + relationOf(c)
	}
	return "select tableoid || ' ' || ctid from " + relationOf(c)
}

// reach are the rows that a role's session reaches: what it reads, or deletes.
func (c *counter) reach(ctx context.Context, of *report.AccessChange, s TenantSession) (*reached, error) {
	become := "set local session_replication_role = replica; set local session authorization " + quote(of.Role) + "; set local row_security = on; "
	for _, name := range slices.Sorted(maps.Keys(s.Settings)) {
		become += fmt.Sprintf("select set_config(%s, %s, true); ", catalog.Literal(name), catalog.Literal(s.Settings[name]))
	}
	if of.Command == "SELECT" {
		return c.list(ctx, become+rowsSQL(of))
	}
	all, err := c.list(ctx, rowsSQL(of))
	if err != nil || !all.ok {
		return all, err
	}
	left, err := c.list(ctx, become+"delete from "+relationOf(of)+"; reset session authorization; set local row_security = off; "+rowsSQL(of))
	if err != nil || !left.ok {
		return left, err
	}
	return &reached{ok: true, rows: slices.DeleteFunc(all.rows, func(r string) bool { return slices.Contains(left.rows, r) })}, nil
}

func (c *counter) total(ctx context.Context, of *report.AccessChange) (int, error) {
	all, err := c.list(ctx, rowsSQL(of))
	if err != nil || !all.ok {
		return 0, err
	}
	return len(all.rows), nil
}

// list runs sql, takes back what it did, and returns the texts that its last statement
// did.
func (c *counter) list(ctx context.Context, sql string) (*reached, error) {
	results, err := c.conn.PgConn().Exec(ctx, "savepoint seedbed_reach; "+sql).ReadAll()
	if pg, ok := errors.AsType[*pgconn.PgError](err); err != nil && (!ok || pg.Severity == "FATAL" || ctx.Err() != nil) {
		return nil, err
	}
	out := &reached{ok: err == nil}
	if err == nil {
		for _, row := range results[len(results)-1].Rows {
			out.rows = append(out.rows, string(row[0]))
		}
	}
	_, err = c.conn.PgConn().Exec(ctx, "rollback to savepoint seedbed_reach; release savepoint seedbed_reach").ReadAll()
	return out, err
}

// trial is what one session reached before and after.
type trial struct{ before, after reached }

// conclude lets rows decide where the conditions do not: more rows are widening, the same
// ones, where a tenant sees some and not others, neutral.
func conclude(c *report.AccessChange, tried []trial) {
	if c.Effect != "changed" && c.Helper == "" {
		return
	}
	more, fewer, telling := false, false, false
	for i, t := range tried {
		more = more || missingFrom(t.after.rows, t.before.rows)
		fewer = fewer || missingFrom(t.before.rows, t.after.rows)
		n := len(t.before.rows)
		telling = telling || n > 0 && n < c.Rows[i].Total
	}
	switch {
	case more && !fewer:
		c.Effect = "widening"
	case c.Helper != "" && fewer && !more:
		c.Effect = "narrowing"
	case more || fewer:
		c.Effect = "changed"
	case telling && c.Helper == "":
		c.Effect = "neutral"
	}
}

// missingFrom reports whether some of rows are not in others.
func missingFrom(rows, others []string) bool {
	return slices.ContainsFunc(rows, func(r string) bool { return !slices.Contains(others, r) })
}

// likeCounted gives commands that are not tried what was found of one with the same
// conditions.
func likeCounted(changes []report.AccessChange) {
	for i := range changes {
		c := &changes[i]
		if c.Effect != "changed" || len(c.Rows) > 0 {
			continue
		}
		for _, other := range changes {
			if len(other.Rows) > 0 && other.Object == c.Object && other.Role == c.Role && other.Before == c.Before && other.After == c.After {
				c.Effect = other.Effect
			}
		}
	}
}
