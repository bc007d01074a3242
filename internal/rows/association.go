package rows

import (
	"strings"
)

// association is a row that an option places a row by.
type association struct {
	row  *parentRow
	kind associationKind
	used *bool
}

type associationKind int

const (
	inTenant associationKind = iota // the tenant
	aboutRow                        // what the row is about
	madeBy                          // who made it
	recycled                        // to be used wherever it fits
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
