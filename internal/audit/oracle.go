package audit

import (
	"fmt"
	"strings"

	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/graph"
	"github.com/qarion/seedbed/internal/report"
)

// lookups: a row of another tenant and one that does not exist are the same thing.
func (t *probed) lookups() error {
	missing := t.missingRow()
	if missing == nil {
		return nil
	}
	statements := []string{"SELECT FROM %s t WHERE %s", "DELETE FROM %s t WHERE %s"}
	if name := t.harmless(); name != "" {
		statements = append(statements, "UPDATE %s t SET "+catalog.Ident(name)+" = t."+catalog.Ident(name)+" WHERE %s")
	}
	for _, sql := range statements {
		command, _, _ := strings.Cut(sql, " ")
		if !t.may(command) {
			continue
		}
		exists := fmt.Sprintf(sql, t.s.rel.Ident(), t.is("t", t.other))
		if err := t.same(t.s.name, command+" by key", exists, fmt.Sprintf(sql, t.s.rel.Ident(), t.is("t", missing)), fixPolicy); err != nil {
			return err
		}
	}
	return nil
}

// missingRow is the other tenant's row under a key that does not exist; nil where
// none can be made up.
func (t *probed) missingRow() *row {
	out := &row{}
	made := false
	for i, k := range t.key {
		v := t.other.key[i]
		if !contains(t.columns, k) || t.s.tenant == t.level {
			if fresh, ok := unused(t.s.rel.Column(k)); ok && !made {
				v, made = fresh, true
			}
		}
		out.key = append(out.key, v)
	}
	if !made {
		return nil
	}
	return out
}

// unused is a value that no row has, as good as certainly.
func unused(c *catalog.Column) (string, bool) {
	switch t := c.Type.Underlying(); {
	case t.Name == "uuid":
		return "5eedbed0-dead-4000-8000-5eedbed00000", true
	case t.Name == "int8":
		return "9223372036854775801", true
	case t.Name == "int4":
		return "2147483601", true
	case t.Name == "int2":
		return "32701", true
	case t.Name == "text" || t.Name == "varchar" && (c.Length == 0 || c.Length > 20):
		return "seedbed-no-such-row", true
	}
	return "", false
}

// same runs two statements that must not differ in anything a caller sees.
func (t *probed) same(object, what, exists, missing, fix string) error {
	a, err := t.p.try(t.me, exists)
	if err != nil {
		return err
	}
	b, err := t.p.try(t.me, missing)
	if err != nil {
		return err
	}
	if a.code != b.code || a.message != b.message || a.rows != b.rows {
		t.p.a.find(report.Finding{Rule: "probe-oracle", Object: object, Role: t.role.Name,
			Message:  fmt.Sprintf("%s, %s tells what another tenant has", t.who(), what),
			Evidence: []string{"exists elsewhere: " + exists, "→ " + a.String(), "exists nowhere: " + missing, "→ " + b.String()}, Fix: fix})
	}
	return nil
}

// foreignKeys points a row of one's own at another tenant's, and at nothing.
func (t *probed) foreignKeys() error {
	if !t.may("UPDATE") || len(t.key) == 0 {
		return nil
	}
	for _, fk := range t.s.node.BetweenTenants() {
		if err := t.foreignKey(fk, t.p.a.subject(fk.Ref)); err != nil {
			return err
		}
	}
	return nil
}

func (t *probed) foreignKey(fk *graph.ForeignKey, target *subject) error {
	theirs := t.p.a.tenantOf(target.rel, "u", t.level)
	ours := t.p.a.tenantOf(target.rel, "mine", t.level)
	var own, refs, same []string
	for i, name := range fk.Columns {
		if !contains(t.columns, name) {
			own, refs = append(own, name), append(refs, col("u", fk.RefColumns[i])+"::text")
			same = append(same, col("mine", fk.RefColumns[i])+" = "+col("u", fk.RefColumns[i]))
		}
	}
	if len(theirs) != len(t.other.tenant) || len(ours) != len(t.own.tenant) || len(own) == 0 {
		return nil
	}
	// What one's own tenant has too, as a person who is a member of both, tells
	// nothing of the other.
	values, err := t.p.values(fmt.Sprintf(`SELECT %s FROM %s u WHERE %s
		AND NOT EXISTS (SELECT FROM %s mine WHERE %s AND %s)`, strings.Join(refs, ", "),
		target.rel.Ident(), equals(theirs, t.other.tenant), target.rel.Ident(), equals(ours, t.own.tenant), strings.Join(same, " AND ")) + first(refs))
	if err != nil || values == nil {
		return err
	}
	// The two differ in one column only: the last that has a value that no row has.
	missing, made := append([]string{}, values...), false
	for i := len(own) - 1; i >= 0 && !made; i-- {
		if fresh, ok := unused(t.s.rel.Column(own[i])); ok {
			missing[i], made = fresh, true
		}
	}
	set, ok := t.assign(own, values)
	setMissing, _ := t.assign(own, missing)
	if !ok || !made {
		return nil
	}
	update := func(set string) string {
		return fmt.Sprintf("SET CONSTRAINTS ALL IMMEDIATE; UPDATE %s t SET %s WHERE %s", t.s.rel.Ident(), set, t.is("t", t.own))
	}
	return t.same(t.s.name+"."+fk.Name, "foreign key "+fk.Name, update(set), update(setMissing), "let the foreign key carry the tenant's columns on both sides")
}

// assign is what UPDATE sets for the columns of a key to have some values; for a
// shadow, the pair that it follows from.
func (t *probed) assign(columns, values []string) (string, bool) {
	var set []string
	for i, name := range columns {
		if t.s.rel.Column(name).Generated != "" {
			target := t.s.node.ShadowOf(name)
			if target == nil {
				return "", false
			}
			set = append(set, fmt.Sprintf("%s = %s", catalog.Ident(target.Pair.Type), catalog.Literal(target.Type)))
			name = target.Pair.ID
		}
		set = append(set, fmt.Sprintf("%s = %s", catalog.Ident(name), catalog.Literal(values[i])))
	}
	return strings.Join(set, ", "), true
}

// uniques gives a row of one's own the value that another tenant's row has. Random values
// cannot be guessed, so those need no tenant.
func (t *probed) uniques() error {
	if !t.may("UPDATE") || len(t.key) == 0 || t.s.tenant == t.level {
		return nil
	}
	for _, ix := range t.s.rel.Indexes {
		columns := ix.Columns()
		if !ix.Unique || len(columns) < len(ix.Keys) || includes(columns, t.columns) || t.p.a.tellsNothing(t.s, ix, columns) {
			continue
		}
		var from []string
		for _, c := range columns {
			if t.s.rel.Column(c).Generated != "" {
				from = nil
				break
			}
			from = append(from, fmt.Sprintf("%s = (%s::%s).%s", catalog.Ident(c), catalog.Literal(t.other.text), t.s.rel.Ident(), catalog.Ident(c)))
		}
		if len(from) == 0 {
			continue
		}
		sql := fmt.Sprintf("UPDATE %s t SET %s WHERE %s", t.s.rel.Ident(), strings.Join(from, ", "), t.is("t", t.own))
		got, err := t.p.try(t.me, sql)
		if err != nil {
			return err
		}
		if got.code == "23505" {
			t.find("probe-oracle", t.s.name+"."+ix.Name, "a duplicate-key error tells that another tenant has the value", sql, got, fixUnique)
		}
	}
	return nil
}
