// Package scenario fills a database with one of five data sets: a believable company, two
// tenants that mirror each other, every class of bytes that has broken applications, large
// volumes, and states that are empty in some way.
//
//	s, err := scenario.Named("two-tenants")
//	left, err := s.Fill(ctx, pool, scenario.Options{})
//
// The same seed makes the same rows. Fill writes all of a scenario or nothing, in one
// transaction. two-tenants fills the reference schema only; the others fill any schema by
// what its catalog says.
package scenario

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/factory"
	"github.com/qarion/seedbed/internal/catalog"
)

// Options say what a scenario makes. The zero value is the usual case.
type Options struct {
	// Seed is the seed of all generated values.
	Seed uint64
	// Now is the present that generated moments lie before. Zero: a fixed one, the same in
	// every run.
	Now time.Time
	// Spaces is how many innermost tenants scale makes. Zero: 100.
	Spaces int64
	// Rows are the numbers of rows of tables that scale makes, instead of those that follow
	// from Spaces.
	Rows []Rows
	// Model says what the tables of a schema other than the reference schema mean. nil: what
	// seedbed.Discover finds.
	Model *seedbed.Model
	// Progress is called after each space, or table. nil: it is not called.
	Progress func(what string, done, of int)
	// triggers lets the schema's own triggers see the rows, also where the role may disable
	// them.
	triggers bool
	// Filling is called by scale instead, a few times a second. nil: it is not called.
	Filling func(factory.Progress)
}

// Scenario is a writer with a name.
type Scenario struct {
	// Name is the name on the command line.
	Name string
	// Short describes the scenario in a line.
	Short string
	// Promise says what holds of the rows. Tests check it.
	Promise string

	// reference fills the reference schema.
	reference func(context.Context, seedbed.DB, Options) error
	// any fills any other schema, and returns a sentence for each table that it left out. nil:
	// the scenario fills the reference schema only.
	any func(context.Context, seedbed.DB, Options) ([]string, error)
}

// All are the scenarios, the usual one first.
var All = []Scenario{
	{Name: "demo", Short: "a believable company: 3 organizations, 9 spaces, some months of work",
		Promise:   "sizes differ as they do in life; every reference leads somewhere; one space is archived",
		reference: demo, any: autoDemo},
	{Name: "two-tenants", Short: "two tenants that mirror each other row by row, with a canary in every free text",
		Promise:   "what differs between them is keys, and canary-left or canary-right: who sees the other word sees another tenant",
		reference: twoTenants},
	{Name: "hostile", Short: "every class of characters and bytes that the columns can hold",
		Promise:   "each free text, jsonb and bytea column has a value of each class: control, bidi, markup, deep JSON, no UTF-8",
		reference: hostile, any: autoHostile},
	{Name: "scale", Short: "volume: --spaces and --rows say how much (default: 100 tenants)",
		Promise:   "few tenants have much, many have little; loaded by COPY, every reference proved",
		reference: scale, any: autoScale},
	{Name: "empty-states", Short: "what screens and queries forget: nothing, one, all gone",
		Promise:   "an organization without spaces; spaces with nothing, with one of each, with rows that have no children, with all members gone, archived, cleared",
		reference: emptyStates, any: autoEmpty},
}

// ErrReferenceOnly says that a scenario can fill the reference schema only.
var ErrReferenceOnly = errors.New("it is made for the reference schema")

// ErrNothing says that no row could be made: the tables have rows already, or cannot be
// filled.
var ErrNothing = errors.New("nothing was written")

// ErrNoTables is ErrNothing where there is no table to fill.
var ErrNoTables = fmt.Errorf("%w: the database has no tables", ErrNothing)

// Named finds a scenario. Its error lists the scenarios.
func Named(name string) (*Scenario, error) {
	var names []string
	for i, s := range All {
		if s.Name == name {
			return &All[i], nil
		}
		names = append(names, s.Name)
	}
	wayOut := cmp.Or(catalog.Suggestion(name, names), "; there are "+strings.Join(names, ", "))
	return nil, fmt.Errorf("there is no scenario %q%s", name, wayOut)
}

// AnySchema reports whether the scenario fills other schemas than the reference schema.
func (s *Scenario) AnySchema() bool { return s.any != nil }

// Fill makes the scenario's rows in a migrated database. left has a sentence for each table
// that it left out. After an error nothing is written.
func (s *Scenario) Fill(ctx context.Context, db seedbed.DB, o Options) (left []string, err error) {
	reference, err := isReference(ctx, db)
	switch {
	case err != nil:
		return nil, err
	case reference:
		return nil, alreadyThere(s.reference(ctx, db, o))
	case s.any == nil:
		return nil, fmt.Errorf("scenario %s: %w; demo, hostile, scale and empty-states fill any schema", s.Name, ErrReferenceOnly)
	}
	return s.any(ctx, db, o)
}

// alreadyThere replaces an error about a key that a row of the database has: the rows of a
// scenario have keys of their own, so these are there from a run before.
func alreadyThere(err error) error {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok && pg.Code == "23505" {
		return fmt.Errorf("%w: rows of the scenario are there already, in %s", ErrNothing, pg.TableName)
	}
	return err
}

// isReference reports whether a database has the reference schema.
func isReference(ctx context.Context, db seedbed.DB) (is bool, err error) {
	err = db.QueryRow(ctx, "SELECT to_regprocedure('seedbed_space_id()') IS NOT NULL AND to_regclass('quality_checks') IS NOT NULL").Scan(&is)
	return is, err
}

// say calls Progress, if it is set.
func (o Options) say(what string, done, of int) {
	if o.Progress != nil {
		o.Progress(what, done, of)
	}
}
