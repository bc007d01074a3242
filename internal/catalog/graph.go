package catalog

// Order sorts tables so that each comes after the tables it references. Tables
// that reference one another in a circle come as one group, in the order given;
// a group of one is a plain table, which may still reference itself. Foreign keys
// to tables not given, and those of partitions, do not count.
func Order(tables []*Relation) [][]*Relation {
	o := &ordering{index: map[*Relation]int{}, low: map[*Relation]int{}, on: map[*Relation]bool{}, given: map[*Relation]int{}}
	for i, t := range tables {
		o.given[t] = i
	}
	for _, t := range tables {
		if _, seen := o.index[t]; !seen {
			o.visit(t)
		}
	}
	return o.groups
}

// ordering is Tarjan's strongly connected components: edges lead from a table to
// what it references, so that components come out parents first.
type ordering struct {
	given  map[*Relation]int
	index  map[*Relation]int
	low    map[*Relation]int
	on     map[*Relation]bool
	stack  []*Relation
	groups [][]*Relation
}

func (o *ordering) visit(t *Relation) {
	o.index[t] = len(o.index)
	o.low[t] = o.index[t]
	o.stack = append(o.stack, t)
	o.on[t] = true
	for _, fk := range t.ForeignKeys() {
		ref := fk.Ref.Root()
		if _, ok := o.given[ref]; !ok || ref == t {
			continue
		}
		if _, seen := o.index[ref]; !seen {
			o.visit(ref)
			o.low[t] = min(o.low[t], o.low[ref])
		} else if o.on[ref] {
			o.low[t] = min(o.low[t], o.index[ref])
		}
	}
	if o.low[t] == o.index[t] {
		o.pop(t)
	}
}

func (o *ordering) pop(root *Relation) {
	var group []*Relation
	for {
		last := len(o.stack) - 1
		t := o.stack[last]
		o.stack = o.stack[:last]
		o.on[t] = false
		group = append(group, t)
		if t == root {
			break
		}
	}
	// back into the order the caller gave
	for i := range group {
		for j := i; j > 0 && o.given[group[j]] < o.given[group[j-1]]; j-- {
			group[j], group[j-1] = group[j-1], group[j]
		}
	}
	o.groups = append(o.groups, group)
}

// Cyclic reports whether a table of the group references itself or another one
// of it: loading it needs deferred or disabled checks, or two passes.
func Cyclic(group []*Relation) bool {
	if len(group) > 1 {
		return true
	}
	for _, fk := range group[0].ForeignKeys() {
		if fk.Ref.Root() == group[0] {
			return true
		}
	}
	return false
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
