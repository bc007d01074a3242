package rows

import (
	"context"
	"fmt"

	"github.com/qarion/seedbed"
)

// restrictTenant makes the tenant that volumes name with In the only one, with the tenants
// above it. Parents are then found or made within it, as in any plan.
func (load *bulkLoad) restrictTenant() error {
	var tenant *parentRow
	for _, tb := range load.requested {
		given := tb.onlyTenant()
		if given == nil {
			continue
		}
		if tenant != nil && tenant.keyText() != given.keyText() {
			return fmt.Errorf("%s and %s: a plan fills one tenant, or all of them", tenant.description, given.description)
		}
		tenant = given
	}
	if tenant == nil {
		return nil
	}
	for _, tb := range load.requested {
		if tb.onlyTenant() != nil {
			tb.options.associations = nil
		}
	}
	for tenant != nil {
		load.batches[tenant.table] = &tableBatch{table: tenant.table, existing: true, onlyRow: tenant, size: 1, options: &callOptions{schema: load.schema}}
		var above *parentRow
		for _, p := range tenant.impliedParents() {
			if _, ok := load.schema.model.TenantTable(p.table.name); ok {
				above = p
			}
		}
		tenant = above
	}
	return nil
}

// onlyTenant returns the row of the tenant where In of a tenant is all that places the
// batch; otherwise nil.
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

// findTenants notes the innermost tenants of a batch, and requires the keys of the tenants
// of all levels.
func (load *bulkLoad) findTenants(tb *tableBatch) {
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
	if len(tb.table.levels) == 0 && tb.baseBatch == nil {
		if tb.tenants = load.tenantsOfParents(tb); tb.tenants == nil {
			return
		}
		for _, name := range tb.tenantLevel().Key {
			load.requireKey(tb.tenants, tb.tenants.table.columnsByName[name].index)
		}
	}
}

// tenantLevel returns the level of the batch's tenants.
func (tb *tableBatch) tenantLevel() seedbed.Tenant {
	level, _ := tb.table.schema.model.TenantTable(tb.tenants.table.name)
	return level
}

// tenantsOfParents returns the tenants of the rows that each row of the batch must have as
// parents, where the Model names no tenant of its own: a line that requires an order and a
// member has both of one tenant. nil where there are none, and of a tenant's own table.
func (load *bulkLoad) tenantsOfParents(tb *tableBatch) *tableBatch {
	for _, level := range tb.table.levelsOfParents() {
		if tenants := load.batches[load.schema.tables[load.schema.cat.Table(level.Table).Root()]]; tenants != nil && tenants != tb && !tb.isTenantOf(tenants) {
			return tenants
		}
	}
	return nil
}

// levelsOfParents returns the levels, innermost first, whose tenant a row has by a parent
// that it requires, although the Model names none for its table.
func (t *table) levelsOfParents() (levels []seedbed.Tenant) {
	if len(t.levels) > 0 || t.graphTable.Tenant != nil {
		return nil
	}
	for _, name := range levelsInside(t.schema.graph) {
		level, _ := t.schema.model.Tenant(name)
		if t.schema.cat.Table(level.Table) != nil && t.tenantSQL("t", name, nil) != nil {
			levels = append(levels, level)
		}
	}
	return levels
}

// assignSyntheticTenant puts all rows of a plan in one made-up tenant: the level has no
// table.
func (load *bulkLoad) assignSyntheticTenant(tb *tableBatch, l level) {
	if len(l.columns) == 0 {
		return
	}
	key := load.syntheticTenants.keyOf(tb.table, l, load.scope, load.now)
	for i, col := range l.columns {
		if tb.fixedValues == nil {
			tb.fixedValues = map[int]any{}
		}
		tb.fixedValues[col] = key[i]
	}
}

// placeByAssociations fixes the reference columns that In, On and By decide, for all rows
// of the batch. It resolves the parents of one example row as Create does, and writes those
// that it makes.
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
