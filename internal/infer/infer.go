// Package infer infers from a database's catalog what its tables mean: the levels of
// tenancy, how rows belong to tenants, the polymorphic pairs of columns, and the tables
// with subtypes.
//
//	found, err := infer.Infer(ctx, cat, db)
//	for _, level := range found.Levels { … level.Table.Name … }
//
// The evidence, strongest first, is what row-level security policies compare, what
// foreign keys require, which columns composite keys repeat, and names. Tables without
// part in a conclusion do not weaken it: no count is compared with the number of all
// tables. If the evidence does not suffice for a conclusion, Infer returns a doubt.
//
// The time is linear in the number of tables and foreign keys. Each pair of columns costs
// one or two queries on its table.
package infer

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/qarion/seedbed/internal/catalog"
)

// Rows is a database from which Infer reads rows where the catalog does not suffice: the
// types of polymorphic pairs and the values of discriminators.
type Rows interface {
	Begin(ctx context.Context) (pgx.Tx, error)
}

// Result is what Infer found. Tables are in the catalog's order.
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

// Evidence has the reasons for a conclusion. Conclusion is the name of a declaration of
// the Model, such as "scoped datasets".
type Evidence struct {
	Conclusion string
	Reasons    []string
}

// Level is a level of tenancy, such as organization or space.
type Level struct {
	Name          string
	Table         *catalog.Relation // nil: the database has no table of these tenants
	Key           []string
	Parent        *Level
	ParentColumns []string
	Identity      Identity

	candidate *candidate
}

// Identity is how a session says which tenant or user it is: by a setting, by a claim in
// a setting with a JSON document, or by a setting with the key of a row of Session.
type Identity struct {
	Setting string
	Claim   []string
	Session Ref
}

// Ref is a reference from columns of one table to another table.
type Ref struct {
	Columns []string
	Table   *catalog.Relation // nil with Columns: these are a pair, which gives the table
	Key     []string
}

// Scope is how the rows of a table belong to tenants of one level.
type Scope struct {
	Table    *catalog.Relation
	Level    *Level
	Columns  []string
	Via      Ref
	Optional bool
	// Across is the outer level whose members read the table across the tenants of
	// Level, and AcrossColumns have its key. Nil: the table is no aggregate.
	Across        *Level
	AcrossColumns []string
}

// Membership is a table whose rows say which users belong to which tenants of a level.
type Membership struct {
	Table   *catalog.Relation
	Level   *Level
	Columns []string
	User    []string
	Identity
}

// Pair is a polymorphic pair: a type and an id that point at a row of one of several
// tables. Tenant are the columns of Table that the target has to share.
type Pair struct {
	Table   *catalog.Relation
	Type    *catalog.Column
	ID      *catalog.Column
	Tenant  []string
	Targets []Target
}

// Target is a table that a pair points at for one value of its type. Shadow is a
// generated column that has the id for that value, or "".
type Target struct {
	Value  string
	Table  *catalog.Relation
	Key    string
	Shadow string
}

// Base is a table whose rows have subtypes.
type Base struct {
	Table         *catalog.Relation
	Key           []string
	Discriminator string
	Subtypes      []Subtype
}

// Subtype is a subtype of a base's rows: those with Value in the base's discriminator.
// It has a table, whose Key references the base, or settings in a Column of the base.
type Subtype struct {
	Value         string
	Table         *catalog.Relation // nil: the subtype has no table
	Key           []string
	Discriminator string
	Column        string
}

// Infer reads the catalog, and rows where the catalog does not suffice.
func Infer(ctx context.Context, cat *catalog.Catalog, rows Rows) (*Result, error) {
	n := newInference(ctx, cat, rows)
	n.findLevels()
	n.findScopes()
	if err := n.findSharedRows(); err != nil {
		return nil, fmt.Errorf("look for rows without a tenant: %w", err)
	}
	if err := n.findPairs(); err != nil {
		return nil, fmt.Errorf("look for polymorphic pairs: %w", err)
	}
	n.inheritScopes()
	if err := n.findBases(); err != nil {
		return nil, fmt.Errorf("look for subtypes: %w", err)
	}
	n.findMemberships()
	n.explain()
	n.reportSchemaPerTenant()
	return &n.result, nil
}
