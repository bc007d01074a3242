package rows

import (
	"context"
	"fmt"
	"math"
	"slices"
	"sort"
	"strings"
)

// requestParentKeys chooses the tenants that a table batch is spread over, and requests the
// parents' keys that it needs.
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

// linkToBase gives a subtype's rows the keys of their base rows.
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

// distribute divides a table batch's rows among the tenants. Parents have been laid out before,
// except where references run in a circle.
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

// divideAmongTenants gives rows to tenants that have the parents for them.
func (load *bulkLoad) divideAmongTenants(tb *tableBatch) error {
	tenants := int64(1)
	if tb.tenants != nil {
		tenants = tb.tenants.size
	}
	room := make([]int64, tenants)
	for tenant := range room {
		room[tenant] = tb.rowLimit(int64(tenant))
	}
	counts := divide(min(tb.size, tb.sharedRowLimit()), room)
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

// rowLimit is how many rows tenant p can have.
func (tb *tableBatch) rowLimit(tenant int64) int64 {
	const plenty = math.MaxInt64 / 4
	room := int64(plenty)
	for _, c := range tb.parentChoices {
		if c.optional {
			continue
		}
		if c.combination != nil {
			n, known := tb.combinations(c.combination, tenant)
			if !known {
				return room
			}
			room = min(room, n)
			continue
		}
		var size int64
		for i, ref := range c.references {
			lo, hi, known := tb.parentRange(c.parents[i], tenant)
			if !known {
				return room
			}
			if n := hi - lo; !ref.exclusive && n > 0 {
				size = plenty
			} else {
				size = max(size, n)
			}
		}
		room = min(room, size)
	}
	return room
}

// sharedRowLimit is how many rows the parents leave room for that rows of all tenants share.
func (tb *tableBatch) sharedRowLimit() int64 {
	limit := int64(math.MaxInt64 / 4)
	for _, c := range tb.parentChoices {
		if c.combination != nil && c.combination.acrossTenants {
			if n, known := tb.combinations(c.combination, 0); known {
				limit = min(limit, n)
			}
			continue
		}
		p := c.parents[0]
		if c.optional || c.combination != nil || len(c.references) > 1 || !c.references[0].exclusive || tb.isSharedAcrossTenants(c.references[0]) {
			continue
		}
		if p.tenantSpans != nil || p.existing {
			limit = min(limit, p.size)
		}
	}
	return limit
}

// divide spreads n rows over tenants: at least one each where there are enough, and
// never more than a tenant has room for.
func divide(n int64, room []int64) []int64 {
	counts := make([]int64, len(room))
	var total float64
	open := int64(0)
	for i, r := range room {
		if r > 0 {
			total += weight(i)
			open++
		}
	}
	left := n
	for i, r := range room {
		if r > 0 && n >= open {
			counts[i], left = 1, left-1
		}
	}
	for i, r := range room {
		if r > 0 {
			more := min(int64(float64(left)*weight(i)/total), r-counts[i])
			counts[i] += more
		}
	}
	rest := n
	for _, c := range counts {
		rest -= c
	}
	for rest > 0 { // what rounding and full tenants left over
		moved := false
		for i, r := range room {
			if rest > 0 && counts[i] < r {
				more := min(max(rest/int64(len(room)), 1), r-counts[i], rest)
				counts[i], rest, moved = counts[i]+more, rest-more, true
			}
		}
		if !moved {
			break
		}
	}
	return counts
}

// weights of tenants fall as a power of their rank: with a thousand of them, the
// largest tenth has half of the rows.
func weight(rank int) float64 { return 1 / math.Pow(float64(rank+1), 0.7) }

func spansFromCounts(counts []int64) []int64 {
	spans := make([]int64, len(counts)+1)
	for i, c := range counts {
		spans[i+1] = spans[i] + c
	}
	return spans
}

// RoomError says that the parents that a plan has leave room for fewer rows of a table
// than were asked for.
type RoomError struct {
	Table      string
	Rows, Most int64
	Parents    []string // of which more would help
}

func (e *RoomError) Error() string {
	return fmt.Sprintf("%s: %d rows asked for, its parents leave room for %d: ask for more of %s in the plan",
		e.Table, e.Rows, e.Most, strings.Join(e.Parents, " and of "))
}

// scarceParents are the parents that may have few children each.
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

// tenantOf of the row at an index: the last one whose rows begin no later.
func (tb *tableBatch) tenantOf(index int64) int {
	return sort.Search(len(tb.tenantSpans), func(i int) bool { return tb.tenantSpans[i] > index }) - 1
}

// parentRange is the range of a parent batch's rows that rows of tenant p may belong to;
// false where the parent is not laid out yet.
func (tb *tableBatch) parentRange(parent *tableBatch, tenant int64) (lo, hi int64, known bool) {
	tenants := tb.tenants
	for at := tenants; at != nil; at = at.tenants {
		if at == parent {
			return tenant, tenant + 1, true
		}
		if at == parent.tenants {
			if parent.tenantSpans == nil {
				return 0, 0, false
			}
			return parent.tenantSpans[tenant], parent.tenantSpans[tenant+1], true
		}
		if at.tenants != nil {
			tenant = int64(at.tenantOf(tenant))
		}
	}
	return 0, parent.size, parent.tenantSpans != nil || parent.existing
}

// tenantAbove is the index, at the level of the tenants given, of the one that p is in.
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
