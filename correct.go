package seedbed

import "slices"

// With returns the Model with corrections: what corrections declares of a level, a
// table's tenancy, a pair, a base table or a membership replaces what m declares of
// the same one; the rest of m stays. It changes neither Model.
//
//	found, err := seedbed.Discover(ctx, db)
//	…
//	model := found.Model.With(seedbed.Model{Global: []string{"countries"}})
func (m Model) With(corrections Model) Model {
	c := corrections
	tenancy := func(table string) bool {
		_, aggregate := c.Aggregate(table)
		scoped := slices.ContainsFunc(c.Scoped, func(s Scoped) bool { return sameTable(s.Table, table) })
		return aggregate || scoped || c.IsGlobal(table)
	}
	return Model{
		Tenants:     merge(m.Tenants, c.Tenants, func(a, b Tenant) bool { return a.Name == b.Name }),
		Scoped:      append(without(m.Scoped, func(s Scoped) bool { return tenancy(s.Table) }), c.Scoped...),
		Aggregates:  append(without(m.Aggregates, func(a Aggregate) bool { return tenancy(a.Table) }), c.Aggregates...),
		Global:      append(without(m.Global, tenancy), c.Global...),
		Polymorphic: merge(m.Polymorphic, c.Polymorphic, samePair),
		Inheritance: merge(m.Inheritance, c.Inheritance, func(a, b Inheritance) bool { return sameTable(a.Table, b.Table) }),
		Memberships: merge(m.Memberships, c.Memberships, func(a, b Membership) bool { return a.Tenant == b.Tenant && sameTable(a.Table, b.Table) }),
	}
}

// Without returns the Model less some of its declarations, named as Evidence names
// conclusions: "scoped datasets", "tenant space", "pair comments(type, id)". What
// depends on a level goes with it, and levels below it have no parent any more. Names
// that m does not declare change nothing.
func (m Model) Without(declarations ...string) Model {
	dropped := func(name string) bool { return slices.Contains(declarations, name) }
	gone := func(level string) bool {
		return slices.ContainsFunc(m.Tenants, func(t Tenant) bool { return t.Name == level && dropped(t.name()) })
	}
	out := Model{
		Tenants:     without(m.Tenants, func(t Tenant) bool { return gone(t.Name) }),
		Scoped:      without(m.Scoped, func(s Scoped) bool { return gone(s.Tenant) || dropped(s.name()) }),
		Aggregates:  without(m.Aggregates, func(a Aggregate) bool { return gone(a.Tenant) || gone(a.Across) || dropped(a.name()) }),
		Global:      without(m.Global, func(table string) bool { return dropped(globalName(table)) }),
		Polymorphic: without(m.Polymorphic, func(p Polymorphic) bool { return dropped(p.name()) }),
		Inheritance: without(m.Inheritance, func(i Inheritance) bool { return dropped(i.name()) }),
		Memberships: without(m.Memberships, func(s Membership) bool { return gone(s.Tenant) || dropped(s.name()) }),
	}
	for i, t := range out.Tenants {
		if gone(t.Parent) {
			out.Tenants[i].Parent, out.Tenants[i].ParentColumns = "", nil
		}
	}
	return out
}

func samePair(a, b Polymorphic) bool {
	return sameTable(a.Table, b.Table) && a.Type == b.Type && a.ID == b.ID
}

// merge replaces those of base that over has as well, and appends the rest of over.
func merge[T any](base, over []T, same func(a, b T) bool) []T {
	kept := without(base, func(b T) bool {
		return slices.ContainsFunc(over, func(o T) bool { return same(b, o) })
	})
	return append(kept, over...)
}

// without is a copy less what drop holds of; nil where nothing is left.
func without[T any](items []T, drop func(T) bool) []T {
	var out []T
	for _, item := range items {
		if !drop(item) {
			out = append(out, item)
		}
	}
	return out
}
