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
	// ForeignKeys of all tables and partitions, each where it is declared.
	ForeignKeys []*ForeignKey

	byRelation map[*catalog.Relation]*Table
	declared   map[*catalog.Relation][]*ForeignKey
}

// Table is a table that rows are written to, and its place in the graph.
type Table struct {
	Relation *catalog.Relation
	Name     string // as people and the Model write it
	// References to other tables: to tenants first, the innermost before those that
	// it lies in, then foreign keys by their names, then pairs.
	References []*Reference
	// ForeignKeys that are declared at the table itself, by their names.
	ForeignKeys []*ForeignKey
	// ReferencedKeys are the columns to which foreign keys of any table lead, once each.
	ReferencedKeys [][]string
	Scopes         []Scope // the tenancy of its rows, innermost level first
	Pairs          []*Pair
	Subtypes       []*Subtype      // of a base table
	Tenant         *seedbed.Tenant // the level that it has a row for each tenant of, or nil

	graph *Graph
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
	g := &Graph{Catalog: cat, Model: m, byRelation: map[*catalog.Relation]*Table{}, declared: map[*catalog.Relation][]*ForeignKey{}}
	for _, r := range cat.Tables() {
		t := &Table{Relation: r, Name: cat.Name(r), graph: g}
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
	g.addForeignKeys()
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
