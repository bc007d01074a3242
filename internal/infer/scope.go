package infer

import (
	"fmt"
	"slices"
	"strings"

	"github.com/qarion/seedbed/internal/catalog"
)

// carried finds the tables that carry a tenant's key themselves.
func (n *inference) carried() {
	for _, l := range n.accept {
		n.composite(l.of)
	}
	for _, t := range n.tables {
		for _, l := range n.accept {
			if t == l.of.table || t.level != nil && t.level.Parent == l || t.level.aboveOf(l) {
				continue
			}
			if columns, why := n.carries(l, t); columns != nil {
				t.scopes = append(t.scopes, Scope{Table: t.Relation, Level: l, Columns: columns})
				n.because("scoped "+t.name, why)
			}
		}
		n.mergeLevels(t)
	}
}

// aboveOf reports whether l holds the tenants of a level that q lies in.
func (l *Level) aboveOf(q *Level) bool { return l != nil && q.above(l) }

// composite adds columns under a name of their own that lead to the tenant through
// composite foreign keys: what else would they hold?
func (n *inference) composite(c *candidate) {
	if c.own == nil || c.person() {
		return
	}
	for column := range n.leadingTo(c.own) {
		t := n.of[column.Table.Root()]
		if _, carried := c.carriers[t]; t == nil || t == c.table || carried || !t.joins(column) {
			continue
		}
		c.carriers[t] = carrier{column: column}
	}
}

// joins reports whether the column is in a composite foreign key.
func (t *table) joins(column *catalog.Column) bool {
	return slices.ContainsFunc(t.refs, func(ref *catalog.Reference) bool {
		return len(ref.Columns) > 1 && slices.Contains(ref.Columns, column.Name)
	})
}

// carries finds the columns of t that hold a level's key, and why they do.
func (n *inference) carries(l *Level, t *table) (columns []string, why string) {
	if u, ok := l.of.carriers[t]; ok {
		columns = n.columnsFor(l, t, u.column)
		n.doubtOthers(l, t, columns)
		return columns, n.whyCarried(l, t, u)
	}
	if l.of.table == nil || l.of.person() {
		return nil, ""
	}
	var odd []*catalog.Reference
	for _, ref := range t.refs {
		if ref.To == l.Table && !ref.Optional() && matched(ref, l) != nil {
			odd = append(odd, ref)
		}
	}
	if len(odd) == 0 {
		return nil, ""
	}
	columns = matched(odd[0], l)
	if len(odd) > 1 {
		n.doubt("%s references %s %d times (%s): %s is taken for the tenant of a row, because it is first",
			t.name, l.of.table.name, len(odd), strings.Join(lastColumns(odd), ", "), list(columns))
	}
	return columns, fmt.Sprintf("%s is a required foreign key to %s, under a name of its own", list(columns), l.of.table.name)
}

// doubtOthers says which other columns of a scoped table point at tenants.
func (n *inference) doubtOthers(l *Level, t *table, carried []string) {
	for _, ref := range t.refs {
		if l.of.table != nil && ref.To == l.Table && !subset(carried, ref.Columns) {
			n.doubt("%s%s references %s beside %s, which is taken for the tenant of a row: a link between tenants?",
				t.name, list(ref.Columns), l.of.table.name, list(carried))
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

func (n *inference) whyCarried(l *Level, t *table, u carrier) string {
	switch {
	case l.of.table == nil:
		return fmt.Sprintf("%s is named for a tenant; no table of tenants was found", u.column.Name)
	case u.ref != nil:
		return fmt.Sprintf("%s references %s", u.column.Name, l.of.table.name)
	case len(n.leads[u.column]) > 0:
		return fmt.Sprintf("%s leads to %s through other foreign keys", u.column.Name, l.of.table.name)
	}
	return fmt.Sprintf("%s is named like the key of %s, without a foreign key", u.column.Name, l.of.table.name)
}

// columnsFor gives the columns of t that hold the whole key of a level, of which
// column holds its own part; for a composite key the rest is found beside it.
func (n *inference) columnsFor(l *Level, t *table, column *catalog.Column) []string {
	if len(l.Key) <= 1 {
		return []string{column.Name}
	}
	for _, ref := range t.refs {
		if slices.Contains(ref.Columns, column.Name) && ref.To == l.Table {
			if columns := matched(ref, l); columns != nil {
				return columns
			}
		}
	}
	var out []string
	for _, k := range l.of.key {
		if k == l.of.own {
			out = append(out, column.Name)
		} else if t.Column(k.Name) != nil {
			out = append(out, k.Name)
		}
	}
	return out
}

// matched are a foreign key's columns in the order of the level's key, or nil.
func matched(ref *catalog.Reference, l *Level) []string {
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

// mergeLevels compares the levels that one table carries: it may be an aggregate, one
// may be optional, and a composite key includes the outer tenant already.
func (n *inference) mergeLevels(t *table) {
	var kept []Scope
	for _, s := range t.scopes {
		covered := slices.ContainsFunc(t.scopes, func(o Scope) bool {
			return o.Level.above(s.Level) && len(o.Columns) > len(s.Columns) && subset(s.Columns, o.Columns)
		})
		if !covered {
			kept = append(kept, s)
		}
	}
	for i := range kept {
		n.settleOuter(t, kept, i)
	}
	t.scopes = slices.DeleteFunc(kept, func(s Scope) bool { return s.Level == nil })
}

func (n *inference) settleOuter(t *table, scopes []Scope, i int) {
	inner := &scopes[i]
	for j := range scopes {
		outer := &scopes[j]
		if inner.Level == nil || outer.Level == nil || !inner.Level.above(outer.Level) || !required(t.Relation, outer.Columns) {
			continue
		}
		if !required(t.Relation, inner.Columns) {
			inner.Optional = true
			n.because("scoped "+t.name, fmt.Sprintf("%s may be NULL, while %s may not", list(inner.Columns), list(outer.Columns)))
			continue
		}
		if ix := leadingIndex(t.Relation, outer.Columns, inner.Columns); ix != nil {
			inner.Across, inner.Outer = outer.Level, outer.Columns
			outer.Level = nil
			n.because("aggregate "+t.name,
				fmt.Sprintf("it carries %s and %s", list(inner.Columns), list(inner.Outer)),
				fmt.Sprintf("index %s serves reads across tenants: it leads with %s, not with %s", ix.Name, list(inner.Outer), list(inner.Columns)))
		}
	}
}

// leadingIndex is an index made for reading across: it leads with the outer
// tenant, and goes on with something that is no tenant.
func leadingIndex(r *catalog.Relation, outer, inner []string) *catalog.Index {
	for _, ix := range r.Indexes {
		columns := ix.Columns()
		if ix.Constraint != nil || !ix.Leads(outer) || len(columns) <= len(outer) || slices.Contains(inner, columns[len(outer)]) {
			continue
		}
		return ix
	}
	return nil
}
