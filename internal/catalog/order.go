package catalog

import "slices"

// Order sorts tables so that each comes after the tables it references. Tables
// that reference one another in a circle come as one group, in the order given;
// a group of one is a plain table, which may still reference itself. References
// to tables not given do not count.
func Order(tables []*Relation) [][]*Relation {
	return Components(tables, func(t *Relation) []*Relation {
		var to []*Relation
		for _, ref := range t.References() {
			to = append(to, ref.To)
		}
		return to
	})
}

// Cyclic reports whether a table of the group references itself or another one
// of it: loading it needs deferred or disabled checks, or two passes.
func Cyclic(group []*Relation) bool {
	return len(group) > 1 || slices.ContainsFunc(group[0].References(), (*Reference).Self)
}

// Components groups nodes so that each group comes after those that its nodes lead
// to: Tarjan's strongly connected components. A circle is one group, in the order
// given. Nodes that are not given do not count.
func Components[N comparable](nodes []N, to func(N) []N) [][]N {
	o := &ordering[N]{to: to, given: map[N]int{}, index: map[N]int{}, low: map[N]int{}, open: map[N]bool{}}
	for i, n := range nodes {
		o.given[n] = i
	}
	for _, n := range nodes {
		if _, seen := o.index[n]; !seen {
			o.visit(n)
		}
	}
	return o.groups
}

type ordering[N comparable] struct {
	to         func(N) []N
	given      map[N]int
	index, low map[N]int
	open       map[N]bool // on the stack
	stack      []N
	groups     [][]N
}

func (o *ordering[N]) visit(n N) {
	o.index[n] = len(o.index)
	o.low[n] = o.index[n]
	o.stack = append(o.stack, n)
	o.open[n] = true
	for _, next := range o.to(n) {
		if _, ok := o.given[next]; !ok || next == n {
			continue
		}
		if _, seen := o.index[next]; !seen {
			o.visit(next)
			o.low[n] = min(o.low[n], o.low[next])
		} else if o.open[next] {
			o.low[n] = min(o.low[n], o.index[next])
		}
	}
	if o.low[n] == o.index[n] {
		o.pop(n)
	}
}

func (o *ordering[N]) pop(root N) {
	first := slices.Index(o.stack, root)
	group := slices.Clone(o.stack[first:])
	o.stack = o.stack[:first]
	for _, n := range group {
		o.open[n] = false
	}
	slices.SortFunc(group, func(a, b N) int { return o.given[a] - o.given[b] })
	o.groups = append(o.groups, group)
}

// ForeignKeys lists every foreign key of the listed tables once: the copies that
// partitions inherit are left out.
func (c *Catalog) ForeignKeys() []*Constraint {
	var out []*Constraint
	for _, r := range c.Relations {
		for _, fk := range r.ForeignKeys() {
			if !fk.Inherited {
				out = append(out, fk)
			}
		}
	}
	return out
}
