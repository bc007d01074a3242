package rows

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sort"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/fake"
)

// solvedValues holds values of some columns that together satisfy constraints which nothing
// but Postgres can read. Rows take turns by their number.
type solvedValues struct {
	columns []int
	rows    [][]*string
	// fresh makes another value for each row of a column that must differ, where the
	// search was content with a inferred one.
	uniqueInferrers []func(*fake.Value) any
	inferred        map[*string]bool
}

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

// matching keeps the rows that have the values given; nil where there are none.
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

// UnfillableError says which constraint no value was found for.
type UnfillableError struct {
	Table      string
	Constraint string
	Definition string
	Columns    []string
}

func (e *UnfillableError) Error() string {
	return fmt.Sprintf("no row of %s was found that satisfies %s, %s\n  say what the columns hold: factory.Auto(%q).Create(t, db, func(r *factory.Record) { r.Set(%q, …) })",
		e.Table, e.Constraint, e.Definition, e.Table, e.Columns[0])
}

// solveCheck answers a violated CHECK: it looks for values that satisfy it together with
// all others that read the same columns, by trying combinations on the server. It
// returns a schema that knows them, or the original error where it cannot help.
// Another goroutine may have solved it meanwhile, which is good for one more try for
// each constraint.
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
		return nil, fmt.Errorf("%w\n  it is about keys and references (%s), for which no values are searched: give them with Set, In, On or By",
			cause, strings.Join(k.Columns, ", "))
	}
	name := columnKey{t.name, k.Name}
	if solver.alreadySearched() && tried[name] {
		return nil, cause
	}
	tried[name] = true
	if solver.alreadySearched() {
		return s, nil
	}
	rows, err := solver.searchEachSubtype(ctx, db)
	if err != nil {
		return nil, fmt.Errorf("%w (and while looking for values: %v)", cause, err)
	}
	if len(rows) == 0 {
		return nil, &UnfillableError{t.name, k.Name, k.Definition, k.Columns}
	}
	solved, wanted := solver.solve(rows)
	return s.derive(s.model, merged(solved, s.solved), merged(wanted, s.wantedReferences)), nil
}

// trial is one combination, as an index of a candidate for each column.
type trial struct {
	picks []int
	score int
}

// search searches: combinations at random, then the best of them changed a little, a
// few rounds.
func (solver *checkSolver) search(ctx context.Context, db seedbed.DB) ([][]*string, error) {
	const size, rounds, enough = 400, 12, 24
	var best []trial
	for range rounds {
		generation := solver.mutate(best, size)
		if err := solver.score(ctx, db, generation); err != nil {
			return nil, err
		}
		best = append(best, generation...)
		sort.SliceStable(best, func(i, j int) bool { return best[i].score > best[j].score })
		best = best[:min(len(best), 48)]
		if len(best) >= enough && best[enough-1].score == len(solver.checks) {
			break
		}
	}
	var rows [][]*string
	for _, c := range best {
		if c.score == len(solver.checks) {
			rows = append(rows, solver.row(c))
		}
	}
	return rows, nil
}

// searchEachSubtype searches for every subtype that has a table of its own, as well as freely: a
// subtype's row may ask for a base of its type.
func (solver *checkSolver) searchEachSubtype(ctx context.Context, db seedbed.DB) ([][]*string, error) {
	rows, err := solver.search(ctx, db)
	if err != nil {
		return nil, err
	}
	inherits, _ := solver.table.schema.model.Inherits(solver.table.name)
	i := slices.IndexFunc(solver.columns, func(c *column) bool { return c.name == inherits.Discriminator })
	if i < 0 {
		return rows, nil
	}
	all := solver.candidates[i]
	defer func() { solver.candidates[i] = all }()
	for _, sub := range inherits.Subtypes {
		solver.candidates[i] = []*string{&sub.Value}
		more, err := solver.search(ctx, db)
		if err != nil {
			return nil, err
		}
		rows = append(rows, more[:min(len(more), 8)]...)
	}
	return rows, nil
}

func (solver *checkSolver) random(n int) int {
	solver.cells.At(solver.draws)
	solver.draws++
	return solver.cells.Of("draw").Index(n)
}

func (solver *checkSolver) mutate(best []trial, size int) []trial {
	out := make([]trial, size)
	for i := range out {
		picks := make([]int, len(solver.columns))
		if len(best) > 0 && i%4 > 0 {
			copy(picks, best[i%len(best)].picks)
			for range 1 + i%2 {
				col := solver.random(len(picks))
				picks[col] = solver.random(len(solver.candidates[col]))
			}
		} else {
			for col := range picks {
				picks[col] = solver.random(len(solver.candidates[col]))
			}
		}
		out[i] = trial{picks: picks}
	}
	return out
}

func (solver *checkSolver) row(c trial) []*string {
	row := make([]*string, len(c.picks))
	for col, pick := range c.picks {
		row[col] = solver.candidates[col][pick]
	}
	return row
}

// score asks the server how many of the constraints each combination satisfies.
// Where an expression fails on one, it bisects the combinations until that one is left.
func (solver *checkSolver) score(ctx context.Context, db seedbed.DB, generation []trial) error {
	tx, err := db.Begin(ctx)
	if err != nil {
		return err
	}
	err = solver.scoreOnServer(ctx, tx, generation)
	if rerr := tx.Rollback(ctx); err == nil {
		return rerr
	}
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		return err
	}
	if len(generation) == 1 {
		return nil // a score of 0
	}
	half := len(generation) / 2
	if err := solver.score(ctx, db, generation[:half]); err != nil {
		return err
	}
	return solver.score(ctx, db, generation[half:])
}

func (solver *checkSolver) scoreOnServer(ctx context.Context, db seedbed.DB, generation []trial) error {
	args := make([]any, len(solver.columns))
	for col := range solver.columns {
		values := make([]*string, len(generation))
		for i, c := range generation {
			values[i] = solver.candidates[col][c.picks[col]]
		}
		args[col] = values
	}
	rows, err := db.Query(ctx, solver.scoreSQL(), args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var i, score int
		if err := rows.Scan(&i, &score); err != nil {
			return err
		}
		generation[i-1].score = score
	}
	return rows.Err()
}

// scoreSQL evaluates the constraints over candidate rows, generated columns included. A
// reference is some UUID or number where it is required, NULL otherwise.
func (solver *checkSolver) scoreSQL() string {
	var sum []string
	for _, k := range solver.checks {
		want := "is not false"
		if k == solver.violated {
			want = "is false"
		}
		sum = append(sum, fmt.Sprintf("((%s) %s)::int", k.Expr, want))
	}
	return fmt.Sprintf("select i::int, %s from %s", strings.Join(sum, " + "), solver.table.rowsFromSQL(solver.columns, solver.placeholder))
}

// placeholder is what a column that the search leaves alone holds meanwhile.
func (solver *checkSolver) placeholder(c *column) string {
	if !c.Required() && !c.isInferred() && !solver.table.isTenantColumn(c.index) {
		return "null::" + c.SQLType
	}
	if c.Default != "" && c.hasConstantDefault {
		return "(" + c.Default + ")"
	}
	if c.inReference && c.baseOID != uuidOID {
		return "null::" + c.SQLType
	}
	solver.cells.At(7)
	return catalog.Literal(literalText(inferValue(c)(solver.cells.Of(c.name)))) + "::" + c.Type.Underlying().SQL
}
