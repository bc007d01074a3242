package audit

import (
	"fmt"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/sqltext"
)

// probeAcross: a role that reads across tenants sees all of its own, and no other's.
func (p *prober) probeAcross(s *subject, role *catalog.Role) error {
	if privilege(role, s.rel, "SELECT") == "" {
		return nil
	}
	level := p.outerLevel(s)
	exprs := p.a.tenantOf(s.rel, "t", level)
	if level == "" || len(exprs) == 0 {
		return nil
	}
	t := &probed{p: p, s: s, role: role, level: level, tenantOf: exprs}
	own, err := p.fetch(t, notNull(exprs))
	if err == nil && own == nil && p.fill(s.name) == nil {
		own, err = p.fetch(t, notNull(exprs))
	}
	if err != nil {
		return err
	}
	if own == nil {
		p.a.unchecked("probes of "+s.name, "as %s: it has no rows", role.Name)
		return nil
	}
	t.own = own
	t.me = identity{role, map[string]string{}}
	if err := p.settle(t.me.settings, level, own.tenant); err != nil {
		return err
	}
	return t.union(exprs)
}

// outerLevel is the level that a subject is read across by: an aggregate's, or else
// its own where that has levels below.
func (p *prober) outerLevel(s *subject) string {
	if s.agg != nil {
		return s.agg.Across
	}
	for _, sc := range append(append([]seedbed.Scoped{}, s.scopes...), s.via...) {
		if t, _ := p.a.model.Tenant(sc.Tenant); t.Setting != "" && !sqltext.IsRoleSetting(t.Setting) && p.a.hasLevelBelow(t.Setting) {
			return sc.Tenant
		}
	}
	return ""
}

func (t *probed) union(tenant []string) error {
	all, _, err := t.p.value(fmt.Sprintf("SELECT count(*) FROM %s t WHERE %s", t.s.rel.Ident(), equals(tenant, t.own.tenant)))
	if err != nil {
		return err
	}
	sql := fmt.Sprintf("SELECT count(*) FROM %s t", t.s.rel.Ident())
	got, err := t.p.try(t.me, sql)
	if err != nil {
		return err
	}
	if got.value != all {
		t.find("probe-across", t.s.name, fmt.Sprintf("%s rows are seen, of %s that belong to the %s", orNone(got.value), all, t.level), sql, got,
			"the role's policies must compare with the outer tenant, and with nothing else")
	}
	// With a tenant of the inner level in the session as well, which may be
	// any tenant's: it must not add anything.
	return t.withInner(all, sql)
}

func orNone(s string) string {
	if s == "" {
		return "no"
	}
	return s
}

func (t *probed) withInner(all, sql string) error {
	for _, inner := range t.p.a.model.Tenants {
		tenants := t.p.a.cat.Table(inner.Table)
		if inner.Parent != t.level || inner.Setting == "" || tenants == nil || len(inner.ParentColumns) != len(t.own.tenant) || len(inner.Key) != 1 {
			continue
		}
		foreign, found, err := t.p.value(fmt.Sprintf("SELECT %s::text FROM %s t WHERE %s", col("t", inner.Key[0]), tenants.Ident(),
			differ(cols("t", inner.ParentColumns), t.own.tenant)) + first(cols("t", inner.Key)))
		if err != nil || !found {
			return err
		}
		who := identity{t.role, map[string]string{inner.Setting: foreign}}
		for name, value := range t.me.settings {
			who.settings[name] = value
		}
		got, err := t.p.try(who, sql)
		if err != nil {
			return err
		}
		if !got.failed() && got.value != all {
			t.find("probe-across", t.s.name, fmt.Sprintf("%s rows are seen, of %s that belong to the %s, once %s names another tenant's %s", got.value, all, t.level, inner.Setting, inner.Name), sql, got,
				"a restrictive policy keeps the role to its outer tenant, whatever else applies")
		}
	}
	return nil
}
