package graph

import "slices"

// Order sorts tables so that each comes after those that its foreign keys lead to: the
// order in which rows can be inserted. Tables that lead to one another in a circle come
// as one group, in the order given; a group of one is a plain table, which may still
// lead to itself. What leads to a table not given does not count, nor does a reference
// that the Model alone knows: Postgres checks none of those.
func Order(tables []*Table) [][]*Table { return Components(tables, (*Table).parents) }

// Cyclic reports whether a table of the group leads to itself or to another one of it:
// loading it needs deferred or disabled checks, or two passes.
func Cyclic(group []*Table) bool {
	return len(group) > 1 || slices.Contains(group[0].parents(), group[0])
}

// ImmediateFirst sorts the tables of a circle so that foreign keys that Postgres checks
// at once lead back, and those that lead ahead are deferred, as far as that can be.
func ImmediateFirst(group []*Table) []*Table {
	immediate := func(t *Table) (n int) {
		for _, fk := range t.ForeignKeys {
			if !fk.Deferred && !fk.Self() && slices.Contains(group, fk.To) {
				n++
			}
		}
		return n
	}
	out := slices.Clone(group)
	slices.SortStableFunc(out, func(a, b *Table) int { return immediate(a) - immediate(b) })
	return out
}

// parents are the tables that foreign keys lead to, those of partitions too.
func (t *Table) parents() []*Table {
	var out []*Table
	for _, declared := range t.Relation.References() {
		if to := t.graph.Of(declared.To); to != nil {
			out = append(out, to)
		}
	}
	return out
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
