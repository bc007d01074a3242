package audit

import (
	"fmt"
	"slices"
	"strings"

	"github.com/qarion/seedbed/internal/catalog"
)

// views show what their reader may see, and write what it may write: whatever the rights
// of the reader on the tables behind them.
func (t *probed) views() error {
	if t.foreign("v") == "" || t.s.tenant == t.level {
		return nil
	}
	for _, v := range t.p.a.cat.Relations {
		if !v.IsView() || slices.ContainsFunc(t.columns, func(c string) bool { return v.Column(c) == nil }) || !slices.Contains(v.ReadsDeep(), t.s.rel) {
			continue
		}
		for _, attempt := range []func(*catalog.Relation) error{t.readsView, t.writesView} {
			if err := attempt(v); err != nil {
				return err
			}
		}
	}
	return nil
}

func (t *probed) readsView(v *catalog.Relation) error {
	if privilege(t.role, v, "SELECT") == "" {
		return nil
	}
	fix := fmt.Sprintf("ALTER VIEW %s SET (security_invoker = true)", v.Ident())
	sql := fmt.Sprintf("SELECT count(*) FROM %s v WHERE %s", v.Ident(), t.foreignToRead("v"))
	got, err := t.p.try(t.me, sql)
	if err != nil {
		return err
	}
	if !got.failed() && got.value != "0" {
		t.find("probe-read", t.p.a.name(v), "rows of other tenants show in the view", sql, got, fix)
		return nil
	}
	sql = fmt.Sprintf("SELECT count(*) FROM %s v", v.Ident())
	if t.common() {
		sql += " WHERE " + notNull(cols("v", t.columns))
	}
	got, err = t.p.try(identity{role: t.role}, sql)
	if err == nil && !got.failed() && got.value != "0" {
		t.find("probe-setting", t.p.a.name(v), "with the setting unset, every row in sight of the view is open", sql, got, fix)
	}
	return err
}

// writesView tries what an updatable view, or a rule or trigger on it, lets through.
func (t *probed) writesView(v *catalog.Relation) error {
	if v.Kind == catalog.MaterializedView {
		return nil
	}
	may := func(command string) bool { return privilege(t.role, v, command) != "" }
	nothing := func(message, sql string) error {
		got, err := t.p.try(t.me, sql)
		if err == nil && got.passed() {
			t.find("probe-write", t.p.a.name(v), message, sql, got, fmt.Sprintf("ALTER VIEW %s SET (security_invoker = true, check_option = cascaded), or REVOKE the command from %s", v.Ident(), t.role.Name))
		}
		return err
	}
	if may("INSERT") {
		var names, values []string
		for _, n := range t.writable() {
			if c := v.Column(n); c != nil {
				names, values = append(names, n), append(values, "(r)."+catalog.Ident(n))
			}
		}
		if err := nothing("a row of another tenant can be inserted through the view", fmt.Sprintf("INSERT INTO %s (%s) SELECT %s FROM (SELECT %s::%s AS r) x",
			v.Ident(), catalog.Idents(names), strings.Join(values, ", "), catalog.Literal(t.other.text), t.s.rel.Ident())); err != nil {
			return err
		}
	}
	if name := t.harmless(); may("UPDATE") && may("SELECT") && name != "" && v.Column(name) != nil {
		if err := nothing("rows of other tenants can be updated through the view", fmt.Sprintf("UPDATE %s v SET %s = v.%s WHERE %s", v.Ident(), catalog.Ident(name), catalog.Ident(name), t.foreign("v"))); err != nil {
			return err
		}
	}
	if may("DELETE") && may("SELECT") {
		return nothing("rows of other tenants can be deleted through the view", fmt.Sprintf("DELETE FROM %s v WHERE %s", v.Ident(), t.foreign("v")))
	}
	return nil
}
