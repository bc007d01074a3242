package rows

import (
	"fmt"
	"slices"
	"strings"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/internal/catalog"
)

// resolveAssociations lets the rows that a caller gave place the row. A row that has no place
// here may have one among the parents; whether it had any is looked at in the end.
func (b *batch) resolveAssociations(r *row, chain []*row) error {
	for _, a := range r.associations {
		var err error
		switch a.kind {
		case inTenant:
			err = r.placeInTenant(a)
		case aboutRow:
			err = r.placeAbout(a)
		case madeBy:
			err = b.placeBy(r, a, chain)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// placeInTenant places the row in the tenant, and in the tenants above, that the row is or
// belongs to.
func (r *row) placeInTenant(a association) error {
	for _, l := range r.table.levels {
		if key := a.row.tenantKeyOf(l.tenant.Name); key != nil {
			*a.used = true
			if err := r.setTenant(l.tenant.Name, key, a.row.description); err != nil {
				return err
			}
		}
	}
	for _, ref := range r.table.references {
		if ref.toTenant && ref.parent == a.row.table {
			*a.used = true
			if err := r.setParent(ref, a.row); err != nil {
				return err
			}
		}
	}
	return nil
}

// placeAbout makes the row what the row is about: the target of its polymorphic pair, or
// else the parent on the first reference to its table that nothing has decided.
func (r *row) placeAbout(a association) error {
	var plain *reference
	for _, ref := range r.table.references {
		if ref.parent != a.row.table || ref.toTenant {
			continue
		}
		if ref.pair != nil {
			*a.used = true
			return r.setParent(ref, a.row)
		}
		if plain == nil || !r.isUnset(plain) && r.isUnset(ref) {
			plain = ref
		}
	}
	if plain == nil {
		return nil
	}
	*a.used = true
	return r.setParent(plain, a.row)
}

// placeBy makes the row the one who did it: on every required reference to its table, or
// the first optional one. Where members act, not users, the membership is found or
// made.
func (b *batch) placeBy(r *row, a association, chain []*row) error {
	var optional *reference
	done := false
	for _, ref := range r.table.references {
		if ref.pair != nil || ref.toTenant || ref.parent != a.row.table && !ref.parent.isMembershipOf(a.row.table) {
			continue
		}
		if ref.optional {
			if optional == nil {
				optional = ref
			}
			continue
		}
		done = true
		if err := b.placeByMember(r, ref, a, chain); err != nil {
			return err
		}
	}
	if done || optional == nil || len(chain) > 1 {
		return nil
	}
	return b.placeByMember(r, optional, a, chain)
}

func (b *batch) placeByMember(r *row, ref *reference, a association, chain []*row) error {
	*a.used = true
	if ref.parent == a.row.table {
		return r.setParent(ref, a.row)
	}
	if err := r.inheritTenant(); err != nil {
		return err
	}
	for _, t := range r.table.references {
		if t.toTenant && !t.optional && r.isUnset(t) {
			if err := b.resolveReference(r, t, r.associations, chain); err != nil {
				return err
			}
		}
	}
	for _, other := range b.rows {
		if other.table == ref.parent && other.resolved && r.canHaveParent(ref, other.asParent()) && other.referencesRow(a.row) {
			return r.setParent(ref, other.asParent())
		}
	}
	p, err := b.addParent(request{definition: r.definition.definitionFor(b.schema, ref.parent), table: ref.parent, associations: []association{a}, child: r, reference: ref, chain: chain})
	if err != nil {
		return err
	}
	return r.setParent(ref, p.asParent())
}

// isMembershipOf reports whether t is a table of memberships: its key is references, one of
// them to other.
func (t *table) isMembershipOf(other *table) bool {
	pk := t.relation.PrimaryKey()
	if pk == nil {
		return false
	}
	for _, name := range pk.Columns {
		if !t.columnsByName[name].inReference {
			return false
		}
	}
	for _, ref := range t.references {
		if ref.parent == other {
			return true
		}
	}
	return false
}

// referencesRow reports whether the row references that very row.
func (r *row) referencesRow(p *parentRow) bool {
	for _, ref := range r.table.references {
		if ref.parent == p.table && !r.isUnset(ref) && r.canHaveParent(ref, p) {
			return true
		}
	}
	return false
}

// unusedAssociation finds an option that had no effect on any row of the call: what it meant
// to say, the data does not say.
func unusedAssociation(t *table, associations []association) error {
	for _, a := range associations {
		if *a.used || a.kind == recycled {
			continue
		}
		var known []string
		for _, ref := range t.references {
			if s := ref.parent.name; !strings.Contains(strings.Join(known, " "), s) {
				known = append(known, s)
			}
		}
		return &UnusedError{Trait: a.row.description, Table: t.name, Known: known, Tenant: a.kind != inTenant && t.isScopedBy(a.row.table)}
	}
	return nil
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
