package seedbed

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/qarion/seedbed/internal/catalog"
)

// carries checks that columns of r can hold the key of a tenant.
func (v *validation) carries(r *catalog.Relation, columns []string, t Tenant) {
	cols := v.columns(r, columns)
	if cols == nil || t.Table == "" {
		return
	}
	if len(columns) != len(t.Key) {
		v.fail(v.cat.Name(r), "%s carries %s by %d columns, whose key has %d: %s", v.cat.Name(r), t.Name, len(columns), len(t.Key), list(t.Key))
		return
	}
	tenants := v.cat.Table(t.Table)
	if tenants == nil {
		return // said where the level is declared
	}
	for i, c := range cols {
		key := tenants.Column(t.Key[i])
		if key == nil {
			continue
		}
		v.sameType(c, key)
	}
	v.leadsElsewhere(r, columns, tenants)
}

// leadsElsewhere records a foreign key on exactly these columns to another table
// that is no way to the tenants'.
func (v *validation) leadsElsewhere(r *catalog.Relation, columns []string, tenants *catalog.Relation) {
	for _, ref := range r.References() {
		if slices.Equal(ref.Columns, columns) && ref.To != tenants && !v.reaches(ref.To, ref.RefColumns, tenants, 0) {
			v.fail(v.cat.Name(r)+"."+columns[0], "%s%s references %s (constraint %s), not %s",
				v.cat.Name(r), list(columns), v.cat.Name(ref.To), ref.Name, v.cat.Name(tenants))
		}
	}
}

// reaches follows foreign keys on the same columns, a few steps at most.
func (v *validation) reaches(r *catalog.Relation, columns []string, tenants *catalog.Relation, depth int) bool {
	if r == tenants {
		return true
	}
	for _, ref := range r.References() {
		if depth < 8 && slices.Equal(ref.Columns, columns) && v.reaches(ref.To, ref.RefColumns, tenants, depth+1) {
			return true
		}
	}
	return false
}

func (v *validation) level(name string) (Tenant, bool) {
	t, ok := v.model.Tenant(name)
	if !ok {
		v.fail("", "tenant level %q is not declared%s", name, cmp.Or(catalog.Suggestion(name, v.levels()), fmt.Sprintf(": declare it, as Tenants: []seedbed.Tenant{{Name: %q, …}}", name)))
	}
	return t, ok
}

func (v *validation) scoped(s Scoped) {
	v.declaration = s.name()
	r := v.table(s.Table)
	t, declared := v.level(s.Tenant)
	if r == nil {
		return
	}
	if v.model.IsGlobal(s.Table) {
		v.fail(s.Table, "%s is declared scoped and global", s.Table)
	}
	switch {
	case len(s.Columns) > 0 && !s.Via.IsZero():
		v.fail(s.Table, "%s is declared scoped by columns and via a reference: say one", s.Table)
	case len(s.Columns) > 0 && declared:
		v.carries(r, s.Columns, t)
	case len(s.Columns) > 0:
		v.columns(r, s.Columns)
	case s.Via.IsZero():
		v.fail(s.Table, "%s is declared scoped by %s, but neither columns nor a way to a parent are named", s.Table, s.Tenant)
	default:
		v.via(r, s)
	}
}

func (v *validation) via(r *catalog.Relation, s Scoped) {
	cols := v.columns(r, s.Via.Columns)
	if s.Via.Table == "" {
		v.viaPair(s)
		return
	}
	ref := v.table(s.Via.Table)
	if ref == nil {
		return
	}
	keys := v.columns(ref, s.Via.Key)
	if cols == nil || keys == nil {
		return
	}
	if len(cols) != len(keys) {
		v.fail(s.Table, "%s refers to %s by %d columns, of which %d are named as its key", s.Table, s.Via.Table, len(cols), len(keys))
		return
	}
	for i := range cols {
		v.sameType(cols[i], keys[i])
	}
	if !v.leadsTo(s.Via.Table, s.Tenant, len(v.model.Scoped)) {
		v.fail(s.Table, "%s gets its %s from %s, which is not scoped by it", s.Table, s.Tenant, s.Via.Table)
	}
}

func (v *validation) viaPair(s Scoped) {
	for _, p := range v.model.Pairs(s.Table) {
		if slices.Equal(s.Via.Columns, []string{p.Type, p.ID}) {
			return
		}
	}
	v.fail(s.Table, "%s gets its %s through %s, which is no declared polymorphic pair", s.Table, s.Tenant, list(s.Via.Columns))
}

// leadsTo reports whether the way from a table ends at columns that carry the
// tenant, or at its own table; a circle of references does not.
func (v *validation) leadsTo(table, tenant string, steps int) bool {
	if t, ok := v.model.TenantTable(table); ok && t.Name == tenant {
		return true
	}
	for _, s := range v.model.Scopes(table) {
		switch {
		case s.Tenant != tenant:
		case s.Via.IsZero():
			return len(s.Columns) > 0
		case s.Via.Table == "":
			return true
		case steps > 0 && v.leadsTo(s.Via.Table, tenant, steps-1):
			return true
		}
	}
	return false
}

func (v *validation) aggregate(a Aggregate) {
	v.declaration = a.name()
	r := v.table(a.Table)
	inner, ok := v.level(a.Tenant)
	outer, okToo := v.level(a.Across)
	if r == nil || !ok || !okToo {
		return
	}
	v.carries(r, a.Columns, inner)
	v.carries(r, a.AcrossColumns, outer)
	if !slices.ContainsFunc(v.model.Above(a.Tenant), func(t Tenant) bool { return t.Name == a.Across }) {
		v.fail(a.Table, "%s is read across %s, which is not above %s", a.Table, a.Across, a.Tenant)
	}
	if v.model.IsGlobal(a.Table) {
		v.fail(a.Table, "%s is declared aggregate and global", a.Table)
	}
}

func (v *validation) global(table string) {
	v.declaration = globalName(table)
	v.table(table)
}
