package graph

import (
	"slices"
	"strings"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/internal/catalog"
)

// Kind of a reference.
type Kind int

// Kinds.
const (
	Plain       Kind = iota // a foreign key that means no more, or a row that the Model alone knows of
	TenantKey               // to the tenant that the row belongs to
	PairTarget              // one of the tables that a polymorphic pair points at
	SubtypeBase             // from a subtype's table to its base
)

// Reference is a way from the rows of a table to the rows of another, or of the same.
type Reference struct {
	Kind     Kind
	From, To *Table
	// Columns that a row writes, and To's Key in parallel. Generated columns of a
	// foreign key are left out: they follow.
	Columns, Key []*catalog.Column
	// Own are those of Columns that only this reference decides, which leaves out the
	// tenant's. Where there are no others, they are all of Columns.
	Own []*catalog.Column
	// Declared is the foreign key. nil: the Model alone knows the reference.
	Declared *catalog.Reference
	// Optional references may be NULL.
	Optional bool
	// Exclusive references lead no two rows of a tenant to the same row: a unique key
	// has no other columns.
	Exclusive bool
	// Level is the tenant's, of a TenantKey.
	Level string
	// Pair of a PairTarget, for which Type is the value of its type column.
	Pair *Pair
	// Subtype of a SubtypeBase, for which Type is the value of the base's discriminator.
	Subtype *Subtype
	Type    string
}

// String names a reference as errors do: author_id → users.
func (r *Reference) String() string {
	return strings.Join(names(r.Own), ", ") + " → " + r.To.Name
}

// OnlyTenant reports whether the reference has no column beside the tenant's.
func (r *Reference) OnlyTenant() bool {
	return !slices.ContainsFunc(r.Columns, func(c *catalog.Column) bool { return !r.From.IsTenantColumn(c) })
}

// Requires reports whether a row of t cannot exist without a row of other: references that
// may not be NULL lead there, over any number of tables.
func (t *Table) Requires(other *Table) bool {
	seen := map[*Table]bool{}
	var reach func(*Table) bool
	reach = func(from *Table) bool {
		if seen[from] {
			return false
		}
		seen[from] = true
		return slices.ContainsFunc(from.References, func(ref *Reference) bool { return !ref.Optional && (ref.To == other || reach(ref.To)) })
	}
	return reach(t)
}

// Self reports whether the reference is to its own table.
func (r *Reference) Self() bool { return r.From == r.To }

func names(columns []*catalog.Column) []string {
	var out []string
	for _, c := range columns {
		out = append(out, c.Name)
	}
	return out
}

// addReferences gathers what leads away from a table. A foreign key that only
// generated columns tell from the tenant's is the shadow of a pair's target, which
// is a reference already.
func (g *Graph) addReferences(t *Table) {
	for _, declared := range t.Relation.References() {
		ref := g.foreignKey(t, declared)
		if ref == nil || declared.Generated() && ref.OnlyTenant() {
			g.addShadow(t, declared)
			continue
		}
		t.References = append(t.References, ref)
	}
	for _, p := range t.Pairs {
		t.References = append(t.References, p.Targets...)
	}
	g.addSubtypeBase(t)
	g.addTenantKeys(t)
	g.addVia(t)
	for _, ref := range t.References {
		ref.Exclusive = ref.exclusive()
	}
	slices.SortStableFunc(t.References, func(a, b *Reference) int { return g.depth(b) - g.depth(a) })
}

// foreignKey is nil where a row writes none of its columns.
func (g *Graph) foreignKey(t *Table, declared *catalog.Reference) *Reference {
	to := g.byRelation[declared.To]
	columns, key := declared.Written()
	if to == nil || len(columns) == 0 {
		return nil
	}
	ref := &Reference{From: t, To: to, Columns: t.columns(columns), Key: to.columns(key), Declared: declared}
	ref.finish()
	return ref
}

// finish works out what follows from the columns.
func (r *Reference) finish() {
	for _, c := range r.Columns {
		if !r.From.IsTenantColumn(c) {
			r.Own = append(r.Own, c)
		}
	}
	if len(r.Own) == 0 {
		r.Own = r.Columns
		if r.To.Tenant != nil {
			r.Kind, r.Level = TenantKey, r.To.Tenant.Name
		}
	}
	// A row that may have no tenant has one all the same: most do, and its parents
	// and children are of that tenant.
	r.Optional = r.Kind != TenantKey && slices.ContainsFunc(r.Own, func(c *catalog.Column) bool { return !c.Required() })
	for _, sub := range r.To.Subtypes {
		if sub.Table == r.From && sub.keyHas(r.Own) {
			r.Kind, r.Subtype, r.Type, r.Exclusive = SubtypeBase, sub, sub.Value, true
		}
	}
}

// exclusive looks for a unique key of the reference's columns and the tenant's. A key
// over some rows only counts as if it were over all.
func (r *Reference) exclusive() bool {
	if r.Exclusive || r.Kind == TenantKey {
		return r.Exclusive
	}
	inside := func(k catalog.IndexKey) bool {
		c := r.From.Relation.Column(k.Column)
		return c != nil && (r.From.IsTenantColumn(c) || slices.Contains(r.Own, c))
	}
	return slices.ContainsFunc(r.From.Relation.Indexes, func(ix *catalog.Index) bool {
		own := slices.ContainsFunc(ix.Keys, func(k catalog.IndexKey) bool {
			return slices.ContainsFunc(r.Own, func(c *catalog.Column) bool { return c.Name == k.Column && !r.From.IsTenantColumn(c) })
		})
		return ix.Unique && own && !slices.ContainsFunc(ix.Keys, func(k catalog.IndexKey) bool { return !inside(k) })
	})
}

// addSubtypeBase adds a subtype's way to its base that no foreign key goes.
func (g *Graph) addSubtypeBase(t *Table) {
	for _, base := range g.Tables {
		for _, sub := range base.Subtypes {
			known := slices.ContainsFunc(t.References, func(r *Reference) bool { return r.Subtype == sub })
			inherits, _ := g.Model.Inherits(base.Name)
			columns, key := t.columns(sub.Key), base.columns(inherits.Key)
			if sub.Table != t || known || len(columns) == 0 || len(columns) != len(key) {
				continue
			}
			ref := &Reference{From: t, To: base, Columns: columns, Key: key}
			ref.finish()
			t.References = append(t.References, ref)
		}
	}
}

// addTenantKeys adds the ways to tenants that no foreign key goes.
func (g *Graph) addTenantKeys(t *Table) {
	for _, s := range t.Scopes {
		to := g.Table(s.Level.Table)
		known := slices.ContainsFunc(t.References, func(r *Reference) bool { return r.Level == s.Level.Name })
		if s.Level.Table == "" || to == nil || known || len(s.Columns) == 0 {
			continue
		}
		if key := to.columns(s.Level.Key); len(key) == len(s.Columns) {
			t.References = append(t.References, &Reference{Kind: TenantKey, Level: s.Level.Name, From: t, To: to, Columns: s.Columns, Key: key, Own: s.Columns})
		}
	}
}

// addVia adds the ways to the row that tells the tenant, which need not be declared.
func (g *Graph) addVia(t *Table) {
	for _, s := range t.Scopes {
		to := g.Table(s.Via.Table)
		known := slices.ContainsFunc(t.References, func(r *Reference) bool {
			return r.To == to && slices.ContainsFunc(r.Columns, func(c *catalog.Column) bool { return slices.Contains(s.Via.Columns, c.Name) })
		})
		if s.Via.Table == "" || to == nil || known {
			continue
		}
		columns, key := t.columns(s.Via.Columns), to.columns(s.Via.Key)
		if len(columns) == 0 || len(columns) != len(key) {
			continue
		}
		ref := &Reference{From: t, To: to, Columns: columns, Key: key}
		ref.finish()
		t.References = append(t.References, ref)
	}
}

// depth of the tenant that a reference leads to; below 0 of others.
func (g *Graph) depth(r *Reference) int {
	if r.Kind != TenantKey {
		return -1
	}
	return len(g.Model.Above(r.Level))
}

// Pair is a polymorphic pair of columns.
type Pair struct {
	seedbed.Polymorphic
	Name         string // what its columns have in common: resource
	Table        *Table
	TypeColumn   *catalog.Column
	IDColumn     *catalog.Column
	Targets      []*Reference // those whose tables are there
	TargetTenant bool         // targets belong to the tenant of the row
}

func (g *Graph) addPairs(t *Table) {
	for _, declared := range g.Model.Pairs(t.Name) {
		p := &Pair{Polymorphic: declared, Table: t, TypeColumn: t.Relation.Column(declared.Type), IDColumn: t.Relation.Column(declared.ID)}
		if p.TypeColumn == nil || p.IDColumn == nil {
			continue
		}
		p.Name, p.TargetTenant = commonName(p.Type, p.ID), len(p.Tenant) > 0
		t.Pairs = append(t.Pairs, p)
		for _, target := range declared.Targets {
			to := g.Table(target.Table)
			if to == nil || to.Relation.Column(target.Key) == nil {
				continue
			}
			p.Targets = append(p.Targets, &Reference{Kind: PairTarget, From: t, To: to, Pair: p, Type: target.Type,
				Columns: []*catalog.Column{p.IDColumn}, Key: to.columns([]string{target.Key}), Own: []*catalog.Column{p.IDColumn},
				Optional: !p.IDColumn.Required() && !p.TypeColumn.Required()})
		}
	}
}

// addShadow notes the foreign key that holds a pair's target.
func (g *Graph) addShadow(t *Table, declared *catalog.Reference) {
	for _, p := range t.Pairs {
		for i, ref := range p.Targets {
			target, ok := p.Target(ref.Type)
			if ok && target.Shadow != "" && slices.Contains(declared.Columns, target.Shadow) {
				p.Targets[i].Declared = declared
			}
		}
	}
}

// commonName is what two column names begin with, without a separator at its end.
func commonName(a, b string) string {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return strings.TrimRight(a[:n], "_-. ")
}

// Subtype is one value of a base table's discriminator.
type Subtype struct {
	seedbed.Subtype
	Base          *Table
	Discriminator *catalog.Column // of the base
	Table         *Table          // that has what is particular to it; nil: none
}

func (g *Graph) addSubtypes(t *Table) {
	inherits, ok := g.Model.Inherits(t.Name)
	discriminator := t.Relation.Column(inherits.Discriminator)
	if !ok || discriminator == nil {
		return
	}
	for _, declared := range inherits.Subtypes {
		sub := &Subtype{Subtype: declared, Base: t, Discriminator: discriminator}
		if declared.Table != "" {
			sub.Table = g.Table(declared.Table)
		}
		t.Subtypes = append(t.Subtypes, sub)
	}
}

// keyHas reports whether columns of the subtype's table are part of its key.
func (s *Subtype) keyHas(columns []*catalog.Column) bool {
	return len(s.Key) == 0 || !slices.ContainsFunc(columns, func(c *catalog.Column) bool { return !slices.Contains(s.Key, c.Name) })
}
