package audit

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/report"
)

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
	names := slices.DeleteFunc(t.writable(), func(c string) bool { return !mayColumn(t.role, t.s.rel, "INSERT", c) })
	var from []string
	for _, n := range names {
		from = append(from, "(r)."+catalog.Ident(n))
	}
	return fmt.Sprintf("INSERT INTO %s (%s) OVERRIDING SYSTEM VALUE SELECT %s FROM (SELECT %s::%s AS r) x%s",
		t.s.rel.Ident(), catalog.Idents(names), strings.Join(from, ", "), catalog.Literal(r.text), t.s.rel.Ident(), suffix)
}

func (t *probed) inserts() error {
	if !t.may("INSERT") || t.s.tenant != "" && len(t.p.a.model.Above(t.s.tenant)) == 0 && t.p.a.anyoneFounds(t.s, t.role) {
		return nil
	}
	for _, suffix := range []string{"", " ON CONFLICT DO NOTHING", " RETURNING 1"} {
		if !t.mayAll("INSERT", t.columns) {
			break // the row's tenant is what its DEFAULT says
		}
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
	if t.anonymous || !t.p.a.opensOwn(t.s, t.role, "INSERT") {
		return nil
	}
	sql := t.insert(t.own, "")
	got, err := t.p.try(t.me, sql)
	if err == nil && got.denied() && t.asksBeyond("INSERT") {
		t.p.lack(beyondMembership, "the session has none", t.s.name, "policies ask for more than that to INSERT")
		return nil
	}
	if err == nil && got.denied() && !t.lacks() {
		t.findAs(report.Finding{Commands: []string{"INSERT"}}, "probe-control", t.s.name, "a row of its own cannot be inserted", sql, got, "see the INSERT policies of the table, and the privileges on its columns")
	}
	return err
}

// harmless is a column that UPDATE can set to itself: one that the role may write, where there is one.
func (t *probed) harmless() (name string) {
	for _, c := range slices.Backward(t.s.rel.Columns) {
		if c.Generated == "" && c.Identity != "a" && !contains(t.key, c.Name) && !contains(t.columns, c.Name) {
			if mayColumn(t.role, t.s.rel, "UPDATE", c.Name) {
				return c.Name
			}
			name = cmp.Or(name, c.Name)
		}
	}
	return name
}

func (t *probed) updates() error {
	name := t.harmless()
	if !t.may("UPDATE") {
		return nil
	}
	if name != "" {
		set := fmt.Sprintf("UPDATE %s t SET %s = t.%s WHERE ", t.s.rel.Ident(), catalog.Ident(name), catalog.Ident(name))
		if err := t.nothing("rows of other tenants can be updated", set+t.foreignOrOther()+" RETURNING 1"); err != nil {
			return err
		}
		if !mayColumn(t.role, t.s.rel, "SELECT", name) { // a value that it may read is wanted for that
			set = strings.Replace(set, "= t."+catalog.Ident(name), "= DEFAULT", 1)
		}
		if err := t.control("UPDATE", set+t.is("t", t.own)); err != nil {
			return err
		}
	}
	if t.foreign("t") == "" || len(t.key) == 0 || t.s.tenant == t.level {
		return nil
	}
	if err := t.moved("a row can be moved out, into another tenant", t.move(t.other)+" WHERE "+t.is("t", t.own), t.own, t.other); err != nil {
		return err
	}
	return t.moved("a row of another tenant can be moved in", t.move(t.own)+" WHERE "+t.is("t", t.other), t.other, t.own)
}

// moved runs what must not give a row to another tenant. A trigger may have put it right.
func (t *probed) moved(message, sql string, r, to *row) error {
	got, err := t.p.try(t.me, sql)
	if err != nil || !got.passed() {
		return err
	}
	if !got.failed() && len(t.key) > 0 {
		now, err := t.p.try(t.me, sql+"; "+t.p.back+fmt.Sprintf("SELECT count(*) FROM %s t WHERE %s AND %s", t.s.rel.Ident(), t.is("t", r), equals(cols("t", t.columns), to.says)))
		if err != nil || !now.failed() && now.value == "0" {
			return err
		}
	}
	t.find("probe-write", t.s.name, message, sql, got, fixPolicy)
	return nil
}

// move gives rows to the tenant of another one.
func (t *probed) move(to *row) string {
	var set []string
	for i, c := range t.columns {
		set = append(set, fmt.Sprintf("%s = %s", catalog.Ident(c), catalog.Literal(to.says[i])))
	}
	return fmt.Sprintf("UPDATE %s t SET %s", t.s.rel.Ident(), strings.Join(set, ", "))
}

// foreignOrOther is every other tenant's rows where that can be said, else one.
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
	if err := t.nothing("rows of other tenants can be deleted", fmt.Sprintf("DELETE FROM %s t WHERE %s RETURNING 1", t.s.rel.Ident(), t.foreignOrOther())); err != nil {
		return err
	}
	return t.control("DELETE", fmt.Sprintf("DELETE FROM %s t WHERE %s", t.s.rel.Ident(), t.is("t", t.own)))
}

func (t *probed) truncates() error {
	sql := "TRUNCATE " + t.s.rel.Ident()
	got, err := t.p.try(t.me, sql)
	if err == nil && !got.denied() && got.code != "55P03" {
		// It shows no tenant's rows to another.
		t.findAs(report.Finding{Severity: report.Risk}, "probe-write", t.s.name, "the table can be truncated", sql, got, fmt.Sprintf("REVOKE TRUNCATE ON %s FROM %s", t.s.rel.Ident(), t.role.Name))
	}
	return err
}

// few is how many rows a table may have for a statement without WHERE to be tried on it.
const few = 10_000

// writeNamingNoColumn writes without naming a column: where a statement reads none, the policies
// for SELECT do not come into it, and those for its command stand alone.
func (t *probed) writeNamingNoColumn() error {
	rows, _, err := t.p.value(fmt.Sprintf("SELECT count(*) FROM (SELECT FROM %s LIMIT %d) t", t.s.rel.Ident(), few+1))
	if err != nil || rows == fmt.Sprint(few+1) {
		return err
	}
	own, _, err := t.p.value(fmt.Sprintf("SELECT count(*) FROM %s t WHERE %s", t.s.rel.Ident(), equals(t.tenantOf, t.own.tenant)))
	if err != nil {
		return err
	}
	if name := t.harmless(); name != "" && t.may("UPDATE") {
		sql := fmt.Sprintf("UPDATE %s SET %s = (%s::%s).%s", t.s.rel.Ident(), catalog.Ident(name), catalog.Literal(t.own.text), t.s.rel.Ident(), catalog.Ident(name))
		if err := t.beyond(own, "rows of other tenants can be updated, by an UPDATE without WHERE", sql); err != nil {
			return err
		}
	}
	if t.may("DELETE") {
		if err := t.deletesOthers("DELETE FROM " + t.s.rel.Ident()); err != nil {
			return err
		}
	}
	if t.foreign("t") == "" || t.s.tenant == t.level || !t.may("UPDATE") {
		return nil
	}
	return t.moved("rows can be moved out, into another tenant, by an UPDATE without WHERE", t.move(t.other), t.own, t.other)
}

// beyond reports a statement that reaches more rows than one's own.
func (t *probed) beyond(own, message, sql string) error {
	mine, err := strconv.ParseInt(own, 10, 64)
	if err != nil {
		return err
	}
	got, err := t.p.try(t.me, sql)
	if err == nil && !got.failed() && got.rows > mine {
		t.find("probe-write", t.s.name, message, sql, got, fixPolicy)
	}
	return err
}

// deletesOthers reports a deletion after which rows of other tenants are gone.
func (t *probed) deletesOthers(sql string) error {
	others := t.foreign("t")
	if others == "" {
		others = "(" + equals(t.tenantOf, t.own.tenant) + ") IS NOT TRUE"
	}
	count := fmt.Sprintf("SELECT count(*) FROM %s t WHERE %s", t.s.rel.Ident(), others)
	before, _, err := t.p.value(count)
	if err != nil {
		return err
	}
	got, err := t.p.try(t.me, sql)
	if err != nil || got.failed() || got.rows == 0 {
		return err
	}
	after, err := t.p.try(t.me, sql+"; "+t.p.back+count)
	if err == nil && !after.failed() && after.value != before {
		t.find("probe-write", t.s.name, "rows of other tenants can be deleted, by a DELETE without WHERE", sql, got, fixPolicy)
	}
	return err
}
