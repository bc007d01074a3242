package rows

import (
	"fmt"
	"slices"
	"sort"

	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/fake"
)

// parentChoice is how the rows of a batch find their parents on one reference, or on one of
// the references of a polymorphic pair.
type parentChoice struct {
	references  []*reference
	parents     []*tableBatch   // for each reference, the rows that it may lead to
	cellName    string          // name of the cell that the choice is drawn from
	optional    bool            // some rows have no parent
	combination *keyCombination // the unique key that it is part of; nil: none
	// sharesColumns says that another choice decides a column of this one, too: the parents
	// must agree.
	sharesColumns bool
	// isCovered says that an earlier choice decides all columns of this one, in every row.
	isCovered bool
}

// pickedParent is the parent of one row on a parentChoice: the index of the reference, -1
// for none, and the index of the parent's row.
type pickedParent struct {
	reference int
	index     int64
	leftNull  bool // the row goes without this parent: nothing else may complete its columns
}

// orderChoices puts choices of more columns first, and finds those that share columns or
// belong to one unique key.
func (tb *tableBatch) orderChoices() {
	slices.SortStableFunc(tb.parentChoices, func(a, b *parentChoice) int { return len(b.references[0].ownColumns) - len(a.references[0].ownColumns) })
	for i, c := range tb.parentChoices {
		for j, other := range tb.parentChoices {
			if i == j || !slices.ContainsFunc(c.references[0].ownColumns, func(col int) bool { return slices.Contains(other.references[0].childColumns, col) }) {
				continue
			}
			if i < j && c.decidesAllOf(other) {
				other.isCovered = other.isCovered || !c.optional || other.optional
				continue
			}
			c.sharesColumns = true
		}
		for _, col := range c.references[0].ownColumns {
			c.sharesColumns = c.sharesColumns || tb.isConstantReference(c.references[0], col)
		}
	}
	for _, ix := range tb.table.uniqueIndexes() {
		if len(ix.Columns()) == len(ix.Keys) { // no expressions
			columns := tb.table.writtenColumns(ix.Columns())
			tb.addCombination(columns, len(columns))
		}
	}
}

// decidesAllOf reports whether the choice decides all columns of another, so that the other
// follows from it: of FOREIGN KEY (tenant, user) and FOREIGN KEY (user), or (user, team) and
// (team).
func (o *parentChoice) decidesAllOf(other *parentChoice) bool {
	return !slices.ContainsFunc(other.references[0].ownColumns, func(col int) bool { return !slices.Contains(o.references[0].ownColumns, col) })
}

// assignParents picks the parents of the current row. inTenant is its index among the rows
// of its tenant.
func (g *generator) assignParents(inTenant int64) error {
	for i := range g.picked {
		g.picked[i] = pickedParent{reference: -1}
	}
	if g.batch.baseBatch != nil {
		g.picked[0] = pickedParent{index: g.batch.baseRows[g.rowIndex]}
	}
	g.assignCombinations(inTenant)
	for i, c := range g.batch.parentChoices {
		if c.combination != nil || i == 0 && g.batch.baseBatch != nil {
			continue
		}
		if c.sharesColumns && g.isDecided(i) {
			continue
		}
		v := g.cells.Of(c.cellName)
		g.picked[i].leftNull = c.optional
		if c.optional && (!v.Chance(0.7) || g.completesNull(i)) {
			continue
		}
		g.pickParent(i, v, inTenant)
		if g.picked[i].reference < 0 && !c.optional {
			return g.noParent(c)
		}
	}
	return nil
}

// noParent says that no parent is left for a required reference.
func (g *generator) noParent(c *parentChoice) error {
	return fmt.Errorf("%s: no row of %s is left for %s: %s", g.batch.table.name, c.references[0].parent.name, c.references[0], outOfRoom.inGo)
}

// pickParent draws one of the rows that may be the parent. It picks none where no row is
// left.
func (g *generator) pickParent(i int, v *fake.Value, inTenant int64) {
	c := g.batch.parentChoices[i]
	first := v.Index(len(c.references))
	for try := range c.references {
		k := (first + try) % len(c.references)
		lo, hi := g.rangeBesidePicked(c, k)
		if c.sharesColumns {
			if at, ok := g.matchingParent(i, k, lo, hi, v, inTenant); ok {
				g.picked[i] = pickedParent{reference: k, index: at}
				return
			}
			continue
		}
		at := lo + int64(v.Skewed(int(max(hi-lo, 1))))
		if ref := c.references[k]; ref.exclusive {
			at = g.exclusiveParent(ref, c, lo, hi, inTenant)
		}
		if at < hi {
			g.picked[i] = pickedParent{reference: k, index: at}
			return
		}
	}
}

// rangeOf returns the rows of a parent batch that the current row may reference, without
// regard to the parents that it has already.
func (g *generator) rangeOf(parent *tableBatch) (lo, hi int64) {
	lo, hi, _ = parent.rangeWithin(func(up *tableBatch) (int64, bool) { return g.tenantIndex(parent, up) })
	return lo, hi
}

// tenantIndex returns the index of the current row's tenant among those of a batch. A row of
// a tenant's own table is the tenant of the rows that belong to it.
func (g *generator) tenantIndex(parent, up *tableBatch) (int64, bool) {
	if up == g.batch && up != parent {
		return g.rowIndex, true
	}
	return g.batch.tenantAbove(up, g.tenant)
}

// rangeBesidePicked is rangeOf for a reference of a choice, but the rows also belong to the
// tenants of the parents that the row has already: the two parents of a row that names no
// tenant are of one. A required parent may be of another tenant where that one has none.
func (g *generator) rangeBesidePicked(c *parentChoice, k int) (lo, hi int64) {
	parent := c.parents[k]
	wideLo, wideHi := g.rangeOf(parent)
	if c.references[k].exclusive {
		return wideLo, wideHi
	}
	lo, hi, _ = parent.rangeWithin(func(up *tableBatch) (int64, bool) {
		if at, ok := g.tenantIndex(parent, up); ok {
			return at, true
		}
		return g.tenantOfPicked(parent, up)
	})
	if lo == hi && !c.optional {
		return wideLo, wideHi
	}
	return lo, hi
}

// tenantOfPicked returns the index, among the tenants of a batch, of the tenant that a parent
// picked before belongs to or is. It returns false where there is none.
func (g *generator) tenantOfPicked(parent, up *tableBatch) (int64, bool) {
	for j, picked := range g.picked {
		if picked.reference < 0 {
			continue
		}
		p := g.batch.parentChoices[j].parents[picked.reference]
		if p == up && up != parent {
			return picked.index, true
		}
		for at, index := p, picked.index; at.tenants != nil && at.tenantSpans != nil; at = at.tenants {
			index = int64(at.tenantOf(index))
			if at.tenants == up {
				return index, true
			}
		}
	}
	return 0, false
}

// exclusiveParent returns a parent that no other row of the batch has.
func (g *generator) exclusiveParent(ref *reference, c *parentChoice, lo, hi, inTenant int64) int64 {
	switch {
	case hi <= lo:
		return hi
	case g.batch.isSharedAcrossTenants(ref):
		return lo + (inTenant+int64(fake.Derive(uint64(g.tenant), c.cellName)%uint64(hi-lo)))%(hi-lo)
	case g.batch.isTenantOf(c.parents[0]):
		return lo
	case lo == 0 && hi == c.parents[0].size:
		return g.rowIndex // all tenants share the parents, one after the other
	}
	return lo + inTenant
}

// isDecided reports whether the parents picked before decide all columns of a choice.
func (g *generator) isDecided(i int) bool {
	for _, col := range g.batch.parentChoices[i].references[0].ownColumns {
		if _, ok := g.chosenValue(i, col); !ok {
			return false
		}
	}
	return true
}

// completesNull reports whether a choice decides a column of an earlier one that the row goes
// without. Of FOREIGN KEY (dir, ws) and FOREIGN KEY (ws), a row without the first must not
// get a ws by the second: the two columns would lead to a row that is not there.
func (g *generator) completesNull(i int) bool {
	for j, earlier := range g.batch.parentChoices[:i] {
		if g.picked[j].leftNull && slices.ContainsFunc(g.batch.parentChoices[i].references[0].childColumns, func(col int) bool { return slices.Contains(earlier.references[0].childColumns, col) }) {
			return true
		}
	}
	return false
}

// chosenValue returns the value that the parents picked before choice i give a column.
func (g *generator) chosenValue(i, col int) (any, bool) {
	for j, c := range g.batch.parentChoices[:i] {
		picked := g.picked[j]
		if picked.reference < 0 {
			continue
		}
		ref, parent := c.references[picked.reference], c.parents[picked.reference]
		if k := slices.Index(ref.childColumns, col); k >= 0 {
			return parent.keyColumns[ref.parentColumns[k]].at(picked.index), true
		}
	}
	return nil, false
}

// matchingParent draws a parent, of those from lo up to hi, that agrees with the parents
// picked before.
func (g *generator) matchingParent(i, k int, lo, hi int64, v *fake.Value, inTenant int64) (int64, bool) {
	c := g.batch.parentChoices[i]
	ref, p := c.references[k], c.parents[k]
	var found []int64
	narrowed, byParents := false, false // by the parents picked before
	for n, col := range ref.childColumns {
		want, ok := g.chosenValue(i, col)
		byParents = byParents || ok && !g.batch.table.isTenantColumn(col)
		if !ok && g.batch.isConstantReference(ref, col) {
			want, ok = g.batch.table.columns[col].rule().choices[0], true
		}
		if !ok || g.batch.table.isTenantColumn(col) {
			continue
		}
		rows := p.rowsWith(ref.parentColumns[n], want)
		if narrowed {
			rows = slices.DeleteFunc(slices.Clone(rows), func(at int64) bool { return !slices.Contains(found, at) })
		}
		found, narrowed = rows, true
	}
	if !narrowed {
		return lo + int64(v.Skewed(int(max(hi-lo, 1)))), hi > lo
	}
	from := sort.Search(len(found), func(n int) bool { return found[n] >= lo })
	to := sort.Search(len(found), func(n int) bool { return found[n] >= hi })
	if from == to {
		return 0, false
	}
	if ref.exclusive && !byParents {
		return found[min(from+int(inTenant), to-1)], from+int(inTenant) < to
	}
	return found[from+v.Skewed(to-from)], true
}

// isConstantReference reports whether a CHECK allows one text in a column of a reference over
// several: only parents with that text will do.
func (tb *tableBatch) isConstantReference(ref *reference, col int) bool {
	c := tb.table.columns[col]
	return ref.pair == nil && len(ref.childColumns) > 1 && !tb.table.isTenantColumn(col) && c.isTextual() && len(c.rule().choices) == 1
}

// rowsWith returns the indexes of the rows that have a value in a key column, in order.
func (tb *tableBatch) rowsWith(col int, value any) []int64 {
	if tb.rowsByValue == nil {
		tb.rowsByValue = map[int]map[any][]int64{}
	}
	if tb.rowsByValue[col] == nil {
		tb.rowsByValue[col] = map[any][]int64{}
		for i := range tb.size {
			x := tb.keyColumns[col].at(i)
			tb.rowsByValue[col][x] = append(tb.rowsByValue[col][x], i)
		}
	}
	return tb.rowsByValue[col][value]
}

// isSharedAcrossTenants reports whether rows of different tenants may have the same parent
// on an exclusive reference: a user may be a member of several spaces.
func (tb *tableBatch) isSharedAcrossTenants(ref *reference) bool {
	if ref.pair != nil || len(ref.discriminators) > 0 {
		return false
	}
	for _, ix := range tb.table.uniqueIndexes() {
		isOther := func(k catalog.IndexKey) bool {
			c := tb.table.columnsByName[k.Column]
			return c == nil || !slices.Contains(ref.ownColumns, c.index)
		}
		if !slices.ContainsFunc(ix.Keys, isOther) {
			return false
		}
	}
	return true
}
