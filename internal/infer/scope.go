package infer

import (
	"fmt"
	"slices"
	"strings"

	"github.com/qarion/seedbed/internal/catalog"
)

// findScopes finds the tables with a tenant's key in their own columns.
func (n *inference) findScopes() {
	for _, l := range n.levels {
		n.addCompositeKeyColumns(l.candidate)
	}
	for _, t := range n.tables {
		for _, l := range n.levels {
			// Skip l's own table, tables of tenants directly inside l, which have a Parent
			// instead of a scope, and tables of tenants outside l.
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

// isAncestorOf reports whether l is outside q; l may be nil.
func (l *Level) isAncestorOf(q *Level) bool { return l != nil && q.hasAncestor(l) }

// addCompositeKeyColumns adds columns of any name in composite foreign keys that lead to
// the tenant's key, directly or through other tables.
func (n *inference) addCompositeKeyColumns(c *candidate) {
	if c.isUsersTable() {
		return
	}
	for column := range n.columnsReferencing(n.tenantKeys(c)) {
		t := n.tableOf[column.Table.Root()]
		if _, carried := c.keyColumns[t]; t == nil || t == c.table || carried || !t.inCompositeForeignKey(column) {
			continue
		}
		c.keyColumns[t] = keyColumn{column: column}
	}
}

// inCompositeForeignKey reports whether the column is in a composite foreign key.
func (t *table) inCompositeForeignKey(column *catalog.Column) bool {
	return slices.ContainsFunc(t.references, func(ref *catalog.Reference) bool {
		return len(ref.Columns) > 1 && slices.Contains(ref.Columns, column.Name)
	})
}

// tenantColumns returns the columns of t with a level's key, and why they are it; nil if t
// has none.
func (n *inference) tenantColumns(l *Level, t *table) (columns []string, why string) {
	if found, ok := l.candidate.keyColumns[t]; ok {
		columns = n.columnsFor(l, t, found.column)
		n.reportOtherTenantRefs(l, t, columns)
		return columns, n.keyColumnReason(l, found)
	}
	if l.candidate.table == nil || l.candidate.isUsersTable() {
		return nil, ""
	}
	var requiredRefs []*catalog.Reference
	for _, ref := range t.references {
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
			t.name, l.candidate.table.name, len(requiredRefs), strings.Join(lastColumns(requiredRefs), ", "), columnList(columns))
	}
	return columns, fmt.Sprintf("%s is a required foreign key to %s, under a name of its own", columnList(columns), l.candidate.table.name)
}

// reportOtherTenantRefs adds a doubt for each further foreign key of a scoped table to the
// table of tenants.
func (n *inference) reportOtherTenantRefs(l *Level, t *table, carried []string) {
	for _, ref := range t.references {
		if l.candidate.table != nil && ref.To == l.Table && !subset(carried, ref.Columns) {
			n.addDoubt("%s%s references %s beside %s, which is taken for the tenant of a row: a link between tenants?",
				t.name, columnList(ref.Columns), l.candidate.table.name, columnList(carried))
		}
	}
}

// lastColumns returns the last column of each foreign key, for a message.
func lastColumns(refs []*catalog.Reference) []string {
	var out []string
	for _, ref := range refs {
		out = append(out, ref.Columns[len(ref.Columns)-1])
	}
	return out
}

// keyColumnReason says why a column is taken for a level's key.
func (n *inference) keyColumnReason(l *Level, found keyColumn) string {
	switch {
	case l.candidate.table == nil:
		return fmt.Sprintf("%s is named for a tenant; no table of tenants was found", found.column.Name)
	case found.ref != nil:
		return fmt.Sprintf("%s references %s", found.column.Name, l.candidate.table.name)
	case len(n.referencesOf[found.column]) > 0:
		return fmt.Sprintf("%s leads to %s through other foreign keys", found.column.Name, l.candidate.table.name)
	}
	return fmt.Sprintf("%s is named like the key of %s, without a foreign key", found.column.Name, l.candidate.table.name)
}

// columnsFor returns the columns of t with the level's whole key. column is the level's
// own part; the outer tenants' parts are in the same foreign key, or in columns of the
// same name.
func (n *inference) columnsFor(l *Level, t *table, column *catalog.Column) []string {
	if len(l.Key) <= 1 {
		return []string{column.Name}
	}
	for _, ref := range t.references {
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
			n.addReason("scoped "+t.name, fmt.Sprintf("%s may be NULL, while %s may not", columnList(inner.Columns), columnList(outer.Columns)))
			continue
		}
		if ix := crossTenantIndex(t.Relation, outer.Columns, inner.Columns); ix != nil {
			inner.Across, inner.AcrossColumns = outer.Level, outer.Columns
			outer.Level = nil // absorbed by inner
			n.addReason("aggregate "+t.name,
				fmt.Sprintf("it carries %s and %s", columnList(inner.Columns), columnList(inner.AcrossColumns)),
				fmt.Sprintf("index %s serves reads across tenants: it leads with %s, not with %s", ix.Name, columnList(inner.AcrossColumns), columnList(inner.Columns)))
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

// inheritScopes gives tables without a tenant's column the scopes of the tables that they
// reference, the nearest first.
func (n *inference) inheritScopes() {
	for n.applyRule(n.viaParent) || n.applyRule(n.viaPair) || n.applyRule(n.viaCascade) {
		continue
	}
}

// applyRule applies a rule to every table without a scope, and reports whether it found
// one. Scopes that it finds do not count before the next call.
func (n *inference) applyRule(rule func(*table) ([]Scope, string)) bool {
	found := map[*table][]Scope{}
	for _, t := range n.tables {
		if len(t.scopes) > 0 || n.isTopLevel(t) {
			continue
		}
		if scopes, why := rule(t); len(scopes) > 0 {
			found[t] = scopes
			n.addReason("scoped "+t.name, why)
		}
	}
	for t, scopes := range found {
		t.scopes = scopes
	}
	return len(found) > 0
}

// isTopLevel reports whether t is a table of tenants that needs no scope: its level has a
// parent, or is the only level.
func (n *inference) isTopLevel(t *table) bool {
	return t.level != nil && (t.level.Parent != nil || len(n.levels) == 1)
}

// viaParent takes the scopes of a table that rows must reference.
func (n *inference) viaParent(t *table) ([]Scope, string) {
	return n.viaKey(t, func(ref *catalog.Reference) bool { return !ref.Optional() }, "requires a row of %s, by %s")
}

// viaCascade takes the scopes of a table with which rows are deleted, though the reference
// is optional. What rows of tenants lead to in several tables may be shared by all.
func (n *inference) viaCascade(t *table) ([]Scope, string) {
	if len(n.scopedReferrers(t)) > 1 {
		return nil, ""
	}
	return n.viaKey(t, func(ref *catalog.Reference) bool { return ref.OnDelete == catalog.Cascade },
		"is deleted with its row of %s, by %s, though that may be NULL")
}

// scopedReferrers returns the tables with a tenant's column of their own whose rows lead to a
// table.
func (n *inference) scopedReferrers(t *table) (out []*table) {
	for _, ref := range t.referrers {
		from := n.tableOf[ref.From]
		own := slices.ContainsFunc(from.scopes, func(s Scope) bool { return len(s.Columns) > 0 })
		if own && from != t && !slices.Contains(out, from) {
			out = append(out, from)
		}
	}
	return out
}

// viaKey takes the scopes of the closest table that t references by an accepted foreign
// key.
func (n *inference) viaKey(t *table, accepts func(*catalog.Reference) bool, why string) ([]Scope, string) {
	var best *catalog.Reference
	for _, ref := range t.references {
		to := n.tableOf[ref.To]
		if levels, _ := to.inheritedLevels(); !accepts(ref) || len(levels) == 0 || to.level != nil && (t.level != nil || to.level.candidate.isUsersTable()) {
			continue
		}
		if best == nil || closeness(t, ref) > closeness(t, best) || closeness(t, ref) == closeness(t, best) && columnPosition(ref) < columnPosition(best) {
			best = ref
		}
	}
	if best == nil {
		return nil, ""
	}
	to := n.tableOf[best.To]
	var out []Scope
	levels, optional := to.inheritedLevels()
	for _, l := range levels {
		out = append(out, Scope{Table: t.Relation, Level: l, Optional: optional, Via: Ref{Columns: best.Columns, Table: best.To, Key: best.RefColumns}})
	}
	return out, fmt.Sprintf("a row "+why, to.name, columnList(best.Columns))
}

// closeness is higher for a foreign key that is in t's primary key or that cascades: the
// row is a part of the referenced one.
func closeness(t *table, ref *catalog.Reference) int {
	score := 0
	if pk := t.PrimaryKey(); pk != nil && subset(ref.Columns, pk.Columns) {
		score += 2
	}
	if ref.OnDelete == catalog.Cascade {
		score++
	}
	return score
}

func columnPosition(ref *catalog.Reference) int16 { return ref.From.Column(ref.Columns[0]).Num }

// innermostLevels returns the levels to which rows that reference t belong: the innermost
// of those that every row of t has.
func (t *table) innermostLevels() []*Level {
	if t.level != nil {
		return []*Level{t.level}
	}
	var out []*Level
	for _, s := range t.scopes {
		if !s.Optional && !slices.ContainsFunc(t.scopes, func(o Scope) bool { return !o.Optional && o.Level.hasAncestor(s.Level) }) {
			out = append(out, s.Level)
		}
	}
	return out
}

// inheritedLevels returns the levels to which rows that reference t belong. They are
// optional if t has only levels that its rows may do without.
func (t *table) inheritedLevels() (levels []*Level, optional bool) {
	if levels = t.innermostLevels(); len(levels) > 0 {
		return levels, false
	}
	for _, s := range t.scopes {
		levels = append(levels, s.Level)
	}
	return levels, len(levels) > 0
}

// viaPair takes the level that all targets of a table's polymorphic pair have.
func (n *inference) viaPair(t *table) ([]Scope, string) {
	for _, p := range t.pairs {
		if len(p.Targets) == 0 || !p.Type.Required() || !p.ID.Required() {
			continue
		}
		shared := n.tableOf[p.Targets[0].Table].innermostLevels()
		for _, target := range p.Targets[1:] {
			levels := n.tableOf[target.Table].innermostLevels()
			shared = slices.DeleteFunc(slices.Clone(shared), func(l *Level) bool { return !slices.Contains(levels, l) })
		}
		if len(shared) > 0 {
			via := Ref{Columns: []string{p.Type.Name, p.ID.Name}}
			return []Scope{{Table: t.Relation, Level: shared[0], Via: via}}, fmt.Sprintf("every target of the pair %s is", columnList(via.Columns))
		}
	}
	return nil, ""
}
