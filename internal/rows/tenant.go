package rows

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/fake"
)

type tenantOrigin struct {
	key  []any
	path Path
}

// tenant key of the row at a level: nil where it has none, or it is not known.
func (p *parentRow) tenantKeyOf(name string) []any {
	l, ok := p.table.level(name)
	if !ok {
		return p.keyAsTenant(name)
	}
	if len(l.columns) == 0 {
		if p.made != nil {
			return p.made.tenantsThroughParents[name].key
		}
		return nil
	}
	return p.values(l.columns)
}

// keyAsTenant is for the tenants themselves.
func (p *parentRow) keyAsTenant(name string) []any {
	t, ok := p.table.schema.model.TenantTable(p.table.name)
	if !ok || t.Name != name {
		return nil
	}
	var cols []int
	for _, k := range t.Key {
		if c := p.table.columnsByName[k]; c != nil {
			cols = append(cols, c.index)
		}
	}
	return p.values(cols)
}

// knownTenantKey is the tenant where it is settled already.
func (p *parentRow) knownTenantKey(name string) []any {
	l, ok := p.table.level(name)
	if p.made != nil && ok {
		for _, c := range l.columns {
			if !p.made.isSet[c] {
				return nil
			}
		}
	}
	return p.tenantKeyOf(name)
}

// tenants that the row's place is known by.
func (r *row) tenantKeyOf(name string) []any { return r.asParent().knownTenantKey(name) }

// setTenant places the row in a tenant, by columns if it has any.
func (r *row) setTenant(name string, key []any, via string) error {
	l, ok := r.table.level(name)
	if !ok || key == nil {
		return nil
	}
	if len(l.columns) == len(key) {
		for i, col := range l.columns {
			if err := r.setValue(col, key[i], via); err != nil {
				return err
			}
		}
		return nil
	}
	old, known := r.tenantsThroughParents[name]
	if !known {
		r.tenantsThroughParents[name] = tenantOrigin{key, Path{via, display(key[0])}}
		return nil
	}
	if !slices.Equal(old.key, key) {
		return &DisagreeError{Table: r.table.name, Column: name, First: old.path, Second: Path{via, display(key[0])}}
	}
	return nil
}

// inheritTenant takes the tenant of any row that was given, where nothing closer told it.
func (r *row) inheritTenant() error {
	for _, l := range r.table.levels {
		for _, a := range r.associations {
			if r.tenantKeyOf(l.tenant.Name) != nil {
				break
			}
			if err := r.setTenant(l.tenant.Name, a.row.tenantKeyOf(l.tenant.Name), a.row.description); err != nil {
				return err
			}
		}
	}
	return nil
}

// assignMissingTenant gives the row a made-up tenant of each level that has no table,
// where the caller names none: the same one for all rows of the call.
func (b *batch) assignMissingTenant(r *row) error {
	for _, l := range r.table.levels {
		if l.tenant.Table != "" || len(l.columns) == 0 || r.tenantKeyOf(l.tenant.Name) != nil {
			continue
		}
		key := b.syntheticTenants[l.tenant.Name]
		if key == nil {
			number := b.scope.next(&table{name: "tenant " + l.tenant.Name})
			key = r.table.syntheticTenantKey(l, b.scope.seed, b.now, number)
			b.syntheticTenants[l.tenant.Name] = key
		}
		if err := r.setTenant(l.tenant.Name, key, "the call's own "+l.tenant.Name); err != nil {
			return err
		}
	}
	return nil
}

// syntheticTenantKey makes a key for a tenant that has no row.
func (t *table) syntheticTenantKey(l level, seed uint64, now time.Time, number int64) []any {
	var key []any
	cells := fake.New(seed, "tenant "+l.tenant.Name, now)
	cells.At(number)
	for i, col := range l.columns {
		c := *t.columns[col]
		c.mustDiffer = true
		key = append(key, canonical(&c, inferValue(&c)(cells.Of(fmt.Sprint(i)))))
	}
	return key
}

// inferTenantFromReferences places the row in the tenant of the rows that the caller references by
// setting columns: a parent's key, one column of a composite key, a pair's type and id.
// What disagrees with another tenant is refused, where the server would not notice.
func (b *batch) inferTenantFromReferences(r *row) error {
	if b.queryAsWriter == nil || len(r.table.levels) == 0 {
		return nil
	}
	for _, ref := range r.table.references {
		if ref.toTenant || !r.isSetByCaller(ref) {
			continue
		}
		for _, l := range r.table.levels {
			if err := b.inferTenantFromReference(r, ref, l); err != nil {
				return err
			}
		}
	}
	return nil
}

// isSetByCaller reports whether the caller has set all columns of a reference.
func (r *row) isSetByCaller(ref *reference) bool {
	if ref.pair != nil && (!r.isSet[ref.pairTypeColumn] || keyText(r.table.columns[ref.pairTypeColumn], r.values[ref.pairTypeColumn]) != ref.pairType) {
		return false
	}
	return !slices.ContainsFunc(ref.ownColumns, func(col int) bool {
		_, waits := r.values[col].(pending)
		return !r.isSet[col] || r.values[col] == nil || waits || !r.origins[col].own()
	})
}

// own reports whether the row itself says the value.
func (p Path) own() bool { return strings.HasPrefix(p.Via, "its own ") }

func (b *batch) inferTenantFromReference(r *row, ref *reference, l level) error {
	known := r.tenantKeyOf(l.tenant.Name) != nil
	if known && ref.Declared != nil && !slices.ContainsFunc(l.columns, func(col int) bool { return !slices.Contains(ref.Declared.Columns, r.table.columns[col].name) }) {
		return nil // the foreign key carries the tenant
	}
	tenants, err := b.tenantsOfReference(r, ref, l)
	if err != nil {
		return err
	}
	via := ref.String() + " " + display(canonical(r.table.columns[ref.ownColumns[0]], r.values[ref.ownColumns[0]])) + ", " + r.origins[ref.ownColumns[0]].Via
	switch {
	case len(tenants) == 1:
		return r.setTenant(l.tenant.Name, tenants[0], via)
	case len(tenants) > 1 && !known:
		return fmt.Errorf("%s: %s: rows of several tenants (%s) have that key; say which with factory.In", r.table.name, via, l.tenant.Name)
	}
	return nil
}

// tenantsOfReference are the tenants, at a level, of the rows that a reference set by hand
// leads to.
func (b *batch) tenantsOfReference(r *row, ref *reference, l level) ([][]any, error) {
	exprs := r.table.schema.graph.TenantSQL(ref.parent.graphTable, "t", l.tenant.Name)
	if len(exprs) == 0 {
		return nil, nil
	}
	var where []string
	var args []any
	key := r.table.name + "\x00" + ref.String() + "\x00" + l.tenant.Name
	for i, col := range ref.childColumns {
		if slices.Contains(ref.ownColumns, col) {
			args = append(args, keyText(r.table.columns[col], r.values[col]))
			where = append(where, fmt.Sprintf("t.%s = $%d::text::%s", catalog.Ident(ref.parent.columns[ref.parentColumns[i]].name), len(args), ref.parent.columns[ref.parentColumns[i]].Type.SQL))
		}
	}
	key += fmt.Sprint(args...)
	if known, ok := b.tenantsByReference[key]; ok {
		return known, nil
	}
	sql := fmt.Sprintf("select distinct %s from %s t where %s limit 2", strings.Join(exprs, ", "), ref.parent.relation.Ident(), strings.Join(where, " and "))
	var tenants [][]any
	err := b.queryAsWriter(r, ref.parent, sql, args, func(values []any) {
		if !slices.Contains(values, nil) {
			tenants = append(tenants, values)
		}
	})
	if err != nil {
		return nil, err
	}
	for _, tenant := range tenants {
		for i := range tenant {
			tenant[i] = canonicalFromServer(tenant[i])
		}
	}
	if b.tenantsByReference == nil {
		b.tenantsByReference = map[string][][]any{}
	}
	b.tenantsByReference[key] = tenants
	return tenants, nil
}

// isScopedBy reports whether rows of other are tenants of this table's rows, or those
// that their tenants lie in.
func (t *table) isScopedBy(other *table) bool {
	tenant, ok := t.schema.model.TenantTable(other.name)
	return ok && slices.ContainsFunc(t.levels, func(l level) bool {
		above := t.schema.model.Above(l.tenant.Name)
		return slices.ContainsFunc(append(above, l.tenant), func(o seedbed.Tenant) bool { return o.Name == tenant.Name })
	})
}

// isInnermostScopedBy reports whether the rows, which are no tenants themselves, belong to tenants
// of another table first of all.
func (t *table) isInnermostScopedBy(tenants *table) bool {
	_, is := t.schema.model.TenantTable(t.name)
	return !is && len(t.levels) > 0 && t.levels[0].tenant.Table == tenants.name
}
