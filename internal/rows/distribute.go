package rows

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// requestParentKeys chooses the tenants that a table batch is spread over, and requests the
// parents' keys that it needs.
func (load *bulkLoad) requestParentKeys(tb *tableBatch) error {
	if len(tb.options.associations) > 0 {
		return nil
	}
	if err := load.findTenants(tb); err != nil {
		return err
	}
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

// findTenants finds the tenants that a table batch is spread over, innermost first, and has
// their keys known.
func (load *bulkLoad) findTenants(tb *tableBatch) error {
	for i, l := range tb.table.levels {
		rel := load.schema.cat.Table(l.tenant.Table)
		if rel == nil || l.tenant.Table == "" {
			load.assignSyntheticTenant(tb, l)
			continue
		}
		t := load.batches[load.schema.tables[rel.Root()]]
		if t == nil {
			continue
		}
		if i == 0 && t != tb {
			tb.tenants = t
		}
		for _, name := range l.tenant.Key {
			load.requireKey(t, t.table.columnsByName[name].index)
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

// assignSyntheticTenant puts all rows of a plan in one made-up tenant: this level has
// no table.
func (load *bulkLoad) assignSyntheticTenant(tb *tableBatch, l level) {
	if len(l.columns) == 0 {
		return
	}
	key := load.syntheticTenants[l.tenant.Name]
	if key == nil {
		number := load.scope.next(&table{name: "tenant " + l.tenant.Name})
		key = tb.table.syntheticTenantKey(l, load.scope.seed, load.now, number)
		load.syntheticTenants[l.tenant.Name] = key
	}
	for i, col := range l.columns {
		if tb.fixedValues == nil {
			tb.fixedValues = map[int]any{}
		}
		tb.fixedValues[col] = key[i]
	}
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

// placeByAssociations fixes the columns that the caller's rows decide, once for all rows: the
// engine of Create finds or makes the parents.
func (load *bulkLoad) placeByAssociations(ctx context.Context, tb *tableBatch) error {
	b := newBatch(load.schema, load.scope, load.now)
	b.enableLookups(ctx, load.tx)
	r, err := b.newRow(tb.definition, tb.table, tb.firstNumber, nil)
	if err != nil {
		return err
	}
	if err := b.applyOptions(r, tb.options); err != nil {
		return err
	}
	if err := r.readFields(); err != nil {
		return err
	}
	r.isExample = true
	if err := b.resolveParents(r, []*row{r}); err != nil {
		return err
	}
	if err := unusedAssociation(tb.table, tb.options.associations); err != nil {
		return err
	}
	if len(b.toWrite) > 0 {
		if err := b.write(ctx, load.tx); err != nil {
			return err
		}
	}
	r.fillPending()
	tb.fixedValues = map[int]any{}
	for _, ref := range tb.table.references {
		for _, col := range ref.childColumns {
			if r.isSet[col] {
				tb.fixedValues[col] = r.values[col]
			}
		}
		if ref.pair != nil && r.isSet[ref.pairTypeColumn] {
			tb.fixedValues[ref.pairTypeColumn] = r.values[ref.pairTypeColumn]
		}
	}
	tb.tenantSpans = []int64{0, tb.size}
	return nil
}

// restrictTenant turns the In of a plan's volumes into the one tenant that all rows are
// spread over: parents are then shared within it as in any plan.
func (load *bulkLoad) restrictTenant() error {
	var tenant *parentRow
	for _, tb := range load.requested {
		n := tb.onlyTenant()
		if n == nil {
			continue
		}
		if tenant != nil && tenant.keyText() != n.keyText() {
			return fmt.Errorf("%s and %s: a plan fills one tenant, or all of them", tenant.description, n.description)
		}
		tenant = n
	}
	if tenant == nil {
		return nil
	}
	for _, tb := range load.requested {
		if tb.onlyTenant() != nil {
			tb.options.associations = nil
		}
	}
	for n := tenant; n != nil; {
		tb := &tableBatch{table: n.table, existing: true, onlyRow: n, size: 1, options: &callOptions{schema: load.schema}}
		load.batches[n.table] = tb
		var above *parentRow
		for _, p := range n.impliedParents() {
			if _, ok := load.schema.model.TenantTable(p.table.name); ok {
				above = p
			}
		}
		n = above
	}
	return nil
}

// onlyTenant is the tenant's row, where that is all that places a table batch.
func (tb *tableBatch) onlyTenant() *parentRow {
	var tenant *parentRow
	for _, a := range tb.options.associations {
		_, is := tb.table.schema.model.TenantTable(a.row.table.name)
		if a.kind != inTenant || !is || len(tb.table.levels) == 0 {
			return nil
		}
		tenant = a.row
	}
	return tenant
}
