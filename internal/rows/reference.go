package rows

import (
	"slices"

	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/graph"
)

// reference is a reference of the graph, with columns by their index, and with what the rows
// of a call have to know of it.
type reference struct {
	*graph.Reference
	child, parent *table
	childColumns  []int // indexes of the child's columns
	parentColumns []int // indexes of the parent's columns, in parallel
	ownColumns    []int // those of childColumns that no other reference decides
	optional      bool  // it may be NULL
	toTenant      bool  // its parent is the tenant of the row
	exclusive     bool  // a unique key allows each parent one child, so the rows of a call must not share parents
	neverSet      bool  // it stays NULL: a CHECK demands that

	pair           *graph.Pair // nil: not polymorphic
	assumed        bool        // nothing says that the pair points at the parent's table: see assumePairTargets
	pairTypeColumn int         // index of the pair's type column
	pairType       string      // the type by which the pair names the parent's table

	// discriminators are the values, by column, that the parent must have: the row of a
	// subtype needs a base of its type.
	discriminators map[int]string
}

// keyConsistsOfReferences reports whether every column of the primary key belongs to a
// reference or a tenant: two calls that give the same parents then make the same row.
func (t *table) keyConsistsOfReferences() bool {
	pk := t.relation.PrimaryKey()
	return pk != nil && !slices.ContainsFunc(pk.Columns, func(name string) bool { return !t.columnsByName[name].inReference })
}

// isRequiredReference reports whether a column is one of a reference that every row has.
func (t *table) isRequiredReference(c *column) bool {
	return slices.ContainsFunc(t.references, func(ref *reference) bool { return !ref.optional && slices.Contains(ref.childColumns, c.index) })
}

// checkedAtOnce reports whether Postgres checks the reference with the INSERT of the child,
// not at the end of the transaction: the parent's row must be there before.
func (ref *reference) checkedAtOnce() bool { return ref.Declared != nil && !ref.Declared.Deferred }

// parentColumnNames returns the quoted names of the referenced columns.
func (ref *reference) parentColumnNames() string {
	var names []string
	for _, c := range ref.parentColumns {
		names = append(names, ref.parent.columns[c].name)
	}
	return catalog.Idents(names)
}

// applyHints makes a nullable reference required, or keeps it NULL, where a search has
// found that CHECKs demand it.
func (t *table) applyHints() {
	for _, ref := range t.references {
		for _, c := range ref.ownColumns {
			if want, known := t.schema.solved.references[columnKey{t.name, t.columns[c].name}]; known {
				ref.optional, ref.neverSet = !want, !want
			}
		}
	}
}

// addReferences prepares the references of the graph and marks the columns that they
// decide.
func (t *table) addReferences() {
	for _, ref := range t.graphTable.References {
		t.references = append(t.references, t.newReference(ref))
	}
	t.assumePairTargets()
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
		c.mayLackReference = c.inReference && c.Required() && !t.isTenantColumn(c.index) && (t.isAssumedPairColumn(c) || !t.isPairTypeColumn(c) && !t.isRequiredReference(c))
	}
}

// passChoicesOn tells the parents which values CHECKs allow in the columns that reference
// theirs: of FOREIGN KEY (kind, id) with CHECK (kind = 'saw'), the parents are saws.
func (t *table) passChoicesOn() {
	for _, ref := range t.references {
		for i, col := range ref.childColumns {
			p := ref.parent.columns[ref.parentColumns[i]]
			if len(ref.childColumns) == 1 || ref.pair != nil || p.inReference || t.isTenantColumn(col) || !p.isTextual() {
				continue
			}
			for _, choice := range t.columns[col].rule().choices {
				if !slices.Contains(p.childChoices, choice) {
					p.childChoices = append(p.childChoices, choice)
				}
			}
		}
	}
}

// newReference prepares a reference of the graph.
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

// isTenantColumn reports whether a column belongs to the key of a tenant.
func (t *table) isTenantColumn(col int) bool {
	for _, l := range t.levels {
		if slices.Contains(l.columns, col) {
			return true
		}
	}
	return false
}

// markExclusive finds the unique keys that references alone decide, and makes one reference
// of each exclusive: with it, every row of a call has a parent of its own and so another
// key.
func (t *table) markExclusive() {
	for _, ix := range t.uniqueIndexes() {
		columns := ix.Columns()
		if len(columns) < len(ix.Keys) {
			continue
		}
		last := t.lastReferenceOfKey(t.writtenColumns(columns))
		for _, ref := range t.references {
			if last != nil && (ref == last || ref.pair != nil && ref.pair == last.pair || slices.Equal(ref.ownColumns, last.ownColumns)) {
				ref.exclusive = true
			}
		}
	}
}

// rank orders the references of a key by how well they tell rows apart: the tenant's does
// least, since there are few, and a pair would have to find other targets.
func (ref *reference) rank() int {
	switch {
	case ref.toTenant:
		return 0
	case ref.pair != nil:
		return 1
	}
	return 2
}

// lastReferenceOfKey returns the last reference that decides a column of a key, where
// references and tenants decide all of them; otherwise nil.
func (t *table) lastReferenceOfKey(columns []string) (last *reference) {
	for _, name := range columns {
		c := t.columnsByName[name]
		if c == nil {
			return nil
		}
		found := t.isTenantColumn(c.index) || t.isPairTypeColumn(c)
		for _, ref := range t.references {
			if slices.Contains(ref.ownColumns, c.index) {
				found = true
				if last == nil || ref.rank() >= last.rank() {
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
