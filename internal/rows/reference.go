package rows

import (
	"slices"

	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/graph"
)

// reference is a reference as rows need it: columns by their index, and what a search on
// the server has found out about it.
type reference struct {
	*graph.Reference
	child, parent *table
	cols, refs    []int // of child and parent, in parallel
	own           []int // those of cols that only this reference decides
	optional      bool  // the row may do without
	tenant        bool  // it leads to the tenant itself
	// exclusive parents have one child: rows of one call must not share them.
	exclusive bool
	neverSet  bool // it stays empty: a CHECK wants another one

	pair       *graph.Pair
	typeColumn int    // column of the pair's type
	label      string // the type that stands for parent

	// fixes columns of the parent: a subtype's row needs a base of its type.
	discriminators map[int]string
}

// isRequiredReference reports whether a column is one of a reference that every row has.
func (t *table) isRequiredReference(c *column) bool {
	return slices.ContainsFunc(t.references, func(ref *reference) bool { return !ref.optional && slices.Contains(ref.cols, c.index) })
}

// refNames are the parent's columns that the reference is to.
func (ref *reference) refNames() string {
	var names []string
	for _, c := range ref.refs {
		names = append(names, ref.parent.columns[c].name)
	}
	return catalog.Idents(names)
}

// applyHints applies what a search found about references: which of the optional ones a
// CHECK wants, and which it does not.
func (t *table) applyHints() {
	for _, ref := range t.references {
		for _, c := range ref.own {
			if want, known := t.schema.wantedReferences[columnKey{t.name, t.columns[c].name}]; known {
				ref.optional, ref.neverSet = !want, !want
			}
		}
	}
}

func (t *table) addReferences() {
	for _, ref := range t.node.References {
		t.references = append(t.references, t.newReference(ref))
	}
	for _, e := range t.references {
		for _, c := range e.cols {
			t.columns[c].inReference = true
		}
		if e.pair != nil {
			t.columns[e.typeColumn].inReference = true
		}
	}
	for _, l := range t.levels {
		for _, c := range l.cols {
			t.columns[c].inReference = true
		}
	}
	t.findExclusive()
	t.applyHints()
	for _, c := range t.columns {
		c.withoutReference = c.inReference && c.Required() && !t.tenantColumn(c.index) && !t.isPairType(c) && !t.isRequiredReference(c)
	}
}

func (t *table) newReference(ref *graph.Reference) *reference {
	e := &reference{Reference: ref, child: t, parent: t.schema.tables[ref.To.Relation], cols: indexes(ref.Columns), refs: indexes(ref.Key), own: indexes(ref.Own),
		optional: ref.Optional, tenant: ref.Kind == graph.TenantKey, exclusive: ref.Kind == graph.SubtypeBase}
	if ref.Pair != nil {
		e.pair, e.typeColumn, e.label = ref.Pair, ref.Pair.TypeColumn.Index, ref.Type
	}
	if ref.Subtype != nil {
		e.discriminators = map[int]string{ref.Subtype.Discriminator.Index: ref.Type}
	}
	return e
}

func indexes(columns []*catalog.Column) []int {
	out := make([]int, len(columns))
	for i, c := range columns {
		out[i] = c.Index
	}
	return out
}

func (t *table) tenantColumn(col int) bool {
	for _, l := range t.levels {
		if slices.Contains(l.cols, col) {
			return true
		}
	}
	return false
}

// findExclusive looks for unique keys that references alone decide: one reference of
// each must lead every row of a call to a parent of its own.
func (t *table) findExclusive() {
	for _, ix := range t.uniqueIndexes() {
		columns := ix.Columns()
		if len(columns) < len(ix.Keys) {
			continue
		}
		if last := t.lastReferenceOfKey(columns); last != nil {
			last.exclusive = true
		}
	}
}

// lastReferenceOfKey is the last reference that has part in a key made of references only.
func (t *table) lastReferenceOfKey(columns []string) (last *reference) {
	for _, name := range columns {
		c := t.byName[name]
		if c == nil {
			return nil
		}
		found := t.tenantColumn(c.index)
		for _, ref := range t.references {
			if slices.Contains(ref.own, c.index) {
				found = true
				if !ref.tenant || last == nil {
					last = ref
				}
			}
		}
		if !found {
			return nil
		}
	}
	return last
}
