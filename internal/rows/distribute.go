package rows

import (
	"context"
	"fmt"
	"math"
	"slices"
	"sort"
	"strings"
)

// requestParentKeys finds the tenants of a batch, orders its choices of parents, and
// requires the keys of those parents.
func (load *bulkLoad) requestParentKeys(tb *tableBatch) error {
	if len(tb.options.associations) > 0 {
		return nil
	}
	load.findTenants(tb)
	if tb.baseBatch != nil {
		if err := load.linkToBase(tb); err != nil {
			return err
		}
	} else {
		tb.orderChoices()
	}
	for _, c := range tb.parentChoices {
		for i, ref := range c.references {
			for k, column := range ref.parentColumns {
				if ref.child.isTenantColumn(ref.childColumns[k]) {
					continue
				}
				load.requireKey(c.parents[i], column)
			}
		}
	}
	return nil
}

// linkToBase makes a subtype's reference to its base the first choice, and requires its
// keys.
func (load *bulkLoad) linkToBase(tb *tableBatch) error {
	for _, ref := range tb.table.references {
		if len(ref.discriminators) == 0 || ref.parent != tb.baseBatch.table {
			continue
		}
		others := slices.DeleteFunc(tb.parentChoices, func(c *parentChoice) bool { return slices.Contains(c.references, ref) })
		tb.parentChoices = append([]*parentChoice{{references: []*reference{ref}, parents: []*tableBatch{tb.baseBatch}, cellName: "base"}}, others...)
		for _, column := range ref.parentColumns {
			load.requireKey(tb.baseBatch, column)
		}
		return nil
	}
	return fmt.Errorf("%s is a subtype of %s without a reference to it", tb.table.name, tb.baseBatch.table.name)
}

// distribute decides which rows belong to which tenant. The order of the load puts parents
// first, except where references run in a circle.
func (load *bulkLoad) distribute(ctx context.Context, tb *tableBatch) error {
	if tb.distributed {
		return nil
	}
	tb.distributed = true
	if tb.tenants != nil {
		if err := load.distribute(ctx, tb.tenants); err != nil {
			return err
		}
	}
	switch {
	case len(tb.options.associations) > 0:
		return load.placeByAssociations(ctx, tb)
	case tb.baseBatch != nil:
		return nil
	case tb.onlyRow != nil:
		return load.loadOnlyRow(tb)
	case tb.existing:
		return load.loadKeys(ctx, tb)
	}
	if load.hasRows[tb.table] {
		if err := load.loadTakenCombinations(ctx, tb); err != nil {
			return err
		}
	}
	if err := load.divideAmongTenants(tb); err != nil {
		return err
	}
	for _, key := range tb.keyColumns {
		if !key.isSerial {
			continue
		}
		var err error
		if key.firstNumber, err = load.reserveSequence(ctx, tb.table.columnsByName[key.column], tb.size); err != nil {
			return err
		}
	}
	return nil
}

// divideAmongTenants divides the rows among the tenants, within the limits that their
// parents set.
func (load *bulkLoad) divideAmongTenants(tb *tableBatch) error {
	tenants := int64(1)
	if tb.tenants != nil {
		tenants = tb.tenants.size
	}
	limits := make([]int64, tenants)
	for tenant := range limits {
		limits[tenant] = tb.rowLimit(int64(tenant))
	}
	counts := divide(min(tb.size, tb.sharedRowLimit()), limits)
	tb.tenantSpans = spansFromCounts(counts)
	made := tb.tenantSpans[len(counts)]
	if made < tb.size && tb.requested {
		if load.shortages.askForMore(tb) {
			return errMoreParents
		}
		return &RoomError{Table: tb.table.name, Rows: tb.size, Most: made, Parents: tb.scarceParents()}
	}
	tb.size = made
	return nil
}

// rowLimit returns how many rows a tenant can have: of parents that may have one child
// each, as many as the tenant has; of a join table, as many as there are combinations.
func (tb *tableBatch) rowLimit(tenant int64) int64 {
	const unlimited = math.MaxInt64 / 4
	limit := int64(unlimited)
	for _, combination := range tb.keyCombinations {
		n, known := tb.combinations(combination, tenant)
		if !known {
			return limit
		}
		limit = min(limit, n)
	}
	for _, c := range tb.parentChoices {
		if c.optional || c.combination != nil || c.isCovered {
			continue
		}
		var choices int64
		for i, ref := range c.references {
			lo, hi, known := tb.parentRange(c.parents[i], tenant)
			if !known {
				return limit
			}
			if parents := hi - lo; !ref.exclusive && parents > 0 {
				choices = unlimited
			} else {
				choices = max(choices, parents)
			}
		}
		limit = min(limit, choices)
	}
	return limit
}

// sharedRowLimit returns how many rows the parents that all tenants share allow altogether.
func (tb *tableBatch) sharedRowLimit() int64 {
	limit := int64(math.MaxInt64 / 4)
	for _, combination := range tb.keyCombinations {
		if n, known := tb.combinations(combination, 0); known && combination.acrossTenants {
			limit = min(limit, n)
		}
	}
	for _, c := range tb.parentChoices {
		p := c.parents[0]
		if c.optional || c.combination != nil || c.isCovered || len(c.references) > 1 || !c.references[0].exclusive || tb.isSharedAcrossTenants(c.references[0]) {
			continue
		}
		if p.tenantSpans != nil || p.existing {
			limit = min(limit, p.size)
		}
	}
	return limit
}

// divide divides n rows among tenants: at least one each where n suffices, more for the
// first ones, and never more than a tenant's limit.
func divide(n int64, limits []int64) []int64 {
	counts := make([]int64, len(limits))
	var totalWeight float64
	withRoom := int64(0) // tenants that can have rows
	for i, limit := range limits {
		if limit > 0 {
			totalWeight += weight(i)
			withRoom++
		}
	}
	afterFirst := n // rows beyond the first one of each tenant
	for i, limit := range limits {
		if limit > 0 && n >= withRoom {
			counts[i], afterFirst = 1, afterFirst-1
		}
	}
	for i, limit := range limits {
		if limit > 0 {
			counts[i] += min(int64(float64(afterFirst)*weight(i)/totalWeight), limit-counts[i])
		}
	}
	rest := n // rows that rounding and the limits have left over
	for _, c := range counts {
		rest -= c
	}
	for progress := true; rest > 0 && progress; {
		progress = false
		for i, limit := range limits {
			if rest > 0 && counts[i] < limit {
				more := min(max(rest/int64(len(limits)), 1), limit-counts[i], rest)
				counts[i], rest, progress = counts[i]+more, rest-more, true
			}
		}
	}
	return counts
}

// weight is the share of a tenant by its rank. It falls as a power of the rank: of a
// thousand tenants, the largest hundred get half of the rows.
func weight(rank int) float64 { return 1 / math.Pow(float64(rank+1), 0.7) }

// spansFromCounts returns where each tenant's rows begin and, last, how many there are.
func spansFromCounts(counts []int64) []int64 {
	spans := make([]int64, len(counts)+1)
	for i, c := range counts {
		spans[i+1] = spans[i] + c
	}
	return spans
}

// RoomError says that a table's parents allow fewer rows than a plan asks for.
type RoomError struct {
	Table      string
	Rows, Most int64
	Parents    []string // of which more would help
}

func (e *RoomError) Error() string {
	return fmt.Sprintf("%s: %d rows asked for, its parents leave room for %d: ask for more of %s in the plan",
		e.Table, e.Rows, e.Most, strings.Join(e.Parents, " and of "))
}

// scarceParents returns the tables of which more rows would allow more rows of this one.
func (tb *tableBatch) scarceParents() []string {
	var out []string
	for _, c := range tb.parentChoices {
		if name := c.references[0].parent.name; !c.optional && (c.combination != nil || c.references[0].exclusive) && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	if tb.tenants != nil && !slices.Contains(out, tb.tenants.table.name) {
		out = append(out, tb.tenants.table.name)
	}
	return out
}

// tenantOf returns the tenant of the row at an index: the last one whose rows begin no
// later.
func (tb *tableBatch) tenantOf(index int64) int {
	return sort.Search(len(tb.tenantSpans), func(i int) bool { return tb.tenantSpans[i] > index }) - 1
}

// parentRange returns the rows of a parent batch that the rows of a tenant may reference:
// from lo, up to but not including hi. known is false where the parent's rows are not
// distributed yet.
func (tb *tableBatch) parentRange(parent *tableBatch, tenant int64) (lo, hi int64, known bool) {
	return parent.rangeWithin(func(up *tableBatch) (int64, bool) {
		if up == tb && up != parent {
			return -1, true // a row of a tenant's table may have the parents that are its own
		}
		return tb.tenantAbove(up, tenant)
	})
}

// rangeWithin returns the rows of a batch that belong to the innermost tenant above them of
// which indexOf knows the index: all rows where it knows none. Rows are in the order of their
// tenants, at each level, so they are consecutive. known is false where they are not
// distributed yet, or where the index is negative.
func (tb *tableBatch) rangeWithin(indexOf func(up *tableBatch) (index int64, ok bool)) (lo, hi int64, known bool) {
	var below []*tableBatch // the batches from tb up to, but not including, the tenant's
	for up := tb; up != nil; up = up.tenants {
		index, ok := indexOf(up)
		if !ok {
			below = append(below, up)
			continue
		}
		lo, hi = index, index+1
		for _, b := range slices.Backward(below) {
			if b.tenantSpans == nil || lo < 0 {
				return 0, 0, false
			}
			lo, hi = b.tenantSpans[lo], b.tenantSpans[hi]
		}
		return lo, hi, true
	}
	return 0, tb.size, tb.tenantSpans != nil || tb.existing
}

// isTenantOf reports whether the rows of another batch belong to rows of this one.
func (tb *tableBatch) isTenantOf(other *tableBatch) bool {
	for up := other.tenants; up != nil; up = up.tenants {
		if up == tb {
			return true
		}
	}
	return false
}

// isConfined reports whether rows of different tenants of the batch have different parents in
// a batch.
func (tb *tableBatch) isConfined(parent *tableBatch) bool {
	for up := parent; up != nil; up = up.tenants {
		if _, ok := tb.tenantAbove(up, 0); ok {
			return true
		}
	}
	return false
}

// tenantAbove returns the index, among the tenants of an outer level, of the one that an
// innermost tenant belongs to. It returns false where that is no level of the batch.
func (tb *tableBatch) tenantAbove(tenants *tableBatch, tenant int64) (int64, bool) {
	for at := tb.tenants; at != nil; at = at.tenants {
		if at == tenants {
			return tenant, true
		}
		if at.tenants != nil {
			tenant = int64(at.tenantOf(tenant))
		}
	}
	return 0, false
}
