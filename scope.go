package seedbed

import "strings"

// Tenant returns the level of that name.
func (m Model) Tenant(name string) (Tenant, bool) {
	for _, t := range m.Tenants {
		if t.Name == name {
			return t, true
		}
	}
	return Tenant{}, false
}

// TenantTable returns the level that a table has a row for each tenant of.
func (m Model) TenantTable(table string) (Tenant, bool) {
	for _, t := range m.Tenants {
		if t.Table != "" && sameTable(t.Table, table) {
			return t, true
		}
	}
	return Tenant{}, false
}

// Scopes says how the rows of a table belong to tenants, innermost level first:
// as declared in Scoped, both levels of an Aggregate, and the parent of a tenant.
// None: the table is global, or not declared.
func (m Model) Scopes(table string) []Scoped {
	var out []Scoped
	for _, s := range m.Scoped {
		if sameTable(s.Table, table) {
			out = append(out, s)
		}
	}
	for _, a := range m.Aggregates {
		if sameTable(a.Table, table) {
			out = append(out,
				Scoped{Table: a.Table, Tenant: a.Tenant, Columns: a.Columns},
				Scoped{Table: a.Table, Tenant: a.Across, Columns: a.AcrossColumns})
		}
	}
	if t, ok := m.TenantTable(table); ok && t.Parent != "" {
		out = append(out, Scoped{Table: t.Table, Tenant: t.Parent, Columns: t.ParentColumns})
	}
	// An insertion sort, which keeps the order of levels that are unrelated.
	for i := range out {
		for j := i; j > 0 && m.depth(out[j].Tenant) > m.depth(out[j-1].Tenant); j-- {
			out[j], out[j-1] = out[j-1], out[j]
		}
	}
	return out
}

// Above lists the levels above the one of that name, nearest first.
func (m Model) Above(name string) []Tenant {
	var out []Tenant
	t, ok := m.Tenant(name)
	for ok && t.Parent != "" && len(out) < len(m.Tenants) {
		if t, ok = m.Tenant(t.Parent); ok {
			out = append(out, t)
		}
	}
	return out
}

func (m Model) depth(name string) int { return len(m.Above(name)) }

// Aggregate returns the declaration of a table that is one.
func (m Model) Aggregate(table string) (Aggregate, bool) {
	for _, a := range m.Aggregates {
		if sameTable(a.Table, table) {
			return a, true
		}
	}
	return Aggregate{}, false
}

// Membership returns the rows that let users see tenants of that level.
func (m Model) Membership(tenant string) (Membership, bool) {
	for _, s := range m.Memberships {
		if s.Tenant == tenant {
			return s, true
		}
	}
	return Membership{}, false
}

// Pairs are the polymorphic pairs of a table.
func (m Model) Pairs(table string) []Polymorphic {
	var out []Polymorphic
	for _, p := range m.Polymorphic {
		if sameTable(p.Table, table) {
			out = append(out, p)
		}
	}
	return out
}

// Inherits returns how the rows of a base table come in subtypes.
func (m Model) Inherits(table string) (Inheritance, bool) {
	for _, i := range m.Inheritance {
		if sameTable(i.Table, table) {
			return i, true
		}
	}
	return Inheritance{}, false
}

// IsGlobal reports whether the table is declared to belong to no tenant.
func (m Model) IsGlobal(table string) bool {
	for _, g := range m.Global {
		if sameTable(g, table) {
			return true
		}
	}
	return false
}

// Target returns the target that a type stands for.
func (p Polymorphic) Target(typ string) (Target, bool) {
	for _, t := range p.Targets {
		if t.Type == typ {
			return t, true
		}
	}
	return Target{}, false
}

// IsZero reports whether r is no reference.
func (r Ref) IsZero() bool { return len(r.Columns) == 0 }

// sameTable compares names, of which public is the schema one may leave out.
func sameTable(a, b string) bool {
	return strings.TrimPrefix(a, "public.") == strings.TrimPrefix(b, "public.")
}
