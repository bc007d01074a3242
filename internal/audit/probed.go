package audit

import (
	"fmt"
	"slices"
	"strings"

	"github.com/qarion/seedbed/internal/catalog"
)

// probed is a table that one role tries its hand at: with a row of its own tenant
// and one of another's.
type probed struct {
	p        *prober
	s        *subject
	role     *catalog.Role
	level    string
	columns  []string // of the table, that carry the tenant; nil where it leads through another row
	tenantOf []string
	key      []string
	own      *row
	other    *row
	me       identity
}

// probe tries one table as one role.
func (p *prober) probe(s *subject, role *catalog.Role) error {
	granted := false
	for _, command := range []string{"SELECT", "INSERT", "UPDATE", "DELETE"} {
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
		(*probed).foreignKeys, (*probed).uniques, (*probed).views} {
		if err := attempt(t); err != nil {
			return err
		}
	}
	return nil
}

func (p *prober) prepare(s *subject, role *catalog.Role) (*probed, error) {
	t := &probed{p: p, s: s, role: role, level: s.innermost()}
	if len(s.scopes) > 0 {
		t.columns = s.scopes[0].Columns
	}
	t.tenantOf = p.a.tenantOf(s.rel, "t", t.level)
	if len(t.tenantOf) != 1 {
		p.a.unchecked("probes of %s: its tenant has a key of several columns", s.name)
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
			p.a.unchecked("probes of %s: it has no rows of two tenants, and none could be made: %s", s.name, firstLine(err))
			return nil, nil
		}
		if err := t.pick(); err != nil {
			return nil, err
		}
	}
	if t.own == nil || t.other == nil {
		p.a.unchecked("probes of %s: it has no rows of two tenants", s.name)
		return nil, nil
	}
	var err error
	t.me.role = role
	t.me.settings, err = p.settings(t.level, t.own.tenant)
	return t, err
}

// pick finds a row of one tenant, and one of another. A tenant that has others below
// it is preferred: policies may find it through those, as the session of one does.
func (t *probed) pick() (err error) {
	if below := t.hasBelow(); below != "" {
		t.own, err = t.p.fetch(t, below)
	}
	if t.own == nil && err == nil {
		t.own, err = t.p.fetch(t, t.tenantOf[0]+" IS NOT NULL")
	}
	if err != nil || t.own == nil {
		return err
	}
	t.other, err = t.p.fetch(t, fmt.Sprintf("%s <> %s", t.tenantOf[0], catalog.Literal(t.own.tenant[0])))
	return err
}

// hasBelow is the condition for rows of tenants that have tenants below them; ""
// where that level has none.
func (t *probed) hasBelow() string {
	for _, below := range t.p.a.model.Tenants {
		if table := t.p.a.cat.Table(below.Table); below.Parent == t.level && table != nil && len(below.ParentColumns) == 1 {
			return fmt.Sprintf("EXISTS (SELECT FROM %s below WHERE %s = %s)", table.Ident(), col("below", below.ParentColumns[0]), t.tenantOf[0])
		}
	}
	return ""
}

func (t *probed) may(command string) bool { return privilege(t.role, t.s.rel, command) != "" }

// foreign is the condition for rows of anybody else; "" where a row has no column
// that says so.
func (t *probed) foreign(alias string) string {
	if len(t.columns) != 1 {
		return ""
	}
	return fmt.Sprintf("%s IS DISTINCT FROM %s", col(alias, t.columns[0]), catalog.Literal(t.own.tenant[0]))
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
	t.p.a.find(Finding{Rule: rule, Object: object,
		Message:  fmt.Sprintf("as %s of %s %s, %s", t.role.Name, t.level, t.own.tenant[0], message),
		Evidence: []string{sql, "→ " + got.String()}, Fix: fix})
}

const fixPolicy = "see the policies of the table: each must compare the row's tenant with the session's, in USING and in WITH CHECK"

// reads: nobody else's rows, and its own.
func (t *probed) reads() error {
	if !t.may("SELECT") {
		return nil
	}
	if foreign := t.foreign("t"); foreign != "" {
		sql := fmt.Sprintf("SELECT count(*) FROM %s t WHERE %s", t.s.rel.Ident(), foreign)
		got, err := t.p.try(t.me, sql)
		if err != nil {
			return err
		}
		if !got.failed() && got.value != "0" {
			t.find("probe-read", t.s.name, got.value+" rows of others can be read", sql, got, fixPolicy)
		}
	}
	return t.control("SELECT", fmt.Sprintf("SELECT FROM %s t WHERE %s", t.s.rel.Ident(), t.is("t", t.own)))
}

// control does to a row of one's own what must work.
func (t *probed) control(command, sql string) error {
	if len(t.key) == 0 {
		return nil
	}
	got, err := t.p.try(t.me, sql)
	if err != nil {
		return err
	}
	if got.denied() || !got.failed() && got.rows == 0 {
		t.find("probe-control", t.s.name, "its own row is out of reach for "+command, sql, got,
			"check the setting that the policies read, and that a policy covers "+command+" for this role")
	}
	return nil
}

// copies: COPY TO sees what SELECT sees.
func (t *probed) copies() error {
	if !t.may("SELECT") || t.foreign("t") == "" {
		return nil
	}
	sql := fmt.Sprintf("COPY (SELECT 1 FROM %s t WHERE %s) TO STDOUT", t.s.rel.Ident(), t.foreign("t"))
	got, err := t.p.try(t.me, sql)
	if err != nil {
		return err
	}
	if !got.failed() && got.rows > 0 {
		t.find("probe-read", t.s.name, "rows of others leave by COPY", sql, got, fixPolicy)
	}
	return nil
}

// unset: without a tenant there are no rows, and no error. Garbage may fail.
func (t *probed) unset() error {
	if !t.may("SELECT") {
		return nil
	}
	sql := fmt.Sprintf("SELECT count(*) FROM %s t", t.s.rel.Ident())
	for _, c := range []struct{ name, value string }{{"unset", ""}, {"empty", ""}, {"garbage", "no-such-tenant"}} {
		who := identity{role: t.role}
		if c.name != "unset" {
			who.settings = map[string]string{}
			for name := range t.me.settings {
				who.settings[name] = c.value
			}
		}
		got, err := t.p.try(who, sql)
		if err != nil {
			return err
		}
		leaks := !got.failed() && got.value != "0"
		if leaks || got.failed() && !got.denied() && c.name == "empty" {
			what := "every row in sight is open"
			if !leaks {
				what = "the query fails"
			}
			t.find("probe-setting", t.s.name, fmt.Sprintf("with the setting %s, %s", c.name, what), sql, got,
				"compare with nullif(current_setting('…', true), '')::…, which is NULL then, and equals nothing")
		}
	}
	return nil
}

// partitions can be named directly, past the parent's policies.
func (t *probed) partitions() error {
	for _, leaf := range t.p.a.withPartitions(t.s.rel)[1:] {
		if t.foreign("t") == "" {
			return nil
		}
		sql := fmt.Sprintf("SELECT count(*) FROM %s t WHERE %s", leaf.Ident(), t.foreign("t"))
		got, err := t.p.try(t.me, sql)
		if err != nil {
			return err
		}
		if !got.failed() && got.value != "0" {
			t.find("probe-read", t.p.a.name(leaf), "rows of others can be read from the partition", sql, got,
				fmt.Sprintf("REVOKE ALL ON %s FROM %s, or give it policies of its own", leaf.Ident(), t.role.Name))
		}
	}
	return nil
}

// writable are the columns that an INSERT may name.
func (t *probed) writable() []string {
	var out []string
	for _, c := range t.s.rel.Columns {
		if c.Generated == "" {
			out = append(out, c.Name)
		}
	}
	return out
}

// insert writes a copy of a row, with some columns as in another one.
func (t *probed) insert(r *row, suffix string) string {
	names := t.writable()
	var from []string
	for _, n := range names {
		from = append(from, "(r)."+catalog.Ident(n))
	}
	return fmt.Sprintf("INSERT INTO %s (%s) OVERRIDING SYSTEM VALUE SELECT %s FROM (SELECT %s::%s AS r) x%s",
		t.s.rel.Ident(), catalog.Idents(names), strings.Join(from, ", "), catalog.Literal(r.text), t.s.rel.Ident(), suffix)
}

func (t *probed) inserts() error {
	if !t.may("INSERT") {
		return nil
	}
	for _, suffix := range []string{"", " ON CONFLICT DO NOTHING", " RETURNING 1"} {
		sql := t.insert(t.other, suffix)
		got, err := t.p.try(t.me, sql)
		if err != nil {
			return err
		}
		if got.passed() || suffix == " ON CONFLICT DO NOTHING" && !got.failed() {
			t.find("probe-write", t.s.name, "a row of another tenant can be inserted"+strings.ToLower(strings.TrimSuffix(suffix, " 1")), sql, got, fixPolicy)
			break
		}
	}
	sql := t.insert(t.own, "")
	got, err := t.p.try(t.me, sql)
	if err == nil && got.denied() {
		t.find("probe-control", t.s.name, "a row of its own cannot be inserted", sql, got, "see the INSERT policies of the table, and the privileges on its columns")
	}
	return err
}

// harmless is a column that UPDATE can set to itself.
func (t *probed) harmless() string {
	for _, c := range slices.Backward(t.s.rel.Columns) {
		if c.Generated == "" && c.Identity != "a" && !contains(t.key, c.Name) && !contains(t.columns, c.Name) {
			return c.Name
		}
	}
	return ""
}

func (t *probed) updates() error {
	name := t.harmless()
	if !t.may("UPDATE") {
		return nil
	}
	if name != "" {
		set := fmt.Sprintf("UPDATE %s t SET %s = t.%s WHERE ", t.s.rel.Ident(), catalog.Ident(name), catalog.Ident(name))
		if err := t.nothing("rows of others can be updated", set+t.foreignOrOther()+" RETURNING 1"); err != nil {
			return err
		}
		if err := t.control("UPDATE", set+t.is("t", t.own)); err != nil {
			return err
		}
	}
	if len(t.columns) != 1 || len(t.key) == 0 || t.s.tenant != "" {
		return nil
	}
	move := func(r, to *row) string {
		return fmt.Sprintf("UPDATE %s t SET %s = %s WHERE %s", t.s.rel.Ident(), catalog.Ident(t.columns[0]), catalog.Literal(to.tenant[0]), t.is("t", r))
	}
	if err := t.nothing("a row can be moved out, into another tenant", move(t.own, t.other)); err != nil {
		return err
	}
	return t.nothing("a row of another tenant can be moved in", move(t.other, t.own))
}

// foreignOrOther is everybody else's rows where that can be said, else one.
func (t *probed) foreignOrOther() string {
	if foreign := t.foreign("t"); foreign != "" {
		return foreign
	}
	return t.is("t", t.other)
}

// nothing runs what must reach no row, or be denied.
func (t *probed) nothing(message, sql string) error {
	got, err := t.p.try(t.me, sql)
	if err == nil && got.passed() {
		t.find("probe-write", t.s.name, message, sql, got, fixPolicy)
	}
	return err
}

func (t *probed) merges() error {
	name := t.harmless()
	if !t.may("SELECT") || len(t.key) == 0 || name == "" {
		return nil
	}
	merge := fmt.Sprintf("MERGE INTO %s t USING (SELECT 1) s ON %s WHEN MATCHED THEN ", t.s.rel.Ident(), t.is("t", t.other))
	if t.may("UPDATE") {
		if err := t.nothing("a row of another tenant can be changed by MERGE", merge+fmt.Sprintf("UPDATE SET %s = t.%s", catalog.Ident(name), catalog.Ident(name))); err != nil {
			return err
		}
	}
	if t.may("DELETE") {
		return t.nothing("a row of another tenant can be deleted by MERGE", merge+"DELETE")
	}
	return nil
}

func (t *probed) deletes() error {
	if !t.may("DELETE") {
		return nil
	}
	if err := t.nothing("rows of others can be deleted", fmt.Sprintf("DELETE FROM %s t WHERE %s RETURNING 1", t.s.rel.Ident(), t.foreignOrOther())); err != nil {
		return err
	}
	return t.control("DELETE", fmt.Sprintf("DELETE FROM %s t WHERE %s", t.s.rel.Ident(), t.is("t", t.own)))
}

func (t *probed) truncates() error {
	sql := "TRUNCATE " + t.s.rel.Ident()
	got, err := t.p.try(t.me, sql)
	if err == nil && !got.denied() && got.code != "55P03" {
		t.find("probe-write", t.s.name, "the table can be truncated", sql, got, fmt.Sprintf("REVOKE TRUNCATE ON %s FROM %s", t.s.rel.Ident(), t.role.Name))
	}
	return err
}

// views show what their reader may see.
func (t *probed) views() error {
	if t.foreign("v") == "" || t.s.tenant != "" {
		return nil
	}
	for _, v := range t.p.a.cat.Relations {
		if !v.IsView() || privilege(t.role, v, "SELECT") == "" || v.Column(t.columns[0]) == nil || !slices.Contains(v.ReadsDeep(), t.s.rel) {
			continue
		}
		sql := fmt.Sprintf("SELECT count(*) FROM %s v WHERE %s", v.Ident(), t.foreign("v"))
		got, err := t.p.try(t.me, sql)
		if err != nil {
			return err
		}
		if !got.failed() && got.value != "0" {
			t.find("probe-read", t.p.a.name(v), "rows of others show in the view", sql, got, fmt.Sprintf("ALTER VIEW %s SET (security_invoker = true)", v.Ident()))
		}
	}
	return nil
}
