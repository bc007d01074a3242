// Package graph says how the tables of a database refer to one another: by foreign
// keys, by the polymorphic pairs, subtypes and tenants that a Model declares.
//
//	g := graph.New(cat, model)
//	for _, ref := range g.Table("comments").References {
//		fmt.Println(ref) // resource_id → datasets, author_id → users, …
//	}
//
// Partitions stand for their root. A Graph never changes; it holds no rows and asks
// no server.
package graph

import (
	"slices"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/internal/catalog"
)

// Graph is the tables of a database and the references between them.
type Graph struct {
	Catalog *catalog.Catalog
	Model   seedbed.Model
	Tables  []*Table // by schema and name, those of migration tools included

	byRelation map[*catalog.Relation]*Table
}

// Table is a table that rows are written to, and its place in the graph.
type Table struct {
	Relation *catalog.Relation
	Name     string // as people and the Model write it
	// References to other tables: to tenants first, the innermost before those that
	// it lies in, then foreign keys by their names, then pairs.
	References []*Reference
	Referrers  []*Reference // references of other tables, and its own, to this one
	Scopes     []Scope      // the tenancy of its rows, innermost level first
	Pairs      []*Pair
	Subtypes   []*Subtype      // of a base table
	Tenant     *seedbed.Tenant // the level that it has a row for each tenant of, or nil
}

// Scope is a level of tenancy that the rows of a table belong to.
type Scope struct {
	seedbed.Scoped
	Level   seedbed.Tenant
	Columns []*catalog.Column // in the order of the level's key; nil: see Via
}

// New builds the graph. What the Model names and the catalog does not have is left
// out: seedbed.Validate reports it.
func New(cat *catalog.Catalog, m seedbed.Model) *Graph {
	g := &Graph{Catalog: cat, Model: m, byRelation: map[*catalog.Relation]*Table{}}
	for _, r := range cat.Tables() {
		t := &Table{Relation: r, Name: cat.Name(r)}
		g.Tables = append(g.Tables, t)
		g.byRelation[r] = t
	}
	for _, t := range g.Tables {
		g.addScopes(t)
	}
	for _, t := range g.Tables {
		g.addSubtypes(t)
		g.addPairs(t)
	}
	for _, t := range g.Tables {
		g.addReferences(t)
	}
	for _, t := range g.Tables {
		for _, ref := range t.References {
			ref.To.Referrers = append(ref.To.Referrers, ref)
		}
	}
	return g
}

func (g *Graph) addScopes(t *Table) {
	if level, ok := g.Model.TenantTable(t.Name); ok {
		t.Tenant = &level
	}
	for _, scoped := range g.Model.Scopes(t.Name) {
		level, ok := g.Model.Tenant(scoped.Tenant)
		if _, twice := t.Scope(scoped.Tenant); !ok || twice {
			continue
		}
		t.Scopes = append(t.Scopes, Scope{Scoped: scoped, Level: level, Columns: t.columns(scoped.Columns)})
	}
}

// Table finds a table by its name as people write it, or nil.
func (g *Graph) Table(name string) *Table {
	r := g.Catalog.Table(name)
	if r == nil {
		return nil
	}
	return g.Of(r)
}

// Of is the table that a relation's rows are written to, a partition's root; nil of
// views and of what the catalog does not list.
func (g *Graph) Of(r *catalog.Relation) *Table { return g.byRelation[r.Root()] }

// Order sorts tables so that each comes after those it refers to in any way. Tables
// that refer to one another in a circle come as one group, in the order given.
func (g *Graph) Order(tables []*Table) [][]*Table {
	return catalog.Components(tables, (*Table).Parents)
}

// Parents are the tables that the table refers to, itself perhaps included.
func (t *Table) Parents() []*Table {
	return ends(t.References, func(ref *Reference) *Table { return ref.To })
}

// Children are the tables that refer to the table, itself perhaps included.
func (t *Table) Children() []*Table {
	return ends(t.Referrers, func(ref *Reference) *Table { return ref.From })
}

func ends(refs []*Reference, end func(*Reference) *Table) []*Table {
	var out []*Table
	for _, ref := range refs {
		if t := end(ref); !slices.Contains(out, t) {
			out = append(out, t)
		}
	}
	return out
}

// Scope is how the rows belong to tenants of a level; false where they do not.
func (t *Table) Scope(level string) (Scope, bool) {
	for _, s := range t.Scopes {
		if s.Level.Name == level {
			return s, true
		}
	}
	return Scope{}, false
}

// IsTenantColumn reports whether the column carries a tenant's key.
func (t *Table) IsTenantColumn(c *catalog.Column) bool {
	return slices.ContainsFunc(t.Scopes, func(s Scope) bool { return slices.Contains(s.Columns, c) })
}

// ReferenceOf is the first reference that the column alone belongs to, or nil.
func (t *Table) ReferenceOf(column string) *Reference {
	for _, ref := range t.References {
		if slices.ContainsFunc(ref.Own, func(c *catalog.Column) bool { return c.Name == column }) {
			return ref
		}
	}
	return nil
}

// columns by name; nil where one is missing.
func (t *Table) columns(names []string) []*catalog.Column {
	var out []*catalog.Column
	for _, name := range names {
		c := t.Relation.Column(name)
		if c == nil {
			return nil
		}
		out = append(out, c)
	}
	return out
}
