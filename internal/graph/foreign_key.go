package graph

import (
	"slices"

	"github.com/qarion/seedbed/internal/catalog"
)

// ForeignKey is a foreign key as it is declared: at a table, or at a partition alone.
// Several may stand for one Reference, and a shadow's stands for a pair's target.
type ForeignKey struct {
	*catalog.Constraint
	// From and To are the tables at its ends, of a partition the root. To is nil where the
	// catalog does not list it: a table of an extension, say.
	From, To *Table
}

// addForeignKeys gathers what is declared. The copies that Postgres keeps for
// partitions, at either end, are left out.
func (g *Graph) addForeignKeys() {
	for _, r := range g.Catalog.Relations {
		for _, declared := range r.ForeignKeys() {
			if declared.Inherited {
				continue
			}
			fk := &ForeignKey{Constraint: declared, From: g.Of(r), To: g.Of(declared.Ref)}
			g.ForeignKeys = append(g.ForeignKeys, fk)
			g.declared[r] = append(g.declared[r], fk)
			if fk.To != nil {
				fk.To.addReferencedKey(fk.RefColumns)
			}
		}
	}
	for _, t := range g.Tables {
		t.ForeignKeys = g.declared[t.Relation]
	}
}

func (t *Table) addReferencedKey(columns []string) {
	if !slices.ContainsFunc(t.ReferencedKeys, func(key []string) bool { return slices.Equal(key, columns) }) {
		t.ReferencedKeys = append(t.ReferencedKeys, columns)
	}
}

// NeedsIndex reports whether a foreign key leads to the columns of a unique index by it.
func (g *Graph) NeedsIndex(ix *catalog.Index) bool {
	return slices.ContainsFunc(g.ForeignKeys, func(fk *ForeignKey) bool { return fk.Index == ix })
}

// DeclaredAt are the foreign keys of a table or a partition itself.
func (g *Graph) DeclaredAt(r *catalog.Relation) []*ForeignKey { return g.declared[r] }

// ForeignKeysOf are those that the rows of a relation keep: its own and, of a partition,
// those of the tables that it is a part of.
func (g *Graph) ForeignKeysOf(r *catalog.Relation) []*ForeignKey {
	all := slices.Clone(g.declared[r])
	for r.Partition && len(r.Parents) > 0 {
		r = r.Parents[0]
		all = append(all, g.declared[r]...)
	}
	return all
}

// Self reports whether the foreign key is to its own table.
func (k *ForeignKey) Self() bool { return k.From == k.To }

// Has reports whether a column is one of the foreign key's.
func (k *ForeignKey) Has(column string) bool { return slices.Contains(k.Columns, column) }

// Maps reports whether the foreign key leads from some columns to others, in parallel.
func (k *ForeignKey) Maps(columns, key []string) bool {
	if len(columns) != len(key) {
		return false
	}
	for i := range columns {
		if !slices.ContainsFunc(k.pairs(), func(p [2]string) bool { return p == [2]string{columns[i], key[i]} }) {
			return false
		}
	}
	return true
}

// pairs are the columns, each with the one that it must equal.
func (k *ForeignKey) pairs() [][2]string {
	out := make([][2]string, len(k.Columns))
	for i := range k.Columns {
		out[i] = [2]string{k.Columns[i], k.RefColumns[i]}
	}
	return out
}

// Carries reports whether the foreign key leads from the tenant's columns of a level to
// those of the other table: it accepts no row of another tenant.
func (k *ForeignKey) Carries(level string) bool {
	for _, columns := range k.From.carriers(level) {
		for _, key := range k.To.carriers(level) {
			if k.Maps(columns, key) {
				return true
			}
		}
	}
	return false
}

// StaysWithin reports whether the foreign key accepts no row of another tenant of a
// level: it carries that tenant, one of a level inside of it, or the row by which both
// tables reach it.
func (k *ForeignKey) StaysWithin(level string) bool {
	if k.Carries(level) || k.carriesParent(level) {
		return true
	}
	for _, t := range k.From.graph.Model.Tenants {
		for _, above := range k.From.graph.Model.Above(t.Name) {
			if above.Name == level && k.Carries(t.Name) {
				return true
			}
		}
	}
	return false
}

// HeldWithin reports whether the foreign key accepts no row of another tenant of a level, by
// itself or because another one does not that holds the same columns to the same row, or to a
// row which has them from there: what that one leads to is a matter of its own.
func (k *ForeignKey) HeldWithin(level string) bool {
	return k.StaysWithin(level) || slices.ContainsFunc(k.From.graph.ForeignKeysOf(k.Table), func(other *ForeignKey) bool {
		return other != k && (other.To == k.To && other.Maps(k.Columns, k.RefColumns) || other.hands(k)) && len(other.Unchecked(k.Columns)) == 0 && other.StaysWithin(level)
	})
}

// hands reports whether the foreign key leads to a row whose own foreign key leads from the
// same values to what k leads to.
func (k *ForeignKey) hands(other *ForeignKey) bool {
	if k.To == nil || k.To == k.From {
		return false
	}
	return slices.ContainsFunc(k.To.ForeignKeys, func(up *ForeignKey) bool {
		return up.To == other.To && slices.Equal(up.RefColumns, other.RefColumns) && k.Maps(other.Columns, up.Columns)
	})
}

// carriesParent reports whether both tables reach their tenant of a level through a row of
// a third, or the one through the other, and the foreign key leads from that row to itself.
func (k *ForeignKey) carriesParent(level string) bool {
	mine, _ := k.From.Scope(level)
	theirs, ok := k.To.Scope(level)
	switch {
	case !ok || theirs.Via.Table == "":
		return false
	case k.From.graph.Table(theirs.Via.Table) == k.From:
		return k.Maps(theirs.Via.Key, theirs.Via.Columns)
	}
	return mine.Via.Table == theirs.Via.Table && slices.Equal(mine.Via.Key, theirs.Via.Key) && k.Maps(mine.Via.Columns, theirs.Via.Columns)
}

// Beyond are the columns of the foreign key, and the key's in parallel, without those in
// which both tables carry the tenant of a level.
func (k *ForeignKey) Beyond(level string) (columns, key []string) {
	mine, theirs := slices.Concat(k.From.carriers(level)...), slices.Concat(k.To.carriers(level)...)
	for i := range k.Columns {
		if !slices.Contains(mine, k.Columns[i]) || !slices.Contains(theirs, k.RefColumns[i]) {
			columns, key = append(columns, k.Columns[i]), append(key, k.RefColumns[i])
		}
	}
	return columns, key
}

// IsTenantKey reports whether the foreign key leads to the tenant that the row belongs to.
func (k *ForeignKey) IsTenantKey() bool {
	return k.To != nil && k.To.Tenant != nil && k.Carries(k.To.Tenant.Name)
}

// BindsTenant reports whether the foreign key holds the columns of a scope of its table
// to a tenant that exists: it leads to the tenants, to those one level inside, or to rows
// that carry the tenant, which are bound themselves.
func (k *ForeignKey) BindsTenant(level string, columns []string) bool {
	return k.bindsTenant(level, columns, nil)
}

// bindsTenant is BindsTenant on a way from some tables, to which it does not go again.
func (k *ForeignKey) bindsTenant(level string, columns []string, from []*Table) bool {
	if k.To == nil || slices.Contains(from, k.To) {
		return false
	}
	tenants := k.LeadsToTenants(level)
	return slices.ContainsFunc(k.To.carriers(level), func(key []string) bool {
		return k.Maps(columns, key) && (tenants || k.To.boundToTenant(level, key, append(from, k.From)))
	})
}

// LeadsToTenants reports whether the foreign key leads to the tenants of a level, or to
// those one level inside.
func (k *ForeignKey) LeadsToTenants(level string) bool {
	return k.To != nil && k.To.Tenant != nil && (k.To.Tenant.Name == level || k.To.Tenant.Parent == level)
}

// boundToTenant reports whether a foreign key that Postgres checks for every row binds
// columns that carry a tenant of a level.
func (t *Table) boundToTenant(level string, columns []string, from []*Table) bool {
	return slices.ContainsFunc(t.ForeignKeys, func(k *ForeignKey) bool {
		return k.bindsTenant(level, columns, from) && len(k.Unchecked(columns)) == 0
	})
}

// Unchecked are the columns, beside some that are not NULL, with which Postgres does not
// check the foreign key: those that may be NULL, of MATCH SIMPLE.
func (k *ForeignKey) Unchecked(beside []string) []string {
	var out []string
	for _, name := range k.Columns {
		if c := k.Table.Column(name); k.Match != "f" && c != nil && !c.Required() && !slices.Contains(beside, name) {
			out = append(out, name)
		}
	}
	return out
}

// OneToOne reports whether no two rows lead to one.
func (k *ForeignKey) OneToOne() bool { return k.Table.UniqueBy(k.Columns) }

// OwnColumn is the last that carries no tenant and is of no pair: the one by which the
// foreign key is known. Where there is none, it is the last of all.
func (k *ForeignKey) OwnColumn() string {
	for _, name := range slices.Backward(k.Columns) {
		inPair := slices.ContainsFunc(k.From.Pairs, func(p *Pair) bool { return p.Type == name || p.ID == name })
		if !inPair && !k.From.IsTenantColumn(k.From.Relation.Column(name)) {
			return name
		}
	}
	return k.Columns[len(k.Columns)-1]
}

// Modelled reports whether the Model says what the foreign key does: it leads to the
// row's tenant or to the row that tells it, is a pair's shadow, or joins a base and a
// subtype.
func (k *ForeignKey) Modelled() bool {
	return k.TellsTenant() || k.JoinsSubtype() ||
		slices.ContainsFunc(k.Columns, func(c string) bool { return k.From.ShadowOf(c) != nil })
}

// TellsTenant reports whether the foreign key leads to the tenant that the row belongs to,
// or to the row through which it reaches its tenant.
func (k *ForeignKey) TellsTenant() bool {
	return k.IsTenantKey() || slices.ContainsFunc(k.From.Scopes, func(s Scope) bool {
		return s.Via.Table != "" && k.From.graph.Table(s.Via.Table) == k.To && slices.Equal(k.Columns, s.Via.Columns)
	})
}

// JoinsSubtype reports whether the foreign key leads from a subtype to its base, or back.
func (k *ForeignKey) JoinsSubtype() bool {
	of := func(base, sub *Table) bool {
		return base != nil && sub != nil && slices.ContainsFunc(base.Subtypes, func(s *Subtype) bool { return s.Table == sub })
	}
	return of(k.From, k.To) || of(k.To, k.From)
}

// HasTenant reports whether rows of the table belong to tenants, or are tenants. A table
// that the catalog does not list, nil, has none.
func (t *Table) HasTenant() bool { return t != nil && (t.Tenant != nil || len(t.Scopes) > 0) }

// BetweenTenants are the foreign keys by which a row could lead to another tenant's:
// both tables have tenants, and it is not the key that says which.
func (t *Table) BetweenTenants() []*ForeignKey {
	var out []*ForeignKey
	for _, fk := range t.ForeignKeys {
		if t.HasTenant() && fk.To.HasTenant() && !fk.IsTenantKey() {
			out = append(out, fk)
		}
	}
	return out
}

// InForeignKey reports whether a foreign key of the table has the column.
func (t *Table) InForeignKey(column string) bool {
	return slices.ContainsFunc(t.ForeignKeys, func(fk *ForeignKey) bool { return fk.Has(column) })
}

// IsReferenced reports whether a foreign key leads to the column.
func (t *Table) IsReferenced(column string) bool {
	return slices.ContainsFunc(t.ReferencedKeys, func(key []string) bool { return slices.Contains(key, column) })
}

// ShadowOf is the target of a pair whose shadow a column is, or nil.
func (t *Table) ShadowOf(column string) *Reference {
	for _, p := range t.Pairs {
		for _, ref := range p.Targets {
			if target, ok := p.Target(ref.Type); ok && target.Shadow == column {
				return ref
			}
		}
	}
	return nil
}

// carriers are the columns, or several lists of them, in which a row carries its tenant
// of a level; in the tenants' own table, their key. A table that inherits from another
// carries tenants as that does, where the Model says nothing of it.
func (t *Table) carriers(level string) [][]string {
	if t == nil {
		return nil
	}
	var out [][]string
	if t.Tenant != nil && t.Tenant.Name == level {
		out = append(out, t.Tenant.Key)
	}
	for _, s := range t.graph.Model.Scopes(t.Name) {
		if s.Tenant == level && len(s.Columns) > 0 {
			out = append(out, s.Columns)
		}
	}
	for _, parent := range t.Relation.Parents {
		if !t.HasTenant() {
			out = append(out, t.graph.Of(parent).carriers(level)...)
		}
	}
	return out
}
