package infer

import (
	"fmt"
	"slices"
	"strings"

	"github.com/qarion/seedbed/internal/catalog"
)

// findScopes finds the tables that hold a tenant's key in their own columns.
func (n *inference) findScopes() {
	for _, l := range n.accepted {
		n.addCompositeCarriers(l.candidate)
	}
	for _, t := range n.tables {
		for _, l := range n.accepted {
			// Not l's own table; not a table of tenants directly within l, whose Parent says
			// so; not one of tenants that l lies within, whose rows cannot belong to l.
			if t == l.candidate.table || t.level != nil && t.level.Parent == l || t.level.isAncestorOf(l) {
				continue
			}
			if columns, why := n.tenantColumns(l, t); columns != nil {
				t.scopes = append(t.scopes, Scope{Table: t.Relation, Level: l, Columns: columns})
				n.addReason("scoped "+t.name, why)
			}
		}
		n.resolveOverlaps(t)
	}
}

// isAncestorOf reports whether l is an outer level of q; l may be nil.
func (l *Level) isAncestorOf(q *Level) bool { return l != nil && q.hasAncestor(l) }

// addCompositeCarriers adds the tables with a column that leads to the tenant's key
// through a composite foreign key, whatever the column is called.
func (n *inference) addCompositeCarriers(c *candidate) {
	if c.ownKeyColumn == nil || c.isUsersTable() {
		return
	}
	for column := range n.columnsReferencing(c.ownKeyColumn) {
		t := n.tableOf[column.Table.Root()]
		if _, carried := c.carriers[t]; t == nil || t == c.table || carried || !t.inCompositeForeignKey(column) {
			continue
		}
		c.carriers[t] = carrier{column: column}
	}
}

// inCompositeForeignKey reports whether the column is in a composite foreign key.
func (t *table) inCompositeForeignKey(column *catalog.Column) bool {
	return slices.ContainsFunc(t.refs, func(ref *catalog.Reference) bool {
		return len(ref.Columns) > 1 && slices.Contains(ref.Columns, column.Name)
	})
}

// tenantColumns returns the columns of t that hold a level's key, and why they do.
func (n *inference) tenantColumns(l *Level, t *table) (columns []string, why string) {
	if found, ok := l.candidate.carriers[t]; ok {
		columns = n.columnsFor(l, t, found.column)
		n.reportOtherTenantRefs(l, t, columns)
		return columns, n.whyCarried(l, found)
	}
	if l.candidate.table == nil || l.candidate.isUsersTable() {
		return nil, ""
	}
	var requiredRefs []*catalog.Reference
	for _, ref := range t.refs {
		if ref.To == l.Table && !ref.Optional() && columnsInKeyOrder(ref, l) != nil {
			requiredRefs = append(requiredRefs, ref)
		}
	}
	if len(requiredRefs) == 0 {
		return nil, ""
	}
	columns = columnsInKeyOrder(requiredRefs[0], l)
	if len(requiredRefs) > 1 {
		n.addDoubt("%s references %s %d times (%s): %s is taken for the tenant of a row, because it is first",
			t.name, l.candidate.table.name, len(requiredRefs), strings.Join(lastColumns(requiredRefs), ", "), list(columns))
	}
	return columns, fmt.Sprintf("%s is a required foreign key to %s, under a name of its own", list(columns), l.candidate.table.name)
}

// reportOtherTenantRefs adds a doubt for each other foreign key of a scoped table to the
// table of tenants.
func (n *inference) reportOtherTenantRefs(l *Level, t *table, carried []string) {
	for _, ref := range t.refs {
		if l.candidate.table != nil && ref.To == l.Table && !subset(carried, ref.Columns) {
			n.addDoubt("%s%s references %s beside %s, which is taken for the tenant of a row: a link between tenants?",
				t.name, list(ref.Columns), l.candidate.table.name, list(carried))
		}
	}
}

func lastColumns(refs []*catalog.Reference) []string {
	var out []string
	for _, ref := range refs {
		out = append(out, ref.Columns[len(ref.Columns)-1])
	}
	return out
}

func (n *inference) whyCarried(l *Level, found carrier) string {
	switch {
	case l.candidate.table == nil:
		return fmt.Sprintf("%s is named for a tenant; no table of tenants was found", found.column.Name)
	case found.ref != nil:
		return fmt.Sprintf("%s references %s", found.column.Name, l.candidate.table.name)
	case len(n.references[found.column]) > 0:
		return fmt.Sprintf("%s leads to %s through other foreign keys", found.column.Name, l.candidate.table.name)
	}
	return fmt.Sprintf("%s is named like the key of %s, without a foreign key", found.column.Name, l.candidate.table.name)
}

// columnsFor returns the columns of t that hold the level's whole key. column holds the
// level's own part; the outer tenants' parts are in the same foreign key, or in columns of
// the same name.
func (n *inference) columnsFor(l *Level, t *table, column *catalog.Column) []string {
	if len(l.Key) <= 1 {
		return []string{column.Name}
	}
	for _, ref := range t.refs {
		if slices.Contains(ref.Columns, column.Name) && ref.To == l.Table {
			if columns := columnsInKeyOrder(ref, l); columns != nil {
				return columns
			}
		}
	}
	var out []string
	for _, k := range l.candidate.key {
		if k == l.candidate.ownKeyColumn {
			out = append(out, column.Name)
		} else if t.Column(k.Name) != nil {
			out = append(out, k.Name)
		}
	}
	return out
}

// columnsInKeyOrder returns the foreign key's columns in the order of the level's key, or
// nil where it does not cover the key.
func columnsInKeyOrder(ref *catalog.Reference, l *Level) []string {
	var out []string
	for _, k := range l.Key {
		i := slices.Index(ref.RefColumns, k)
		if i < 0 {
			return nil
		}
		out = append(out, ref.Columns[i])
	}
	return out
}

// resolveOverlaps reconciles a table's scopes of nested levels: it drops one whose key a
// composite key contains, marks optional ones, and recognizes aggregates.
func (n *inference) resolveOverlaps(t *table) {
	var kept []Scope
	for _, s := range t.scopes {
		covered := slices.ContainsFunc(t.scopes, func(o Scope) bool {
			return o.Level.hasAncestor(s.Level) && len(o.Columns) > len(s.Columns) && subset(s.Columns, o.Columns)
		})
		if !covered {
			kept = append(kept, s)
		}
	}
	for i := range kept {
		n.resolveAgainstOuter(t, kept, i)
	}
	t.scopes = slices.DeleteFunc(kept, func(s Scope) bool { return s.Level == nil })
}

// resolveAgainstOuter compares scopes[i] with those of outer levels. One that is the outer
// side of an aggregate loses its Level: resolveOverlaps drops it.
func (n *inference) resolveAgainstOuter(t *table, scopes []Scope, i int) {
	inner := &scopes[i]
	for j := range scopes {
		outer := &scopes[j]
		if inner.Level == nil || outer.Level == nil || !inner.Level.hasAncestor(outer.Level) || !required(t.Relation, outer.Columns) {
			continue
		}
		if !required(t.Relation, inner.Columns) {
			inner.Optional = true
			n.addReason("scoped "+t.name, fmt.Sprintf("%s may be NULL, while %s may not", list(inner.Columns), list(outer.Columns)))
			continue
		}
		if ix := crossTenantIndex(t.Relation, outer.Columns, inner.Columns); ix != nil {
			inner.Across, inner.AcrossColumns = outer.Level, outer.Columns
			outer.Level = nil // absorbed by inner
			n.addReason("aggregate "+t.name,
				fmt.Sprintf("it carries %s and %s", list(inner.Columns), list(inner.AcrossColumns)),
				fmt.Sprintf("index %s serves reads across tenants: it leads with %s, not with %s", ix.Name, list(inner.AcrossColumns), list(inner.Columns)))
		}
	}
}

// crossTenantIndex returns an index that serves reads across inner tenants: it begins with
// the outer tenant's columns, and the next column is not the inner tenant's. The index of
// a constraint says nothing about reads.
func crossTenantIndex(r *catalog.Relation, outer, inner []string) *catalog.Index {
	for _, ix := range r.Indexes {
		columns := ix.Columns()
		if ix.Constraint != nil || !ix.Leads(outer) || len(columns) <= len(outer) || slices.Contains(inner, columns[len(outer)]) {
			continue
		}
		return ix
	}
	return nil
}
