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
	child, parent               *table
	childColumns, parentColumns []int // of child and parent, in parallel
	ownColumns                  []int // those of cols that only this reference decides
	optional                    bool  // the row may do without
	toTenant                    bool  // it leads to the tenant itself
	// exclusive parents have one child: rows of one call must not share them.
	exclusive bool
	neverSet  bool // it stays empty: a CHECK wants another one

	pair           *graph.Pair
	pairTypeColumn int    // column of the pair's type
	pairType       string // the type that stands for parent

	// fixes columns of the parent: a subtype's row needs a base of its type.
	discriminators map[int]string
}

// isRequiredReference reports whether a column is one of a reference that every row has.
func (t *table) isRequiredReference(c *column) bool {
	return slices.ContainsFunc(t.references, func(ref *reference) bool { return !ref.optional && slices.Contains(ref.childColumns, c.index) })
}

// parentColumnNames are the parent's columns that the reference is to.
func (ref *reference) parentColumnNames() string {
	var names []string
	for _, c := range ref.parentColumns {
		names = append(names, ref.parent.columns[c].name)
	}
	return catalog.Idents(names)
}

// applyHints applies what a search found about references: which of the optional ones a
// CHECK wants, and which it does not.
func (t *table) applyHints() {
	for _, ref := range t.references {
		for _, c := range ref.ownColumns {
			if want, known := t.schema.wantedReferences[columnKey{t.name, t.columns[c].name}]; known {
				ref.optional, ref.neverSet = !want, !want
			}
		}
	}
}

func (t *table) addReferences() {
	for _, ref := range t.graphTable.References {
		t.references = append(t.references, t.newReference(ref))
	}
	for _, ref := range t.references {
		for _, c := range ref.childColumns {
			t.columns[c].inReference = true
		}
		if ref.pair != nil {
			t.columns[ref.pairTypeColumn].inReference = true
		}
	}
	for _, l := range t.levels {
		for _, c := range l.columns {
			t.columns[c].inReference = true
		}
	}
	t.markExclusive()
	t.applyHints()
	for _, c := range t.columns {
		c.mayLackReference = c.inReference && c.Required() && !t.isTenantColumn(c.index) && !t.isPairTypeColumn(c) && !t.isRequiredReference(c)
	}
}

func (t *table) newReference(from *graph.Reference) *reference {
	ref := &reference{Reference: from, child: t, parent: t.schema.tables[from.To.Relation], childColumns: columnIndexes(from.Columns), parentColumns: columnIndexes(from.Key), ownColumns: columnIndexes(from.Own),
		optional: from.Optional, toTenant: from.Kind == graph.TenantKey, exclusive: from.Kind == graph.SubtypeBase}
	if from.Pair != nil {
		ref.pair, ref.pairTypeColumn, ref.pairType = from.Pair, from.Pair.TypeColumn.Index, from.Type
	}
	if from.Subtype != nil {
		ref.discriminators = map[int]string{from.Subtype.Discriminator.Index: from.Type}
	}
	return ref
}

func columnIndexes(columns []*catalog.Column) []int {
	out := make([]int, len(columns))
	for i, c := range columns {
		out[i] = c.Index
	}
	return out
}

func (t *table) isTenantColumn(col int) bool {
	for _, l := range t.levels {
		if slices.Contains(l.columns, col) {
			return true
		}
	}
	return false
}

// markExclusive looks for unique keys that references alone decide: one reference of
// each must lead every row of a call to a parent of its own.
func (t *table) markExclusive() {
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
		c := t.columnsByName[name]
		if c == nil {
			return nil
		}
		found := t.isTenantColumn(c.index)
		for _, ref := range t.references {
			if slices.Contains(ref.ownColumns, c.index) {
				found = true
				if !ref.toTenant || last == nil {
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
