package rows

import (
	"fmt"
	"slices"
	"sort"

	"github.com/qarion/seedbed/internal/fake"
)

// parentChoice is how a table batch's rows find their parents on a reference, or on one of the references
// of a polymorphic pair.
type parentChoice struct {
	references  []*reference
	parents     []*tableBatch
	cellName    string          // column whose cell decides
	optional    bool            // optional: some rows do without
	combination *keyCombination // the unique key that it decides together with others
	// overlaps says that a column of it belongs to another choice as well.
	sharesColumns bool
}

// pickedParent is a row's parent: the reference of the choice, -1 for none, and which row.
type pickedParent struct {
	reference int
	index     int64
}

// orderChoices puts choices in the order in which they are decided, those of more
// columns first, and finds what they have in common.
func (tb *tableBatch) orderChoices() {
	slices.SortStableFunc(tb.parentChoices, func(a, b *parentChoice) int { return len(b.references[0].ownColumns) - len(a.references[0].ownColumns) })
	for i, c := range tb.parentChoices {
		for combination, other := range tb.parentChoices {
			c.sharesColumns = c.sharesColumns || i != combination && slices.ContainsFunc(c.references[0].ownColumns, func(col int) bool { return slices.Contains(other.references[0].childColumns, col) })
		}
	}
	for _, ix := range tb.table.uniqueIndexes() {
		tb.addCombination(ix.Columns(), len(ix.Keys))
	}
}

// assignParents finds the parents of the row at hand.
func (g *generator) assignParents(inTenant int64) error {
	if g.batch.baseBatch != nil {
		g.picked[0] = pickedParent{0, g.batch.baseRows[g.rowIndex]}
	}
	g.assignCombinations(inTenant)
	for i, c := range g.batch.parentChoices {
		if c.combination != nil || i == 0 && g.batch.baseBatch != nil {
			continue
		}
		g.picked[i].reference = -1
		if c.sharesColumns && g.isDecided(i) {
			continue
		}
		v := g.cells.Of(c.cellName)
		if c.optional && !v.Chance(0.7) {
			continue
		}
		g.pickParent(i, v, inTenant)
		if g.picked[i].reference < 0 && !c.optional {
			return g.noParent(c)
		}
	}
	return nil
}

func (g *generator) noParent(c *parentChoice) error {
	return fmt.Errorf("%s: no row of %s is left for %s: ask for more of those in the plan", g.batch.table.name, c.references[0].parent.name, c.references[0])
}

// pickParent takes one of the rows that may be the parent.
func (g *generator) pickParent(i int, v *fake.Value, inTenant int64) {
	c := g.batch.parentChoices[i]
	first := v.Index(len(c.references))
	for try := range c.references {
		k := (first + try) % len(c.references)
		lo, hi, _ := g.batch.parentRange(c.parents[k], g.tenant)
		if c.sharesColumns {
			if at, ok := g.matchingParent(i, k, lo, hi, v); ok {
				g.picked[i] = pickedParent{k, at}
				return
			}
			continue
		}
		at := lo + int64(v.Skewed(int(max(hi-lo, 1))))
		if ref := c.references[k]; ref.exclusive {
			at = g.exclusiveParent(ref, c, lo, hi, inTenant)
		}
		if at < hi {
			g.picked[i] = pickedParent{k, at}
			return
		}
	}
}

// exclusiveParent gives every row another parent.
func (g *generator) exclusiveParent(ref *reference, c *parentChoice, lo, hi, inTenant int64) int64 {
	switch {
	case hi <= lo:
		return hi
	case g.batch.isSharedAcrossTenants(ref):
		return lo + (inTenant+int64(fake.Derive(uint64(g.tenant), c.cellName)%uint64(hi-lo)))%(hi-lo)
	case lo == 0 && hi == c.parents[0].size:
		return g.rowIndex // parents of all tenants: rows of all tenants go through them
	}
	return lo + inTenant
}

// isDecided reports whether the parents chosen before give all columns of a choice.
func (g *generator) isDecided(i int) bool {
	for _, col := range g.batch.parentChoices[i].references[0].ownColumns {
		if _, ok := g.chosenValue(i, col); !ok {
			return false
		}
	}
	return true
}

// chosenValue is what a parent chosen before choice i gives a column.
func (g *generator) chosenValue(i, col int) (any, bool) {
	for combination, c := range g.batch.parentChoices[:i] {
		at := g.picked[combination]
		if at.reference < 0 {
			continue
		}
		if k := slices.Index(c.references[at.reference].childColumns, col); k >= 0 {
			return c.parents[at.reference].keyColumns[c.references[at.reference].parentColumns[k]].at(at.index), true
		}
	}
	return nil, false
}

// matchingParent is a parent that agrees with those chosen before.
func (g *generator) matchingParent(i, k int, lo, hi int64, v *fake.Value) (int64, bool) {
	c := g.batch.parentChoices[i]
	ref, p := c.references[k], c.parents[k]
	var found []int64
	narrowed := false
	for n, col := range ref.childColumns {
		want, ok := g.chosenValue(i, col)
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
	return found[from+v.Skewed(to-from)], true
}

// rowsWith are a table batch's rows that have a value in a column, in order.
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

// isSharedAcrossTenants reports whether rows of several tenants may have the same parent on an
// exclusive reference: members may be members elsewhere too.
func (tb *tableBatch) isSharedAcrossTenants(ref *reference) bool {
	if ref.pair != nil || len(ref.discriminators) > 0 {
		return false
	}
	for _, ix := range tb.table.uniqueIndexes() {
		inside := true
		for _, k := range ix.Keys {
			c := tb.table.columnsByName[k.Column]
			own := false
			for _, col := range ref.ownColumns {
				own = own || c != nil && c.index == col
			}
			inside = inside && own
		}
		if inside {
			return false
		}
	}
	return true
}
