package rows

import (
	"fmt"
	"slices"
	"strings"

	"github.com/qarion/seedbed/internal/graph"
)

// association is a row that the caller gave with In, On, By or Recycle.
type association struct {
	row  *parentRow
	kind associationKind
	used *bool // some row of the call references it; shared by all of them
}

type associationKind int

const (
	inTenant associationKind = iota // In: the new row belongs to the same tenant
	aboutRow                        // On: the new row references it
	madeBy                          // By: a user, whom the new row names as its author
	recycled                        // Recycle: a parent for any reference that it fits
)

// useImplied notes that a row references what the given row references. For In and Recycle
// that is enough; On and By promise a reference to the given row itself.
func (a association) useImplied() {
	if a.kind == inTenant || a.kind == recycled {
		*a.used = true
	}
}

// resolveAssociations sets the columns that follow from the rows given with In, On and By.
// An association that this row cannot use may still be used by its parents;
// unusedAssociation reports those that no row has used.
func (b *batch) resolveAssociations(r *row, chain []*row) error {
	for _, a := range r.associations {
		var err error
		switch a.kind {
		case inTenant:
			err = r.placeInTenant(a)
		case aboutRow:
			err = r.placeAbout(a, len(chain) > 1)
		case madeBy:
			err = b.placeBy(r, a, chain)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// placeInTenant puts r in the tenant that the given row is or belongs to, and in the
// tenants above it.
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

// placeAbout makes r reference the given row: through its polymorphic pair, or else through
// its first unset reference to that row's table. Where r has neither and is no parent, but has
// a pair with a type of which no table is known, the pair may be meant: placeAbout returns an
// error, instead of leaving On to a parent while the pair points elsewhere.
func (r *row) placeAbout(a association, isParent bool) error {
	var plain *reference
	for _, ref := range r.table.references {
		if ref.parent != a.row.table || ref.toTenant || ref.assumed {
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
		if p, types := r.table.undeclaredPair(); !isParent && len(types) > 0 && !r.table.isScopedBy(a.row.table) && r.table.canLeadTo(p, a.row.table) {
			return unusedAssociation(r.table, []association{a})
		}
		return nil
	}
	*a.used = true
	return r.setParent(plain, a.row)
}

// undeclaredPair returns the first pair of t that may lead to tables which are not known,
// and the types that its CHECK or enum lists without a table; nil if there is none.
func (t *table) undeclaredPair() (*graph.Pair, []string) {
	for _, p := range t.graphTable.Pairs {
		var types []string
		for _, word := range t.columns[p.TypeColumn.Index].rule().choices {
			if !slices.ContainsFunc(p.Targets, func(target *graph.Reference) bool { return target.Type == word }) {
				types = append(types, word)
			}
		}
		if len(p.Targets) == 0 || len(types) > 0 {
			return p, types
		}
	}
	return nil, nil
}

// canLeadTo reports whether the pair's id can hold the key of target.
func (t *table) canLeadTo(p *graph.Pair, target *table) bool {
	key := target.relation.PrimaryKey()
	return key != nil && holdsKey(t.columns[p.IDColumn.Index], target.columnsByName[key.Columns[len(key.Columns)-1]])
}

// placeBy makes r name the given user: in every required reference to users, or else in the
// first optional one. A reference to memberships gets the user's membership, which is found
// or made.
func (b *batch) placeBy(r *row, a association, chain []*row) error {
	var optional *reference
	placed := false
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
		placed = true
		if err := b.placeByMember(r, ref, a, chain); err != nil {
			return err
		}
	}
	if placed || optional == nil || len(chain) > 1 {
		return nil
	}
	return b.placeByMember(r, optional, a, chain)
}

// placeByMember sets a reference to the given user, or to the user's membership in the
// tenant of r.
func (b *batch) placeByMember(r *row, ref *reference, a association, chain []*row) error {
	*a.used = true
	if ref.parent == a.row.table {
		return r.setParent(ref, a.row)
	}
	if err := r.inheritTenant(); err != nil {
		return err
	}
	for _, tenant := range r.table.references {
		if tenant.toTenant && !tenant.optional && r.isUnset(tenant) {
			if err := b.resolveReference(r, tenant, r.associations, chain); err != nil {
				return err
			}
		}
	}
	for _, other := range b.rows {
		if other.table == ref.parent && other.resolved && r.canHaveParent(ref, other.asParent()) && other.referencesRow(a.row) {
			return r.setParent(ref, other.asParent())
		}
	}
	membership, err := b.addParent(request{definition: r.definition.definitionFor(b.schema, ref.parent), table: ref.parent, associations: []association{a}, child: r, reference: ref, chain: chain})
	if err != nil {
		return err
	}
	return r.setParent(ref, membership.asParent())
}

// isMembershipOf reports whether t is a table of memberships: its primary key consists of
// references, one of them to users.
func (t *table) isMembershipOf(users *table) bool {
	return t.keyConsistsOfReferences() && slices.ContainsFunc(t.references, func(ref *reference) bool { return ref.parent == users })
}

// referencesRow reports whether r references p.
func (r *row) referencesRow(p *parentRow) bool {
	for _, ref := range r.table.references {
		if ref.parent == p.table && !r.isUnset(ref) && r.canHaveParent(ref, p) {
			return true
		}
	}
	return false
}

// unusedAssociation returns an *UnusedError for the first In, On or By that no row of the
// call has used.
func unusedAssociation(t *table, associations []association) error {
	for _, a := range associations {
		if *a.used || a.kind == recycled {
			continue
		}
		var parents []string
		for _, ref := range t.references {
			if name := ref.parent.name; !ref.assumed && !strings.Contains(strings.Join(parents, " "), name) {
				parents = append(parents, name)
			}
		}
		unused := &UnusedError{Trait: a.row.description, Table: t.name, Known: parents, Tenant: a.kind != inTenant && t.isScopedBy(a.row.table)}
		if a.kind == aboutRow && !unused.Tenant {
			return t.withUndeclaredTarget(unused, a.row.table)
		}
		return unused
	}
	return nil
}

// withUndeclaredTarget adds to the error of On, where t has a pair with targets that are not
// known, how a Model says that it leads to a table.
func (t *table) withUndeclaredTarget(unused error, target *table) error {
	key := target.relation.PrimaryKey()
	p, types := t.undeclaredPair()
	if p == nil || key == nil {
		return unused
	}
	unknown, holds := fmt.Sprintf("which tables %s and %s lead to is not known", p.Type, p.ID), "…"
	if len(types) > 0 {
		unknown = fmt.Sprintf("which tables %s and %s lead to is not known for %s", p.Type, p.ID, strings.Join(types, ", "))
	}
	if len(types) == 1 {
		holds = types[0]
	}
	return fmt.Errorf("%w; %s: declare it below model in seedbed.yaml, or pass factory.WithModel(model), where\n"+
		"  model := found.Model.With(seedbed.Model{Polymorphic: []seedbed.Polymorphic{{Table: %q, Type: %q, ID: %q,\n"+
		"    Targets: []seedbed.Target{{Type: %q, Table: %q, Key: %q}}}}})\n"+
		"  with what %s holds for %s, and the pair's other targets; found is what seedbed.Discover returns, and seedbed model prints",
		unused, unknown, p.Polymorphic.Table, p.Type, p.ID, holds, target.name, key.Columns[len(key.Columns)-1], p.Type, target.name)
}
