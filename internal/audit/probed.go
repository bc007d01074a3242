package audit

import (
	"fmt"
	"slices"
	"strings"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/report"
)

// probed is a table that one role tries its hand at: with a row of its own tenant
// and one of another's.
type probed struct {
	p        *prober
	s        *subject
	role     *catalog.Role
	level    string
	columns  []string // of the table, that carry the tenant, or one below it; nil where it leads through another row
	tenantOf []string
	mine     [][]string // what these columns say in rows of the session's tenant
	key      []string
	own      *row
	other    *row
	me       identity
	reached  bool              // its own row, by SELECT
	lacking  map[string]string // tables that policies look into without a row of one's own, and why

	anonymous bool // who has not logged in has no row of its own
}

// probe tries one table as one role.
func (p *prober) probe(s *subject, role *catalog.Role) error {
	granted := false
	for _, command := range rowCommands {
		granted = granted || privilege(role, s.rel, command) != ""
	}
	if !granted {
		return nil
	}
	t, err := p.prepare(s, role)
	if t == nil || err != nil {
		return err
	}
	for _, attempt := range []func(*probed) error{(*probed).reads, (*probed).copies, (*probed).unset, (*probed).partitions,
		(*probed).inserts, (*probed).updates, (*probed).merges, (*probed).deletes, (*probed).truncates, (*probed).lookups,
		(*probed).foreignKeys, (*probed).uniques, (*probed).conflicts, (*probed).writeNamingNoColumn, (*probed).views} {
		if err := attempt(t); err != nil {
			return err
		}
	}
	return nil
}

func (p *prober) prepare(s *subject, role *catalog.Role) (*probed, error) {
	t := &probed{p: p, s: s, role: role, level: p.a.sessionLevel(s)}
	for _, sc := range slices.Backward(s.scopes) {
		if t.columns = sc.Columns; sc.Tenant == t.level {
			break
		}
	}
	t.tenantOf = p.a.tenantOf(s.rel, "t", t.level)
	if len(t.tenantOf) == 0 {
		p.a.unchecked(probesOf(s.name), "nothing in a row leads to its %s", t.level)
		return nil, nil
	}
	if pk := s.rel.PrimaryKey(); pk != nil {
		t.key = pk.Columns
	}
	if err := t.pick(); err != nil {
		return nil, err
	}
	if t.own == nil || t.other == nil {
		if err := p.fill(s.name); err != nil {
			if p.a.ctx.Err() != nil {
				return nil, err
			}
			p.lack(probesOf(s.name), noRows, s.name, firstLine(err))
			return nil, nil
		}
		if err := t.pick(); err != nil {
			return nil, err
		}
	}
	if t.own == nil || t.other == nil {
		p.a.unchecked(probesOf(s.name), "it has no rows of two tenants")
		return nil, nil
	}
	if err := t.findMine(); err != nil {
		return nil, err
	}
	var err error
	t.me.role, p.user = role, nil
	if t.me.settings, err = p.settings(t.level, t.own.tenant); err != nil && p.a.ctx.Err() == nil {
		p.lack("sessions of "+withArticle(t.level), "none could be made", s.name, firstLine(err))
		return nil, p.reset()
	}
	if err == nil {
		err = t.ownMembership()
	}
	if err == nil {
		err = t.ownClaim()
	}
	if t.anonymous = isAnonymous(role, t.me.settings); t.anonymous {
		t.me.settings, p.user = map[string]string{postgrestClaims: ""}, nil
	}
	if role != nil {
		withRole(t.me.settings, role.Name)
	} else if len(p.a.roles.app) > 0 {
		withRole(t.me.settings, p.a.roles.app[0].Name)
	}
	if err == nil && len(t.own.tenant) > 1 && len(t.me.settings) == 0 {
		p.a.unchecked(probesOf(s.name), "no policy says which settings hold %s of %s", strings.Join(t.columns, " and "), withArticle(t.level))
		return nil, nil
	}
	return t, err
}

// findMine finds what the table's columns say in rows of the session's tenant: its key, or
// those of the tenants below it.
func (t *probed) findMine() error {
	i := slices.IndexFunc(t.s.scopes, func(sc seedbed.Scoped) bool { return slices.Equal(sc.Columns, t.columns) })
	if i < 0 {
		return nil
	}
	level, _ := t.p.a.model.Tenant(t.s.scopes[i].Tenant)
	tenants := t.p.a.cat.Table(level.Table)
	if level.Name == t.level || tenants == nil {
		t.mine = [][]string{t.own.says}
		return nil
	}
	where := equals(t.p.a.tenantOf(tenants, "t", t.level), t.own.tenant)
	results, err := t.p.send(fmt.Sprintf("SELECT %s FROM %s t WHERE %s LIMIT %d", asTexts(cols("t", level.Key)), tenants.Ident(), where, mostBelow+1))
	if err != nil {
		return err
	}
	rows := results[len(results)-1].Rows
	if len(rows) > mostBelow {
		return nil
	}
	for _, cells := range rows {
		var says []string
		for _, cell := range cells {
			says = append(says, string(cell))
		}
		t.mine = append(t.mine, says)
	}
	return nil
}

// mostBelow is how many tenants below one's own a statement names at most.
const mostBelow = 500

// ownMembership takes the session's own row where the table is that of memberships: a
// policy shows a member its own, and not those of others in its tenant.
func (t *probed) ownMembership() error {
	m, table := t.p.membership(t.level)
	if table != t.s.rel || table == nil || m.Setting == "" {
		return nil
	}
	user, err := t.p.memberOnly(m, table, t.own.tenant)
	if err != nil || user == nil {
		return err
	}
	own, err := t.p.fetch(t, equals(cols("t", m.Columns), t.own.tenant)+" AND "+equals(cols("t", m.User), user))
	if own != nil {
		t.own = own
	}
	return err
}

// pick finds a row of one tenant, and one of another. A tenant that has others below
// it is preferred: policies may find it through those, as the session of one does.
func (t *probed) pick() (err error) {
	if below := t.hasBelow(); below != "" {
		t.own, err = t.p.fetch(t, below)
	}
	if t.own == nil && err == nil {
		t.own, err = t.p.fetch(t, notNull(t.tenantOf))
	}
	if err != nil || t.own == nil {
		return err
	}
	// Of tenants with a key of several columns, one that differs in the last only: a
	// policy may compare the others and forget it.
	for i := len(t.tenantOf) - 1; i >= 0 && t.other == nil && err == nil; i-- {
		differs := fmt.Sprintf("%s <> %s", t.tenantOf[i], catalog.Literal(t.own.tenant[i]))
		if i == len(t.tenantOf)-1 && i > 0 {
			t.other, err = t.p.fetch(t, differs+" AND "+equals(t.tenantOf[:i], t.own.tenant[:i]))
		}
		if t.other == nil && err == nil {
			t.other, err = t.p.fetch(t, differs)
		}
	}
	return err
}

// equals compares expressions with values.
func equals(exprs, values []string) string {
	literals := make([]string, len(exprs))
	for i := range exprs {
		literals[i] = catalog.Literal(values[i])
	}
	return equal(exprs, literals)
}

// differ is the negation of equals, for which NULL is a value.
func differ(exprs, values []string) string {
	var parts []string
	for i := range exprs {
		parts = append(parts, fmt.Sprintf("%s IS DISTINCT FROM %s", exprs[i], catalog.Literal(values[i])))
	}
	return "(" + strings.Join(parts, " OR ") + ")"
}

// hasBelow is the condition for rows of tenants that have tenants below them; ""
// where that level has none.
func (t *probed) hasBelow() string {
	for _, below := range t.p.a.model.Tenants {
		if table := t.p.a.cat.Table(below.Table); below.Parent == t.level && table != nil && len(below.ParentColumns) == len(t.tenantOf) {
			return fmt.Sprintf("EXISTS (SELECT FROM %s below WHERE %s)", table.Ident(), equal(cols("below", below.ParentColumns), t.tenantOf))
		}
	}
	return ""
}

func (t *probed) may(command string) bool { return privilege(t.role, t.s.rel, command) != "" }

// mayAll reports whether the role holds a privilege on all of the columns.
func (t *probed) mayAll(command string, columns []string) bool {
	return !slices.ContainsFunc(columns, func(c string) bool { return !mayColumn(t.role, t.s.rel, command, c) })
}

// foreign is the condition for rows of any other tenant; "" where a row has no column
// that says so.
func (t *probed) foreign(alias string) string {
	if len(t.mine) == 0 {
		return ""
	}
	var differs []string
	for _, says := range t.mine {
		differs = append(differs, differ(cols(alias, t.columns), says))
	}
	condition := strings.Join(differs, " AND ")
	if user := t.p.user; len(user) == 1 {
		for _, name := range t.p.a.userColumns(t.s) { // the session's user is told of itself
			condition += fmt.Sprintf(" AND %s::text IS DISTINCT FROM %s", col(alias, name), catalog.Literal(user[0]))
		}
	}
	return condition
}

// foreignToRead is the condition for rows of any other tenant that no session may read: not
// for those of no tenant, where the Model has such. "" as of foreign.
func (t *probed) foreignToRead(alias string) string {
	condition := t.foreign(alias)
	if condition != "" && t.common() {
		condition += " AND " + notNull(cols(alias, t.columns))
	}
	return condition
}

// common reports whether the table may have rows of no tenant, which every tenant may read.
func (t *probed) common() bool {
	sc, ok := t.s.at(t.level)
	return ok && sc.Optional
}

// is the condition for one row.
func (t *probed) is(alias string, r *row) string {
	var parts []string
	for i, k := range t.key {
		parts = append(parts, fmt.Sprintf("%s = %s", col(alias, k), catalog.Literal(r.key[i])))
	}
	if len(parts) == 0 {
		return "false"
	}
	return strings.Join(parts, " AND ")
}

func (t *probed) find(rule, object, message, sql string, got outcome, fix string) {
	t.findAs(report.Finding{}, rule, object, message, sql, got, fix)
}

// who an attempt is made as, in words.
func (t *probed) who() string {
	if t.own == nil || t.anonymous {
		return "as " + t.role.Name
	}
	return fmt.Sprintf("as %s of %s %s", t.role.Name, t.level, t.own.whose())
}

// findAs is find, where the finding has more to it.
func (t *probed) findAs(f report.Finding, rule, object, message, sql string, got outcome, fix string) {
	f.Rule, f.Object, f.Role, f.Fix = rule, object, t.role.Name, fix
	f.Message, f.Evidence = t.who()+", "+message, []string{sql, "→ " + got.String()}
	if rule == "probe-control" {
		f.Cause = t.outOfReach(got)
	}
	t.p.a.find(f)
}

const fixPolicy = "see the policies of the table: each must compare the row's tenant with the session's, in USING and in WITH CHECK"
