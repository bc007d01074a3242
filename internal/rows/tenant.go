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

// tenantOrigin is the key of a row's tenant, and the path on which the row got it.
type tenantOrigin struct {
	key  []any
	path Path
}

// tenantKeyOf returns the key of the row's tenant at a level of the Model; nil where the row
// has none, or it is not known. A key that Postgres will choose is a pending.
func (p *parentRow) tenantKeyOf(levelName string) []any {
	l, ok := p.table.level(levelName)
	if !ok {
		return p.keyAsTenant(levelName)
	}
	if len(l.columns) == 0 {
		if p.made != nil {
			return p.made.tenantsThroughParents[levelName].key
		}
		return nil
	}
	return p.values(l.columns)
}

// keyAsTenant returns the row's own key where the row is a tenant of that level, or nil.
func (p *parentRow) keyAsTenant(levelName string) []any {
	tenant, ok := p.table.schema.model.TenantTable(p.table.name)
	if !ok || tenant.Name != levelName {
		return nil
	}
	var columns []int
	for _, name := range tenant.Key {
		if c := p.table.columnsByName[name]; c != nil {
			columns = append(columns, c.index)
		}
	}
	return p.values(columns)
}

// knownTenantKey is tenantKeyOf, but nil for a new row whose tenant columns are not all set.
func (p *parentRow) knownTenantKey(levelName string) []any {
	l, ok := p.table.level(levelName)
	if p.made != nil && ok {
		for _, c := range l.columns {
			if !p.made.isSet[c] {
				return nil
			}
		}
	}
	return p.tenantKeyOf(levelName)
}

// tenantKeyOf returns the key of the new row's tenant at a level; nil while it is not known.
func (r *row) tenantKeyOf(levelName string) []any { return r.asParent().knownTenantKey(levelName) }

// setTenant puts the row in a tenant: in its tenant columns, or in tenantsThroughParents
// where the table has none. A different tenant that is set already is a *DisagreeError.
func (r *row) setTenant(levelName string, key []any, via string) error {
	l, ok := r.table.level(levelName)
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
	old, known := r.tenantsThroughParents[levelName]
	if !known {
		r.tenantsThroughParents[levelName] = tenantOrigin{key, Path{via, display(key[0])}}
		return nil
	}
	if !slices.Equal(old.key, key) {
		return &DisagreeError{Table: r.table.name, Column: levelName, First: old.path, Second: Path{via, display(key[0])}}
	}
	return nil
}

// inheritTenant puts the row in the tenant of the first row given with In, On, By or Recycle
// that has one, at each level where the row's tenant is not known.
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

// assignMissingTenant puts the row in a made-up tenant at each level that has no table of
// tenants and where the caller names no tenant.
func (b *batch) assignMissingTenant(r *row) error {
	for _, l := range r.table.levels {
		if l.tenant.Table != "" || len(l.columns) == 0 || r.tenantKeyOf(l.tenant.Name) != nil {
			continue
		}
		if err := r.setTenant(l.tenant.Name, b.syntheticTenants.keyOf(r.table, l, b.scope, b.now), "the call's own "+l.tenant.Name); err != nil {
			return err
		}
	}
	return nil
}

// syntheticTenants are the keys made up for tenants that have no row, by level name: one
// tenant of each level for all rows of a call or a plan.
type syntheticTenants map[string][]any

// keyOf returns the key of the level's tenant. It makes one up at the first call.
func (s syntheticTenants) keyOf(t *table, l level, scope numberScope, now time.Time) []any {
	if key := s[l.tenant.Name]; key != nil {
		return key
	}
	name := "tenant " + l.tenant.Name
	cells := fake.New(scope.seed, name, now)
	cells.At(scope.next(&table{name: name}))
	var key []any
	for i, col := range l.columns {
		c := *t.columns[col]
		c.mustDiffer = true
		key = append(key, canonical(&c, inferValue(&c)(cells.Of(fmt.Sprint(i)))))
	}
	s[l.tenant.Name] = key
	return key
}

// inferTenantFromReferences puts r in the tenant of the rows that the caller references by
// setting columns: a parent's key, one column of a composite key, a pair's type and id. A
// row of another tenant is a *DisagreeError, also where no foreign key would refuse it.
func (b *batch) inferTenantFromReferences(r *row) error {
	if b.queryAsWriter == nil || len(r.table.levels) == 0 {
		return nil
	}
	for _, ref := range r.table.references {
		if ref.toTenant || ref.assumed || !r.isSetByCaller(ref) {
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

// own reports whether the caller or the definition has set the value in the row itself.
func (p Path) own() bool { return strings.HasPrefix(p.Via, "its own ") }

// inferTenantFromReference does that for one reference and one level.
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

// referenceValue identifies the rows that a reference leads to by the values of its columns.
type referenceValue struct {
	child     *table
	reference *reference
	level     string
	values    string
}

// tenantsOfReference queries the tenants, at a level, of the rows that have the values which
// r has in the columns of a reference: two at most.
func (b *batch) tenantsOfReference(r *row, ref *reference, l level) ([][]any, error) {
	exprs := r.table.schema.graph.TenantSQL(ref.parent.graphTable, "t", l.tenant.Name)
	if len(exprs) == 0 {
		return nil, nil
	}
	var where []string
	var args []any
	for i, col := range ref.childColumns {
		if slices.Contains(ref.ownColumns, col) {
			parent := ref.parent.columns[ref.parentColumns[i]]
			args = append(args, keyText(r.table.columns[col], r.values[col]))
			where = append(where, fmt.Sprintf("t.%s = $%d::text::%s", catalog.Ident(parent.name), len(args), parent.Type.SQL))
		}
	}
	key := referenceValue{r.table, ref, l.tenant.Name, fmt.Sprintf("%q", args)}
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
		b.tenantsByReference = map[referenceValue][][]any{}
	}
	b.tenantsByReference[key] = tenants
	return tenants, nil
}

// isScopedBy reports whether the rows of other are tenants of t's rows, at any level.
func (t *table) isScopedBy(other *table) bool {
	tenant, ok := t.schema.model.TenantTable(other.name)
	return ok && slices.ContainsFunc(t.levels, func(l level) bool {
		above := t.schema.model.Above(l.tenant.Name)
		return slices.ContainsFunc(append(above, l.tenant), func(o seedbed.Tenant) bool { return o.Name == tenant.Name })
	})
}

// isInnermostScopedBy reports whether tenants is the table of the innermost tenants of t's
// rows, and t's rows are no tenants themselves.
func (t *table) isInnermostScopedBy(tenants *table) bool {
	_, is := t.schema.model.TenantTable(t.name)
	return !is && len(t.levels) > 0 && t.levels[0].tenant.Table == tenants.name
}
