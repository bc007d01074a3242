package audit

import (
	"fmt"
	"slices"
)

// views show what their reader may see.
func (t *probed) views() error {
	if t.foreign("v") == "" || t.s.tenant != "" {
		return nil
	}
	for _, v := range t.p.a.cat.Relations {
		if !v.IsView() || privilege(t.role, v, "SELECT") == "" || slices.ContainsFunc(t.columns, func(c string) bool { return v.Column(c) == nil }) || !slices.Contains(v.ReadsDeep(), t.s.rel) {
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
