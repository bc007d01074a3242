package seedbed

import (
	"fmt"
	"slices"
	"strings"

	"github.com/qarion/seedbed/internal/catalog"
)

// direct finds the tables that carry a tenant's key themselves.
func (d *discoverer) direct() {
	for _, r := range d.tables {
		for _, l := range d.accept {
			if r == l.table || d.isTenantOf(r) != nil && d.isTenantOf(r).parent == l {
				continue
			}
			if cols, why := d.carried(l, r); cols != nil {
				d.scopes[r] = append(d.scopes[r], scope{level: l, columns: cols})
				d.out.because("scoped "+d.name(r), why)
				d.doubtLinks(l, r, cols)
			}
		}
		d.settle(r)
	}
}

func (d *discoverer) isTenantOf(r *catalog.Relation) *level {
	for _, l := range d.accept {
		if l.table == r {
			return l
		}
	}
	return nil
}

// carried finds the columns of r that hold a level's key, and why they do.
func (d *discoverer) carried(l *level, r *catalog.Relation) (columns []string, why string) {
	if c := l.carriers[r]; c != nil {
		return d.columnsFor(l, r, c), d.whyCarried(l, r, c)
	}
	if l.table == nil {
		return nil, ""
	}
	var odd []*catalog.Constraint
	for _, fk := range r.ForeignKeys() {
		if fk.Ref.Root() == l.table && !fk.Inherited && !fk.Nullable() && matched(fk, l) != nil {
			odd = append(odd, fk)
		}
	}
	if len(odd) == 0 {
		return nil, ""
	}
	cols := matched(odd[0], l)
	if len(odd) > 1 {
		d.out.doubt("%s references %s %d times (%s): %s is taken for the tenant of a row, because it is first",
			d.name(r), d.name(l.table), len(odd), strings.Join(firstColumns(odd), ", "), list(cols))
	}
	return cols, fmt.Sprintf("%s is a required foreign key to %s, under a name of its own", list(cols), d.name(l.table))
}

// doubtLinks says which other columns of a scoped table point at tenants.
func (d *discoverer) doubtLinks(l *level, r *catalog.Relation, carried []string) {
	for _, fk := range r.ForeignKeys() {
		if l.carriers[r] != nil && fk.Ref.Root() == l.table && fk.Table == r && !subset(carried, fk.Columns) {
			d.out.doubt("%s%s references %s beside %s, which is taken for the tenant of a row: a link between tenants?",
				d.name(r), list(fk.Columns), d.name(l.table), list(carried))
		}
	}
}

func firstColumns(fks []*catalog.Constraint) []string {
	var out []string
	for _, fk := range fks {
		out = append(out, fk.Columns[len(fk.Columns)-1])
	}
	return out
}

func (d *discoverer) whyCarried(l *level, r *catalog.Relation, c *catalog.Column) string {
	switch {
	case l.table == nil:
		return fmt.Sprintf("%s is named for a tenant; no table of tenants was found", c.Name)
	case slices.Contains(d.refs[c], l.own):
		return fmt.Sprintf("%s references %s", c.Name, d.name(l.table))
	case d.reaches(c, l.own):
		return fmt.Sprintf("%s leads to %s through other foreign keys", c.Name, d.name(l.table))
	}
	return fmt.Sprintf("%s is named like the key of %s, without a foreign key", c.Name, d.name(l.table))
}

// settle compares the levels that one table carries: it may be an aggregate, one
// may be optional, and a composite key includes the outer tenant already.
func (d *discoverer) settle(r *catalog.Relation) {
	all := d.scopes[r]
	var kept []scope
	for _, s := range all {
		covered := slices.ContainsFunc(all, func(o scope) bool {
			return o.level.above(s.level) && len(o.columns) > len(s.columns) && subset(s.columns, o.columns)
		})
		if !covered {
			kept = append(kept, s)
		}
	}
	for i := range kept {
		d.settleOuter(r, kept, i)
	}
	d.scopes[r] = slices.DeleteFunc(kept, func(s scope) bool { return s.level == nil })
}

func (d *discoverer) settleOuter(r *catalog.Relation, scopes []scope, i int) {
	inner := &scopes[i]
	for j := range scopes {
		outer := &scopes[j]
		if inner.level == nil || outer.level == nil || !inner.level.above(outer.level) || !required(r, outer.columns) {
			continue
		}
		if !required(r, inner.columns) {
			inner.optional = true
			d.out.because("scoped "+d.name(r), fmt.Sprintf("%s may be NULL, while %s may not", list(inner.columns), list(outer.columns)))
			continue
		}
		if ix := leadingIndex(r, outer.columns, inner.columns); ix != nil {
			inner.across, inner.outer = outer.level, outer.columns
			outer.level = nil
			d.out.because("aggregate "+d.name(r),
				fmt.Sprintf("it carries %s and %s", list(inner.columns), list(inner.outer)),
				fmt.Sprintf("index %s serves reads across tenants: it leads with %s, not with %s", ix.Name, list(inner.outer), list(inner.columns)))
		}
	}
}

// leadingIndex is an index made for reading across: it leads with the outer
// tenant, and goes on with something that is no tenant.
func leadingIndex(r *catalog.Relation, outer, inner []string) *catalog.Index {
	for _, ix := range r.Indexes {
		cols := ix.Columns()
		if ix.Constraint != nil || !ix.Leads(outer) || len(cols) <= len(outer) || slices.Contains(inner, cols[len(outer)]) {
			continue
		}
		return ix
	}
	return nil
}

// via gives the tables without a tenant column that of a parent, nearest first.
func (d *discoverer) via() {
	for d.viaRound(d.viaParent) || d.viaRound(d.viaPair) || d.viaRound(d.viaCascade) {
		continue
	}
}

// viaRound applies a rule to every table that is still open, and reports whether
// it found something. What one round finds counts from the next round on.
func (d *discoverer) viaRound(rule func(*catalog.Relation) ([]scope, string)) bool {
	found := map[*catalog.Relation][]scope{}
	for _, r := range d.tables {
		if len(d.scopes[r]) > 0 || d.isTop(r) {
			continue
		}
		if scopes, why := rule(r); len(scopes) > 0 {
			found[r] = scopes
			d.out.because("scoped "+d.name(r), why)
		}
	}
	for r, s := range found {
		d.scopes[r] = s
	}
	return len(found) > 0
}

// isTop reports whether r holds tenants whose parent, if any, is known already.
func (d *discoverer) isTop(r *catalog.Relation) bool {
	l := d.isTenantOf(r)
	return l != nil && (l.parent != nil || len(d.accept) == 1)
}

func (d *discoverer) viaParent(r *catalog.Relation) ([]scope, string) {
	return d.viaKey(r, func(fk *catalog.Constraint) bool { return !fk.Nullable() }, "requires a row of %s, by %s")
}

// viaCascade takes an optional reference for a parent only if rows go with it.
func (d *discoverer) viaCascade(r *catalog.Relation) ([]scope, string) {
	return d.viaKey(r, func(fk *catalog.Constraint) bool { return fk.OnDelete == catalog.Cascade },
		"is deleted with its row of %s, by %s, though that may be NULL")
}

func (d *discoverer) viaKey(r *catalog.Relation, fits func(*catalog.Constraint) bool, why string) ([]scope, string) {
	var best *catalog.Constraint
	for _, fk := range r.ForeignKeys() {
		if fk.Inherited || fk.Ref.Root() == r || !fits(fk) || len(d.inherited(fk.Ref.Root())) == 0 || d.isTenantOf(fk.Ref.Root()) != nil && d.isTenantOf(r) != nil {
			continue
		}
		if best == nil || rank(fk) > rank(best) || rank(fk) == rank(best) && first(fk) < first(best) {
			best = fk
		}
	}
	if best == nil {
		return nil, ""
	}
	ref := best.Ref.Root()
	var out []scope
	for _, l := range d.inherited(ref) {
		out = append(out, scope{level: l, via: Ref{Columns: best.Columns, Table: d.name(ref), Key: best.RefColumns}})
	}
	return out, fmt.Sprintf("a row "+why, d.name(ref), list(best.Columns))
}

// rank prefers the parent that a row is part of: in its key, deleted with it.
func rank(fk *catalog.Constraint) int {
	n := 0
	if pk := fk.Table.PrimaryKey(); pk != nil && subset(fk.Columns, pk.Columns) {
		n += 2
	}
	if fk.OnDelete == catalog.Cascade {
		n++
	}
	return n
}

func first(fk *catalog.Constraint) int16 { return fk.Table.Column(fk.Columns[0]).Num }

// inherited are the levels that rows below one of r belong to: the innermost of
// its own that every row has.
func (d *discoverer) inherited(r *catalog.Relation) []*level {
	if l := d.isTenantOf(r); l != nil {
		return []*level{l}
	}
	var out []*level
	for _, s := range d.scopes[r] {
		if s.optional || slices.ContainsFunc(d.scopes[r], func(o scope) bool { return !o.optional && o.level.above(s.level) }) {
			continue
		}
		out = append(out, s.level)
	}
	return out
}

// viaPair gives a table whose polymorphic pair points at scoped tables only the
// tenant of its target.
func (d *discoverer) viaPair(r *catalog.Relation) ([]scope, string) {
	for _, p := range d.found {
		if p.table != r || len(p.targets) == 0 || !required(r, []string{p.typ, p.id}) {
			continue
		}
		shared := d.inherited(p.targets[0].table)
		for _, t := range p.targets[1:] {
			levels := d.inherited(t.table)
			shared = slices.DeleteFunc(slices.Clone(shared), func(l *level) bool { return !slices.Contains(levels, l) })
		}
		if len(shared) > 0 {
			via := Ref{Columns: []string{p.typ, p.id}}
			return []scope{{level: shared[0], via: via}}, fmt.Sprintf("every target of the pair %s is", list(via.Columns))
		}
	}
	return nil, ""
}
