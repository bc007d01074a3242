package audit

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/sqltext"
)

// prober becomes the application's role and tries. Everything happens in one
// transaction that is rolled back, each attempt in a savepoint of its own.
type prober struct {
	a      *audit
	tx     pgx.Tx
	become func(role string) string // SQL that becomes a role until the savepoint ends
	back   string                   // … and SQL that is again who sees every row
	close  func()
	user   []string // whose memberships a session has, of the table that is tried
	undo   bool     // an attempt is still to be taken back
	sees   bool     // rows of every tenant, outside of attempts
	unmade []unmade // what sessions lacked
}

// superuser is a handle that can open a session which may become any role, as
// *pgtest.DB can.
type superuser interface {
	Superuser(ctx context.Context) (*pgx.Conn, error)
}

func (a *audit) probes() error {
	if a.opt.NoProbes || !a.usesRLS || len(a.roles.all()) == 0 {
		return nil
	}
	p, err := a.newProber()
	if err != nil {
		return err
	}
	if p == nil {
		a.vain("probes", "session role %s may not become %s, so what that can really do was not tried; GRANT it, or check through a *pgtest.DB", a.cat.Session, a.roles.all()[0].Name)
		return nil
	}
	defer p.close()
	defer p.tellUnmade()
	if !p.sees {
		a.vain("probes", "session role %s may become %s, and sees no row past the policies: only sessions without a tenant were tried; check as a role with BYPASSRLS, or through a *pgtest.DB", a.cat.Session, a.roles.all()[0].Name)
		return p.withoutTenant()
	}
	for _, role := range a.roles.app {
		if role.Super || role.BypassRLS {
			a.unchecked("probes as "+role.Name, "row-level security does not apply to it: nothing was tried, policies were read")
			continue
		}
		for _, s := range a.subjects {
			if a.tenantIsRole(s.innermost()) {
				continue
			}
			a.progress(fmt.Sprintf("%s as %s", s.name, role.Name), nil)
			if err := p.probe(s, role); err != nil {
				return fmt.Errorf("probe %s as %s: %w", s.name, role.Name, err)
			}
		}
	}
	for _, role := range a.roles.across {
		for _, s := range a.subjects {
			if err := p.probeAcross(s, role); err != nil {
				return fmt.Errorf("probe %s as %s: %w", s.name, role.Name, err)
			}
		}
	}
	return nil
}

// tenantIsRole reports whether a session of a tenant is a database role of its own, and says
// that such sessions are not tried: no setting makes the application's role one.
func (a *audit) tenantIsRole(level string) bool {
	t, _ := a.model.Tenant(level)
	m, _ := a.model.Membership(level)
	if !sqltext.IsRoleSetting(t.Setting) && !sqltext.IsRoleSetting(m.Setting) {
		return false
	}
	a.vain("probes of "+level, "policies tell %s by the database role of its session, and each %s has its own: sessions of two of them were not tried, policies were read; "+
		"try in a test as the role of one, with pgtest's As", withArticle(level), level)
	return true
}

// withoutTenant tries what needs no row to compare with: sessions that say no tenant.
func (p *prober) withoutTenant() error {
	for _, role := range p.a.roles.app {
		for _, s := range p.a.subjects {
			if p.a.tenantIsRole(s.innermost()) {
				continue
			}
			t := &probed{p: p, s: s, role: role, level: p.a.sessionLevel(s)}
			if err := t.unset(); err != nil {
				return fmt.Errorf("probe %s as %s: %w", s.name, role.Name, err)
			}
		}
	}
	return nil
}

// newProber finds a session that can become the application. A superuser's takes
// the role's whole identity, as a login does (SET SESSION AUTHORIZATION); other
// sessions SET ROLE, which differs in session_user only.
func (a *audit) newProber() (*prober, error) {
	asLogin := func(role string) string { return "SET LOCAL SESSION AUTHORIZATION " + catalog.Ident(role) }
	asRole := func(role string) string { return "SET LOCAL ROLE " + catalog.Ident(role) }
	session := a.cat.Role(a.cat.Session)
	if session != nil && session.Super {
		return a.prober(a.bypass.tx, asLogin, func() {})
	}
	if su, ok := a.db.(superuser); ok {
		if p, err := a.elsewhere(su, asLogin); p != nil || err != nil {
			return p, err
		}
	}
	if session == nil {
		return nil, nil
	}
	if a.bypass.step == "" && !a.seesAll() {
		if slices.ContainsFunc(a.roles.all(), func(r *catalog.Role) bool { return !canSet(session, r) }) {
			return nil, nil
		}
		p, err := a.prober(a.bypass.tx, asRole, func() {})
		if p != nil {
			p.sees = false
		}
		return p, err
	}
	for _, r := range a.roles.all() {
		if canSet(session, r) {
			continue
		}
		// In a transaction that is rolled back, so no other session ever sees it.
		grant := fmt.Sprintf("SET LOCAL ROLE %s; GRANT %s TO %s; %s", catalog.Ident(session.Name), catalog.Ident(r.Name), catalog.Ident(session.Name), a.bypass.step)
		if _, err := a.bypass.tx.Conn().PgConn().Exec(a.ctx, grant).ReadAll(); err != nil {
			return nil, a.bypass.reopen()
		}
	}
	return a.prober(a.bypass.tx, asRole, func() {})
}

func (a *audit) seesAll() bool {
	me := a.cat.Role(a.cat.User)
	return me != nil && (me.Super || me.BypassRLS)
}

func (a *audit) elsewhere(su superuser, become func(string) string) (*prober, error) {
	conn, err := su.Superuser(a.ctx)
	if err != nil {
		return nil, nil //nolint:nilerr // a server that this role does not administer: there are other ways
	}
	closing := func() { _ = conn.Close(context.WithoutCancel(a.ctx)) }
	tx, err := conn.Begin(a.ctx)
	if err != nil {
		closing()
		return nil, err
	}
	var super bool
	err = tx.QueryRow(a.ctx, "SELECT rolsuper FROM pg_roles WHERE rolname = session_user").Scan(&super)
	if err != nil || !super {
		closing()
		return nil, err
	}
	return a.prober(tx, become, closing)
}

func (a *audit) prober(tx pgx.Tx, become func(string) string, closing func()) (*prober, error) {
	// A test's own open transaction may hold locks: wait a little, not for ever.
	quiet := "SET LOCAL lock_timeout = '2s'"
	if strings.Contains(become(""), "AUTHORIZATION") {
		quiet += "; SET LOCAL log_min_messages = fatal" // most attempts fail, as they should
	}
	if _, err := tx.Conn().PgConn().Exec(a.ctx, quiet).ReadAll(); err != nil {
		closing()
		return nil, err
	}
	back := "RESET SESSION AUTHORIZATION; SET LOCAL row_security = off; "
	if !strings.Contains(become(""), "AUTHORIZATION") {
		back = "RESET ROLE; SET LOCAL row_security = off; "
	}
	if a.bypass.step != "" && tx == a.bypass.tx {
		back += a.bypass.step + "; "
	}
	return &prober{a: a, tx: tx, become: become, back: back, close: closing, sees: true}, nil
}

// identity is who an attempt is made as.
type identity struct {
	role     *catalog.Role
	settings map[string]string // nil: all unset
}

// outcome of an attempt.
type outcome struct {
	code    string // SQLSTATE, "" where it succeeded
	message string
	rows    int64  // affected, or returned
	value   string // first column of the first row
}

func (o outcome) failed() bool { return o.code != "" }

// denied reports that privileges or policies said no.
func (o outcome) denied() bool { return o.code == "42501" }

// passed reports that a row was written, or would have been but for a constraint:
// policies are looked at before constraints.
func (o outcome) passed() bool { return !o.failed() && o.rows > 0 || strings.HasPrefix(o.code, "23") }

func (o outcome) String() string {
	if o.failed() {
		return o.code + ": " + o.message
	}
	return fmt.Sprintf("succeeded, %s", plural(o.rows, "row"))
}

// send runs statements in one round trip, after taking back the attempt before.
func (p *prober) send(sql string) ([]*pgconn.Result, error) {
	if p.undo {
		sql = "ROLLBACK TO SAVEPOINT probe; RELEASE SAVEPOINT probe; " + sql
		p.undo = false
	}
	return p.tx.Conn().PgConn().Exec(p.a.ctx, sql).ReadAll()
}

// try runs one statement as a role. What it did is taken back before the next.
func (p *prober) try(who identity, sql string) (outcome, error) {
	var b strings.Builder
	fmt.Fprintf(&b, "SAVEPOINT probe; %s; SET LOCAL row_security = on;", p.become(who.role.Name))
	for _, c := range who.role.Config {
		if name, value, ok := strings.Cut(c, "="); ok && strings.Contains(name, ".") {
			fmt.Fprintf(&b, "SELECT set_config(%s, %s, true);", catalog.Literal(name), catalog.Literal(value))
		}
	}
	for name, value := range who.settings {
		fmt.Fprintf(&b, "SELECT set_config(%s, %s, true);", catalog.Literal(name), catalog.Literal(value))
	}
	b.WriteString(sql)
	results, err := p.send(b.String())
	p.undo = true
	var out outcome
	var pgErr *pgconn.PgError
	switch {
	case errors.As(err, &pgErr):
		out.code, out.message = pgErr.Code, pgErr.Message
	case err != nil:
		return out, err
	default:
		last := results[len(results)-1]
		out.rows = last.CommandTag.RowsAffected()
		if len(last.Rows) > 0 && len(last.Rows[0]) > 0 {
			out.value = string(last.Rows[0][0])
		}
	}
	return out, nil
}

// row is one row of a table, and whose it is.
type row struct {
	text   string   // as a composite literal
	key    []string // of the columns of probed.key
	says   []string // whose it is: of the columns of probed.columns
	tenant []string
}

// whose names the tenant of a row.
func (r *row) whose() string {
	if len(r.tenant) == 1 {
		return r.tenant[0]
	}
	return tuple(r.tenant)
}

// fetch reads one row that satisfies a condition, in the bypass session: the
// first by its key, or else by its tenant, so that the same rows are told of whatever
// the plan.
func (p *prober) fetch(t *probed, where string) (*row, error) {
	exprs := []string{"t::text"}
	for _, k := range t.key {
		exprs = append(exprs, col("t", k)+"::text")
	}
	for _, e := range append(cols("t", t.columns), t.tenantOf...) {
		exprs = append(exprs, e+"::text")
	}
	sql := fmt.Sprintf("SELECT %s FROM %s t WHERE %s", strings.Join(exprs, ", "), t.s.rel.Ident(), where)
	order := cols("t", t.key)
	if len(order) == 0 {
		order = t.tenantOf
	}
	cells, err := p.values(sql + first(order))
	if cells == nil {
		return nil, err
	}
	said := 1 + len(t.key)
	return &row{text: cells[0], key: cells[1:said], says: cells[said : said+len(t.columns)], tenant: cells[said+len(t.columns):]}, nil
}

// first ends a query that wants one row of several.
func first(order []string) string {
	return " ORDER BY " + strings.Join(order, ", ") + " LIMIT 1"
}

// value reads one text in the bypass session; "" and false where there is none.
func (p *prober) value(sql string) (string, bool, error) {
	values, err := p.values(sql)
	if values == nil {
		return "", false, err
	}
	return values[0], true, nil
}

// values reads one row, as text; nil where there is none, or a NULL in it.
func (p *prober) values(sql string) ([]string, error) {
	results, err := p.send(sql)
	if err != nil || len(results[len(results)-1].Rows) == 0 {
		return nil, err
	}
	var out []string
	for _, cell := range results[len(results)-1].Rows[0] {
		if cell == nil {
			return nil, nil
		}
		out = append(out, string(cell))
	}
	return out, nil
}
