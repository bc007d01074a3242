package rows

import (
	"slices"
	"strings"

	"github.com/qarion/seedbed"
)

// follow lets the rows that a caller gave place the draft. A row that has no place
// here may have one among the parents; whether it had any is looked at in the end.
func (b *build) follow(d *draft, chain []*draft) error {
	for _, k := range d.links {
		var err error
		switch k.kind {
		case linkIn:
			err = d.in(k)
		case linkOn:
			err = d.on(k)
		case linkBy:
			err = b.by(d, k, chain)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// in places the draft in the tenant, and in the tenants above, that the row is or
// belongs to.
func (d *draft) in(k link) error {
	for _, l := range d.table.levels {
		if key := k.node.tenantKey(l.tenant.Name); key != nil {
			*k.used = true
			if err := d.giveTenant(l.tenant.Name, key, k.node.label); err != nil {
				return err
			}
		}
	}
	for _, e := range d.table.edges {
		if e.tenant && e.parent == k.node.table {
			*k.used = true
			if err := d.attach(e, k.node); err != nil {
				return err
			}
		}
	}
	return nil
}

// on makes the row what the draft is about: the target of its polymorphic pair, or
// else the parent on the first reference to its table that nothing has decided.
func (d *draft) on(k link) error {
	var plain *edge
	for _, e := range d.table.edges {
		if e.parent != k.node.table || e.tenant {
			continue
		}
		if e.pair != nil {
			*k.used = true
			return d.attach(e, k.node)
		}
		if plain == nil || !d.open(plain) && d.open(e) {
			plain = e
		}
	}
	if plain == nil {
		return nil
	}
	*k.used = true
	return d.attach(plain, k.node)
}

// by makes the row the one who did it: on every required reference to its table, or
// the first optional one. Where members act, not users, the membership is found or
// made.
func (b *build) by(d *draft, k link, chain []*draft) error {
	var optional *edge
	done := false
	for _, e := range d.table.edges {
		if e.pair != nil || e.tenant || e.parent != k.node.table && !e.parent.joins(k.node.table) {
			continue
		}
		if e.optional {
			if optional == nil {
				optional = e
			}
			continue
		}
		done = true
		if err := b.actBy(d, e, k, chain); err != nil {
			return err
		}
	}
	if done || optional == nil || len(chain) > 1 {
		return nil
	}
	return b.actBy(d, optional, k, chain)
}

func (b *build) actBy(d *draft, e *edge, k link, chain []*draft) error {
	*k.used = true
	if e.parent == k.node.table {
		return d.attach(e, k.node)
	}
	if err := d.adopt(); err != nil {
		return err
	}
	for _, t := range d.table.edges {
		if t.tenant && !t.optional && d.open(t) {
			if err := b.satisfy(d, t, d.links, chain); err != nil {
				return err
			}
		}
	}
	for _, other := range b.drafts {
		if other.table == e.parent && other.resolved && d.fits(e, other.node()) && other.belongs(k.node) {
			return d.attach(e, other.node())
		}
	}
	p, err := b.parent(wish{bp: d.bp.maker(b.schema, e.parent), table: e.parent, links: []link{k}, child: d, edge: e, chain: chain})
	if err != nil {
		return err
	}
	return d.attach(e, p.node())
}

// joins reports whether t is a table of memberships: its key is references, one of
// them to other.
func (t *table) joins(other *table) bool {
	pk := t.rel.PrimaryKey()
	if pk == nil {
		return false
	}
	for _, name := range pk.Columns {
		if !t.byName[name].inEdge {
			return false
		}
	}
	for _, e := range t.edges {
		if e.parent == other {
			return true
		}
	}
	return false
}

// belongs reports whether the draft references that very row.
func (d *draft) belongs(n *node) bool {
	for _, e := range d.table.edges {
		if e.parent == n.table && !d.open(e) && d.fits(e, n) {
			return true
		}
	}
	return false
}

// unused finds a trait that had no effect on any row of the call: what it meant
// to say, the data does not say.
func unused(t *table, links []link) error {
	for _, k := range links {
		if *k.used || k.kind == linkRecycle {
			continue
		}
		var known []string
		for _, e := range t.edges {
			if s := e.parent.name; !strings.Contains(strings.Join(known, " "), s) {
				known = append(known, s)
			}
		}
		return &UnusedError{Trait: k.node.label, Table: t.name, Known: known, Tenant: k.kind != linkIn && t.within(k.node.table)}
	}
	return nil
}

// within reports whether rows of other are tenants of this table's rows, or those
// that their tenants lie in.
func (t *table) within(other *table) bool {
	tenant, ok := t.schema.model.TenantTable(other.name)
	return ok && slices.ContainsFunc(t.levels, func(l level) bool {
		above := t.schema.model.Above(l.tenant.Name)
		return slices.ContainsFunc(append(above, l.tenant), func(o seedbed.Tenant) bool { return o.Name == tenant.Name })
	})
}
