package rows

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/fake"
)

// solutions are what searches have found for CHECKs which only Postgres can read.
type solutions struct {
	values     map[columnKey]*solvedValues // by column
	references map[columnKey]bool          // by column of a nullable reference: false, it must stay NULL
}

// with returns the solutions of both. Where both have one for a column, s wins.
func (s solutions) with(other solutions) solutions {
	out := solutions{values: map[columnKey]*solvedValues{}, references: map[columnKey]bool{}}
	for _, from := range []solutions{other, s} {
		maps.Copy(out.values, from.values)
		maps.Copy(out.references, from.references)
	}
	return out
}

// haveAll reports whether there is a solution for each of the columns.
func (s solutions) haveAll(t *table, columns []*column) bool {
	return !slices.ContainsFunc(columns, func(c *column) bool {
		key := columnKey{t.name, c.name}
		_, decided := s.references[key]
		return !decided && s.values[key] == nil
	})
}

// solvedValues holds values of some columns that together satisfy CHECKs which only
// Postgres can read. Each row of a table takes one of the combinations, by its number.
type solvedValues struct {
	columns []int       // indexes
	rows    [][]*string // combinations: a value for each of the columns, nil for NULL
	// uniqueInferrers make, for a column that must differ from row to row, another value where
	// the combination has an inferred one. nil: the combination's value.
	uniqueInferrers []func(*fake.Value) any
	inferred        map[*string]bool // which of the values are inferred
}

// value returns the value of a column in a row.
func (p *solvedValues) value(v *fake.Value, col int) any {
	row := p.rows[fake.Derive(uint64(v.Row()), "pool")%uint64(len(p.rows))]
	at := slices.Index(p.columns, col)
	switch s := row[at]; {
	case s == nil:
		return nil
	case p.uniqueInferrers[at] != nil && p.inferred[s]:
		return p.uniqueInferrers[at](v)
	default:
		return *s
	}
}

// matching keeps the combinations that have the discriminators given; nil where none has.
func (p *solvedValues) matching(discriminators map[int]string) *solvedValues {
	if p == nil || len(discriminators) == 0 {
		return p
	}
	out := &solvedValues{columns: p.columns, uniqueInferrers: p.uniqueInferrers, inferred: p.inferred}
	for _, row := range p.rows {
		fits := true
		for col, want := range discriminators {
			if i := slices.Index(p.columns, col); i >= 0 && (row[i] == nil || *row[i] != want) {
				fits = false
			}
		}
		if fits {
			out.rows = append(out.rows, row)
		}
	}
	if len(out.rows) == 0 {
		return nil
	}
	return out
}

// UnfillableError says for which constraint no values were found.
type UnfillableError struct {
	Table      string
	Constraint string
	Definition string
	Columns    []string
}

func (e *UnfillableError) Error() string {
	return fmt.Sprintf("no row of %s was found that satisfies %s, %s\n  %s", e.Table, e.Constraint, e.Definition, e.wayOut().inGo)
}

func (e *UnfillableError) wayOut() wayOut {
	return wayOut{fmt.Sprintf("say what the columns hold: factory.Auto(%q).Create(t, db, func(r *factory.Record) { r.Set(%q, …) })", e.Table, e.Columns[0]),
		fmt.Sprintf("write the rows in a fixture, which --fixtures loads, that says what %s holds, and leave the table out of --rows", strings.Join(e.Columns, " and "))}
}

// solveCheck searches, after a violation of a CHECK, for values that satisfy it together
// with all CHECKs that share columns with it. It returns a schema with these values, or the
// original error where it finds none. Where another goroutine has searched already, it
// returns the schema as it is, once for each constraint.
func (s *schema) solveCheck(ctx context.Context, db seedbed.DB, cause error, tried map[columnKey]bool) (*schema, error) {
	var pg *pgconn.PgError
	if !errors.As(cause, &pg) || pg.Code != "23514" || pg.ConstraintName == "" {
		return nil, cause
	}
	rel := s.cat.Table(pg.SchemaName + "." + pg.TableName)
	if rel == nil || s.tables[rel.Root()] == nil {
		return nil, cause
	}
	t := s.tables[rel.Root()]
	k := t.relation.Constraint(pg.ConstraintName)
	if k == nil {
		return nil, cause
	}
	solver := &checkSolver{table: t, cells: fake.New(1, t.name, fake.Epoch)}
	solver.addConstraint(k)
	if len(solver.columns) == 0 {
		return nil, fmt.Errorf("%w\n  it is about keys and references (%s), for which no values are searched: %s",
			cause, strings.Join(k.Columns, ", "), outOfReference.inGo)
	}
	name := columnKey{t.name, k.Name}
	if s.solved.haveAll(t, solver.columns) && tried[name] {
		return nil, cause
	}
	tried[name] = true
	if s.solved.haveAll(t, solver.columns) {
		return s, nil
	}
	rows, err := solver.searchEachSubtype(ctx, db)
	if err != nil {
		return nil, fmt.Errorf("%w (and while looking for values: %v)", cause, err)
	}
	if len(rows) == 0 {
		return nil, &UnfillableError{t.name, k.Name, solver.definitionWith(k), k.Columns}
	}
	return s.derive(s.model, solver.solve(rows).with(s.solved)), nil
}

// definitionWith returns the definition of a CHECK for which no values were found. Where
// every CHECK by itself was satisfied by some values, the others are named too: together
// they leave none.
func (solver *checkSolver) definitionWith(k *catalog.Constraint) string {
	text := k.Definition
	if len(solver.met) < len(solver.checks) {
		return text
	}
	for _, other := range solver.checks {
		if other != k {
			text += fmt.Sprintf(", together with %s, %s", other.Name, other.Definition)
		}
	}
	return text
}

// solve makes solved values of the combinations that a search has found. Whether a nullable
// reference is NULL can be decided only once for a table: the first combination decides,
// and those that differ are dropped.
func (solver *checkSolver) solve(found [][]*string) solutions {
	solved := solutions{values: map[columnKey]*solvedValues{}, references: map[columnKey]bool{}}
	name := func(c *column) columnKey { return columnKey{solver.table.name, c.name} }
	alike := func(row []*string) bool {
		for i, c := range solver.columns {
			if c.inReference && (row[i] == nil) != (found[0][i] == nil) {
				return false
			}
		}
		return true
	}
	values := &solvedValues{inferred: solver.inferred}
	found = solver.preferInferred(found)
	for _, row := range found {
		if alike(row) {
			values.rows = append(values.rows, row)
		}
	}
	for i, c := range solver.columns {
		values.columns, values.uniqueInferrers = append(values.columns, c.index), append(values.uniqueInferrers, nil)
		if solver.needsDistinctValues(c) {
			values.uniqueInferrers[i] = inferValue(c.asUnique())
		}
		if c.inReference {
			solved.references[name(c)] = found[0][i] != nil
		} else {
			solved.values[name(c)] = values
		}
	}
	return solved
}

// preferInferred keeps the combinations whose unique columns have inferred values, which
// can differ from row to row, if there are any.
func (solver *checkSolver) preferInferred(rows [][]*string) [][]*string {
	fresh := slices.DeleteFunc(slices.Clone(rows), func(row []*string) bool {
		for i, c := range solver.columns {
			if solver.needsDistinctValues(c) && row[i] != nil && !solver.inferred[row[i]] {
				return true
			}
		}
		return false
	})
	if len(fresh) == 0 {
		return rows
	}
	return fresh
}
