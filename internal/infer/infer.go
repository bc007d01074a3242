// Package infer works out what the tables of a database mean: which levels of
// tenancy there are, how rows belong to them, which pairs of columns point at any
// table, which tables come in subtypes.
//
//	found, err := infer.Infer(ctx, cat, db)
//	for _, level := range found.Levels { … level.Table.Name … }
//
// Conclusions rest on evidence that a database holds, strongest first: what
// row-level security policies compare, what foreign keys require, what composite
// keys repeat, and names last. Nothing is measured against the number of all
// tables, so tables that have nothing to do with a conclusion do not weaken it.
// What the evidence suggests without settling it is a doubt.
//
// The time is linear in the number of tables and foreign keys; a pair of columns
// costs a query or two on its table.
package infer

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/qarion/seedbed/internal/catalog"
)

// Rows is a database whose rows may be looked at, where only they can tell.
type Rows interface {
	Begin(ctx context.Context) (pgx.Tx, error)
}

// Result is what was found, tables in the catalog's order.
type Result struct {
	Levels      []*Level
	Scopes      []Scope
	Global      []*catalog.Relation
	Pairs       []*Pair
	Bases       []*Base
	Memberships []*Membership
	Evidence    []Evidence
	Doubts      []string
}

// Evidence holds the reasons of a conclusion, which is named as the declaration
// that is made of it: "scoped datasets".
type Evidence struct {
	Conclusion string
	Reasons    []string
}

// Level of tenancy.
type Level struct {
	Name          string
	Table         *catalog.Relation // nil: tenants live elsewhere
	Key           []string
	Parent        *Level
	ParentColumns []string
	Identity      Identity

	candidate *candidate
}

// Identity is how a session says who it is: by a setting, by a claim inside one, or
// by the key of a row that knows.
type Identity struct {
	Setting string
	Claim   []string
	Session Ref
}

// Ref leads from columns of one table to another table.
type Ref struct {
	Columns []string
	Table   *catalog.Relation // nil with Columns: a pair, and its target
	Key     []string
}

// Scope is how the rows of a table belong to tenants of one level.
type Scope struct {
	Table    *catalog.Relation
	Level    *Level
	Columns  []string
	Via      Ref
	Optional bool
	// Across is the outer level that reads an aggregate across its tenants, and
	// AcrossColumns hold that level's key; nil: the table is no aggregate.
	Across        *Level
	AcrossColumns []string
}

// Membership is a table whose rows let a user see a tenant.
type Membership struct {
	Table   *catalog.Relation
	Level   *Level
	Columns []string
	User    []string
	Identity
}

// Pair of columns that points at rows of any of several tables.
type Pair struct {
	Table   *catalog.Relation
	Type    *catalog.Column
	ID      *catalog.Column
	Tenant  []string
	Targets []Target
}

// Target of a pair.
type Target struct {
	Value  string
	Table  *catalog.Relation
	Key    string
	Shadow string
}

// Base is a table whose rows come in subtypes.
type Base struct {
	Table         *catalog.Relation
	Key           []string
	Discriminator string
	Subtypes      []Subtype
}

// Subtype of a base's rows.
type Subtype struct {
	Value         string
	Table         *catalog.Relation // nil: none of its own
	Key           []string
	Discriminator string
	Column        string
}

// Infer reads the catalog, and rows where it takes them.
func Infer(ctx context.Context, cat *catalog.Catalog, rows Rows) (*Result, error) {
	n := newInference(ctx, cat, rows)
	n.levels()
	n.findScopes()
	if err := n.pairs(); err != nil {
		return nil, fmt.Errorf("look for polymorphic pairs: %w", err)
	}
	n.inherit()
	if err := n.bases(); err != nil {
		return nil, fmt.Errorf("look for subtypes: %w", err)
	}
	n.memberships()
	n.conclude()
	n.schemaPerTenant()
	return &n.out, nil
}
