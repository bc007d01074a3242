package audit

import (
	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/internal/catalog"
)

// scopes of a relation; a partition has its root's.
func (a *audit) scopes(r *catalog.Relation) []seedbed.Scoped {
	return a.model.Scopes(a.name(r.Root()))
}

// scopeAt is how a table is scoped at a level.
func (a *audit) scopeAt(r *catalog.Relation, level string) (seedbed.Scoped, bool) {
	for _, s := range a.scopes(r) {
		if s.Tenant == level {
			return s, true
		}
	}
	return seedbed.Scoped{}, false
}

// tenantOf are expressions for the tenant, at a level, of the row that an alias
// stands for: its columns, those of a row it leads to, or what is above them.
// Nil: the row has none.
func (a *audit) tenantOf(r *catalog.Relation, alias, level string) []string {
	t := a.graph.Of(r)
	if t == nil {
		return nil
	}
	return a.graph.TenantSQL(t, alias, level)
}

// shared are the levels that two tables both belong to. A row of the right space
// is of the right organization, so levels above another one are left out.
func (a *audit) shared(r, u *catalog.Relation) []string {
	var both, above []string
	for _, t := range a.model.Tenants {
		if a.tenantOf(r, "t", t.Name) == nil || a.tenantOf(u, "u", t.Name) == nil {
			continue
		}
		both = append(both, t.Name)
		for _, up := range a.model.Above(t.Name) {
			above = append(above, up.Name)
		}
	}
	return without(both, above)
}
