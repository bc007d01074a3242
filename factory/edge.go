package factory

import (
	"slices"
	"strings"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/internal/catalog"
)

// edge is a way from a row to a row it belongs to: a foreign key, one target of a
// polymorphic pair, or a tenant that the Model knows of.
type edge struct {
	child, parent *table
	cols, refs    []int // of child and parent, in parallel
	own           []int // those of cols that only this edge decides
	optional      bool  // the row may do without
	tenant        bool  // it leads to the tenant itself
	shared        bool  // it has no column of its own beside the tenant's
	// exclusive parents have one child: rows of one call must not share them.
	exclusive bool
	never     bool // it stays empty: a CHECK wants another one

	pair  *seedbed.Polymorphic
	typ   int    // column of the pair's type
	label string // the type that stands for parent

	// fixes columns of the parent: a subtype's row needs a base of its type.
	fixes map[int]string
}

// String names an edge as errors do: author_id → users.
func (e *edge) String() string {
	var names []string
	for _, c := range e.own {
		names = append(names, e.child.columns[c].name)
	}
	return strings.Join(names, ", ") + " → " + e.parent.name
}

// mustHave reports whether a column is one of a reference that every row has.
func (t *table) mustHave(c *column) bool {
	return slices.ContainsFunc(t.edges, func(e *edge) bool { return !e.optional && slices.Contains(e.cols, c.index) })
}

// refNames are the parent's columns that the reference is to.
func (e *edge) refNames() string {
	var names []string
	for _, c := range e.refs {
		names = append(names, e.parent.columns[c].name)
	}
	return catalog.Idents(names)
}

// heed applies what a search found about references: which of the optional ones a
// CHECK wants, and which it does not.
func (t *table) heed() {
	for _, e := range t.edges {
		for _, c := range e.own {
			if want, known := t.schema.wanted[t.name+"\x00"+t.columns[c].name]; known {
				e.optional, e.never = !want, !want
			}
		}
	}
}

func (t *table) findEdges() {
	for _, fk := range t.rel.ForeignKeys() {
		if !fk.Inherited {
			t.addForeignKey(fk)
		}
	}
	pairs := t.schema.model.Pairs(t.name)
	for i := range pairs {
		t.addPair(&pairs[i])
	}
	t.addTenants()
	t.findExclusive()
	t.heed()
	for _, e := range t.edges {
		for _, c := range e.cols {
			t.columns[c].inEdge = true
		}
		if e.pair != nil {
			t.columns[e.typ].inEdge = true
		}
	}
	for _, l := range t.levels {
		for _, c := range l.cols {
			t.columns[c].inEdge = true
		}
	}
	for _, c := range t.columns {
		c.alone = c.inEdge && c.Required() && !t.tenantColumn(c.index) && !t.pairType(c) && !t.mustHave(c)
	}
	slices.SortStableFunc(t.edges, func(a, b *edge) int { return b.rank() - a.rank() })
}

// rank puts tenants first, the innermost before what it lies in.
func (e *edge) rank() int {
	if !e.tenant {
		return -1
	}
	tenant, _ := e.child.schema.model.TenantTable(e.parent.name)
	return len(e.child.schema.model.Above(tenant.Name))
}

// addForeignKey leaves out the generated columns of a key. What remains of a
// shadow key is at most the tenant: its pair is an edge already. What remains of a
// subtype's key is the base's id.
func (t *table) addForeignKey(fk *catalog.Constraint) {
	parent := t.schema.tables[fk.Ref.Root()]
	if parent == nil {
		return
	}
	e := &edge{child: t, parent: parent}
	shadow := false
	for i, name := range fk.Columns {
		col, ref := t.byName[name], parent.byName[fk.RefColumns[i]]
		if col.Generated != "" {
			shadow = true
			continue
		}
		e.cols, e.refs = append(e.cols, col.index), append(e.refs, ref.index)
	}
	if e.finish(); shadow && e.shared {
		return
	}
	e.fixBase()
	t.edges = append(t.edges, e)
}

// finish works out what is the edge's own.
func (e *edge) finish() {
	_, isTenant := e.child.schema.model.TenantTable(e.parent.name)
	for _, c := range e.cols {
		if !e.child.tenantColumn(c) {
			e.own = append(e.own, c)
		}
	}
	if len(e.own) == 0 {
		e.own, e.tenant, e.shared = e.cols, isTenant, true
	}
	for _, c := range e.own {
		// A row that may have no tenant has one all the same: most do, and its
		// parents and children are of that tenant.
		if !e.child.columns[c].Required() && !e.tenant {
			e.optional = true
		}
	}
}

func (t *table) tenantColumn(col int) bool {
	for _, l := range t.levels {
		if slices.Contains(l.cols, col) {
			return true
		}
	}
	return false
}

// fixBase looks whether the child is a subtype's table.
func (e *edge) fixBase() {
	inherits, ok := e.child.schema.model.Inherits(e.parent.name)
	if !ok {
		return
	}
	for _, sub := range inherits.Subtypes {
		if c := e.parent.byName[inherits.Discriminator]; c != nil && sub.Table == e.child.name {
			e.fixes = map[int]string{c.index: sub.Value}
			e.exclusive = true
		}
	}
}

func (t *table) addPair(p *seedbed.Polymorphic) {
	typ, id := t.byName[p.Type], t.byName[p.ID]
	if typ == nil || id == nil {
		return
	}
	for _, target := range p.Targets {
		rel := t.schema.cat.Table(target.Table)
		if rel == nil || t.schema.tables[rel.Root()] == nil {
			continue
		}
		parent := t.schema.tables[rel.Root()]
		key := parent.byName[target.Key]
		if key == nil {
			continue
		}
		e := &edge{child: t, parent: parent, cols: []int{id.index}, refs: []int{key.index}, own: []int{id.index},
			pair: p, typ: typ.index, label: target.Type, optional: !id.Required()}
		t.edges = append(t.edges, e)
	}
}

// addTenants adds the way to a tenant that no foreign key goes.
func (t *table) addTenants() {
	for _, l := range t.levels {
		if l.tenant.Table == "" || len(l.cols) == 0 || len(l.cols) != len(l.tenant.Key) {
			continue
		}
		rel := t.schema.cat.Table(l.tenant.Table)
		if rel == nil || t.schema.tables[rel] == nil {
			continue
		}
		parent := t.schema.tables[rel]
		if slices.ContainsFunc(t.edges, func(e *edge) bool { return e.tenant && e.parent == parent }) {
			continue
		}
		e := &edge{child: t, parent: parent, cols: l.cols, own: l.cols, tenant: true}
		for _, name := range l.tenant.Key {
			e.refs = append(e.refs, parent.byName[name].index)
		}
		t.edges = append(t.edges, e)
	}
}

// findExclusive looks for unique keys that references alone decide: one edge of
// each must lead every row of a call to a parent of its own.
func (t *table) findExclusive() {
	for _, ix := range t.rel.Indexes {
		columns := ix.Columns()
		if !ix.Unique || len(columns) < len(ix.Keys) { // rows are made as if a partial key were whole
			continue
		}
		if last := t.decides(columns); last != nil {
			last.exclusive = true
		}
	}
}

// decides is the last edge that has part in a key made of references only.
func (t *table) decides(columns []string) (last *edge) {
	for _, name := range columns {
		c := t.byName[name]
		if c == nil {
			return nil
		}
		found := t.tenantColumn(c.index)
		for _, e := range t.edges {
			if slices.Contains(e.own, c.index) {
				found = true
				if !e.tenant || last == nil {
					last = e
				}
			}
		}
		if !found {
			return nil
		}
	}
	return last
}
