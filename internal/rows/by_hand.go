package rows

import (
	"fmt"
	"slices"
	"strings"

	"github.com/qarion/seedbed/internal/catalog"
)

// byHand places the draft in the tenant of the rows that the caller references by
// setting columns: a parent's key, one column of a composite key, a pair's type and id.
// What disagrees with another tenant is refused, where the server would not notice.
func (b *build) byHand(d *draft) error {
	if b.query == nil || len(d.table.levels) == 0 {
		return nil
	}
	for _, e := range d.table.edges {
		if e.tenant || !d.setByHand(e) {
			continue
		}
		for _, l := range d.table.levels {
			if err := b.placeByHand(d, e, l); err != nil {
				return err
			}
		}
	}
	return nil
}

// setByHand reports whether the caller has set all columns of a reference.
func (d *draft) setByHand(e *edge) bool {
	if e.pair != nil && (!d.set[e.typ] || text(d.table.columns[e.typ], d.values[e.typ]) != e.label) {
		return false
	}
	return !slices.ContainsFunc(e.own, func(col int) bool {
		_, waits := d.values[col].(pending)
		return !d.set[col] || d.values[col] == nil || waits || !d.paths[col].own()
	})
}

// own reports whether the row itself says the value.
func (p Path) own() bool { return strings.HasPrefix(p.Via, "its own ") }

func (b *build) placeByHand(d *draft, e *edge, l level) error {
	known := d.tenantKey(l.tenant.Name) != nil
	if known && e.Declared != nil && !slices.ContainsFunc(l.cols, func(col int) bool { return !slices.Contains(e.Declared.Columns, d.table.columns[col].name) }) {
		return nil // the foreign key carries the tenant
	}
	tenants, err := b.tenantsByHand(d, e, l)
	if err != nil {
		return err
	}
	via := e.String() + " " + show(canon(d.table.columns[e.own[0]], d.values[e.own[0]])) + ", " + d.paths[e.own[0]].Via
	switch {
	case len(tenants) == 1:
		return d.giveTenant(l.tenant.Name, tenants[0], via)
	case len(tenants) > 1 && !known:
		return fmt.Errorf("%s: %s: rows of several tenants (%s) have that key; say which with factory.In", d.table.name, via, l.tenant.Name)
	}
	return nil
}

// tenantsByHand are the tenants, at a level, of the rows that a reference set by hand
// leads to.
func (b *build) tenantsByHand(d *draft, e *edge, l level) ([][]any, error) {
	exprs := d.table.schema.graph.TenantSQL(e.parent.graph, "t", l.tenant.Name)
	if len(exprs) == 0 {
		return nil, nil
	}
	var where []string
	var args []any
	key := d.table.name + "\x00" + e.String() + "\x00" + l.tenant.Name
	for i, col := range e.cols {
		if slices.Contains(e.own, col) {
			args = append(args, text(d.table.columns[col], d.values[col]))
			where = append(where, fmt.Sprintf("t.%s = $%d::text::%s", catalog.Ident(e.parent.columns[e.refs[i]].name), len(args), e.parent.columns[e.refs[i]].Type.SQL))
		}
	}
	key += fmt.Sprint(args...)
	if known, ok := b.tenantsOf[key]; ok {
		return known, nil
	}
	sql := fmt.Sprintf("select distinct %s from %s t where %s limit 2", strings.Join(exprs, ", "), e.parent.rel.Ident(), strings.Join(where, " and "))
	var tenants [][]any
	err := b.query(d, e.parent, sql, args, func(values []any) {
		if !slices.Contains(values, nil) {
			tenants = append(tenants, values)
		}
	})
	if err != nil {
		return nil, err
	}
	for _, tenant := range tenants {
		for i := range tenant {
			tenant[i] = canonical(tenant[i])
		}
	}
	if b.tenantsOf == nil {
		b.tenantsOf = map[string][][]any{}
	}
	b.tenantsOf[key] = tenants
	return tenants, nil
}
