package audit

import (
	"fmt"
	"strings"

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
	return a.tenantAt(r, alias, level, 0)
}

func (a *audit) tenantAt(r *catalog.Relation, alias, level string, depth int) []string {
	if depth > 6 {
		return nil
	}
	if t, ok := a.model.TenantTable(a.name(r.Root())); ok && t.Name == level {
		return cols(alias, t.Key)
	}
	if s, ok := a.scopeAt(r, level); ok {
		if len(s.Columns) > 0 {
			return cols(alias, s.Columns)
		}
		return a.tenantVia(r, alias, level, s.Via, depth)
	}
	for _, s := range a.scopes(r) {
		for _, above := range a.model.Above(s.Tenant) {
			if above.Name == level {
				return a.tenantAbove(r, alias, s.Tenant, level, depth)
			}
		}
	}
	return nil
}

// tenantVia goes through the row that another one references.
func (a *audit) tenantVia(r *catalog.Relation, alias, level string, via seedbed.Ref, depth int) []string {
	if via.Table == "" {
		return a.tenantViaPair(r, alias, level, via, depth)
	}
	parent := a.cat.Table(via.Table)
	if parent == nil {
		return nil
	}
	return a.through(parent, alias, level, via.Columns, via.Key, depth)
}

func (a *audit) through(parent *catalog.Relation, alias, level string, columns, key []string, depth int) []string {
	up := fmt.Sprintf("%s_%d", alias, depth+1)
	inner := a.tenantAt(parent, up, level, depth+1)
	var out []string
	for _, expr := range inner {
		out = append(out, fmt.Sprintf("(SELECT %s FROM %s %s WHERE %s LIMIT 1)", expr, parent.Ident(), up, equal(cols(up, key), cols(alias, columns))))
	}
	return out
}

func (a *audit) tenantViaPair(r *catalog.Relation, alias, level string, via seedbed.Ref, depth int) []string {
	for _, p := range a.model.Pairs(a.name(r.Root())) {
		if len(via.Columns) != 2 || p.Type != via.Columns[0] || p.ID != via.Columns[1] {
			continue
		}
		var whens []string
		for _, t := range p.Targets {
			target := a.cat.Table(t.Table)
			if target == nil {
				continue
			}
			up := fmt.Sprintf("%s_%d", alias, depth+1)
			inner := a.tenantAt(target, up, level, depth+1)
			if len(inner) != 1 {
				continue
			}
			id, key := comparable(r.Column(p.ID), target.Column(t.Key), col(alias, p.ID), col(up, t.Key))
			whens = append(whens, fmt.Sprintf("WHEN %s THEN (SELECT %s FROM %s %s WHERE %s = %s LIMIT 1)",
				catalog.Literal(t.Type), inner[0], target.Ident(), up, key, id))
		}
		if len(whens) > 0 {
			return []string{fmt.Sprintf("CASE %s::text %s END", col(alias, p.Type), strings.Join(whens, " "))}
		}
	}
	return nil
}

// tenantAbove goes from a level to one above it, through the tenants' table.
func (a *audit) tenantAbove(r *catalog.Relation, alias, level, above string, depth int) []string {
	t, ok := a.model.Tenant(level)
	tenants := a.cat.Table(t.Table)
	inner := a.tenantAt(r, alias, level, depth+1)
	if !ok || tenants == nil || tenants == r || len(inner) != len(t.Key) {
		return nil
	}
	up := fmt.Sprintf("%s_%d", alias, depth+1)
	var out []string
	for _, expr := range a.tenantAt(tenants, up, above, depth+1) {
		out = append(out, fmt.Sprintf("(SELECT %s FROM %s %s WHERE %s LIMIT 1)", expr, tenants.Ident(), up, equal(cols(up, t.Key), inner)))
	}
	return out
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
