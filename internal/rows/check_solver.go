package rows

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"sort"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/fake"
)

// checkSolver searches for values of some columns that satisfy the CHECKs which read them.
// It draws combinations of candidate values at random, lets the server say which CHECKs
// each satisfies, and repairs the best ones with values of those that satisfy the others.
type checkSolver struct {
	table      *table
	columns    []*column
	checks     []*catalog.Constraint // all CHECKs that share columns
	candidates [][]*string           // by column: the values to try
	cells      *fake.Cells
	draws      int64               // how many random numbers were drawn
	inferred   map[*string]bool    // which candidates inferValue has made
	violated   *catalog.Constraint // the one that the values must break; nil: all must hold
	read       [][]int             // by CHECK: the columns that it reads
	met        map[int]bool        // the CHECKs that some combination has satisfied
}

// addConstraint adds a CHECK, all CHECKs that share columns with it, directly or through
// others, and the columns that may be changed.
func (solver *checkSolver) addConstraint(k *catalog.Constraint) {
	names := slices.Clone(k.Columns)
	for grown := true; grown; {
		grown = false
		for _, other := range solver.table.relation.Checks() {
			if slices.Contains(solver.checks, other) || !slices.ContainsFunc(other.Columns, func(n string) bool { return slices.Contains(names, n) }) {
				continue
			}
			solver.checks, grown = append(solver.checks, other), true
			names = append(names, solver.table.read(other)...)
		}
	}
	for _, c := range solver.table.columns {
		free := !c.inPrimaryKey && (!c.inReference || solver.table.isOptionalReference(c))
		if solver.violated != nil { // a violation may change keys, and the type of a polymorphic pair
			free = !c.inReference && c.baseOID != uuidOID || solver.table.isPairTypeColumn(c)
		}
		if slices.Contains(names, c.name) && c.Writable() && free {
			solver.columns = append(solver.columns, c)
		}
	}
	for _, c := range solver.columns {
		solver.candidates = append(solver.candidates, solver.candidateValues(c))
	}
}

// isOptionalReference reports whether a column belongs to a reference that may be NULL.
func (t *table) isOptionalReference(c *column) bool {
	return !c.Required() && !t.isTenantColumn(c.index) && !t.isPairTypeColumn(c) && slices.ContainsFunc(t.references, func(ref *reference) bool {
		return ref.pair == nil && slices.Contains(ref.ownColumns, c.index) && (ref.parent != t || len(ref.ownColumns) == 1)
	})
}

// isPairTypeColumn reports whether a column says which table a polymorphic pair points at.
func (t *table) isPairTypeColumn(c *column) bool {
	return slices.ContainsFunc(t.references, func(ref *reference) bool { return ref.pair != nil && ref.pairTypeColumn == c.index })
}

// read returns the names of the columns that a CHECK reads, and of those that the generated
// ones among these are computed from.
func (t *table) read(k *catalog.Constraint) []string {
	names := slices.Clone(k.Columns)
	for _, name := range k.Columns {
		if c := t.columnsByName[name]; c != nil && c.Generated != "" {
			names = append(names, namesOf(t.generatedFrom(c))...)
		}
	}
	return names
}

// mentionsColumn reports whether an expression names a column.
func mentionsColumn(expr, name string) bool {
	return regexp.MustCompile(`\b` + regexp.QuoteMeta(name) + `\b`).MatchString(expr)
}

// searchEachSubtype searches once freely, and once for each subtype: the row of a subtype's
// table needs a base of that type.
func (solver *checkSolver) searchEachSubtype(ctx context.Context, db seedbed.DB) ([][]*string, error) {
	rows, err := solver.search(ctx, db, 24)
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
		more, err := solver.search(ctx, db, 8)
		if err != nil {
			return nil, err
		}
		rows = append(rows, more[:min(len(more), 8)]...)
	}
	return rows, nil
}

// search tries 400 combinations in each of at most 12 rounds, until enough satisfy all
// CHECKs, or nothing is left to try for one of them. It returns those that satisfy all.
func (solver *checkSolver) search(ctx context.Context, db seedbed.DB, enough int) ([][]*string, error) {
	const size, rounds, kept = 400, 12, 48
	solver.read, solver.met = solver.columnsOf(), map[int]bool{}
	var best []trial
	donors := make([][]trial, len(solver.checks))
	tried := make([]map[string]bool, len(solver.checks))
	for range rounds {
		generation := solver.vary(best, donors, size)
		if err := solver.score(ctx, db, generation); err != nil {
			return nil, err
		}
		best = append(best, generation...)
		sort.SliceStable(best, func(i, j int) bool { return best[i].score() > best[j].score() })
		for k := range donors {
			for _, c := range best {
				if len(donors[k]) < kept && c.satisfies(k) {
					donors[k] = append(donors[k], c)
				}
			}
			if len(donors[k]) == 0 && solver.exhausted(k, generation, &tried[k]) {
				return nil, nil
			}
		}
		best = best[:min(len(best), kept)]
		if len(best) >= enough && best[enough-1].score() == len(solver.checks) {
			break
		}
	}
	var rows [][]*string
	for _, c := range best {
		if c.score() == len(solver.checks) {
			rows = append(rows, solver.row(c))
		}
	}
	return rows, nil
}

// exhausted reports whether every combination of the columns that a CHECK reads was tried,
// in this generation or, by tried, before.
func (solver *checkSolver) exhausted(k int, generation []trial, tried *map[string]bool) bool {
	read, all := solver.read[k], 1
	for _, col := range read {
		if all *= len(solver.candidates[col]); all > 4*len(generation) {
			return false
		}
	}
	if *tried == nil {
		*tried = map[string]bool{}
	}
	for _, c := range generation {
		var key []byte
		for _, col := range read {
			key = fmt.Append(key, c.picks[col], " ")
		}
		(*tried)[string(key)] = true
	}
	return len(*tried) == all
}

// columnsOf returns, of each CHECK, the columns that it reads of those that the search
// changes.
func (solver *checkSolver) columnsOf() [][]int {
	read := make([][]int, len(solver.checks))
	for k, check := range solver.checks {
		names := solver.table.read(check)
		for col, c := range solver.columns {
			if slices.Contains(names, c.name) {
				read[k] = append(read[k], col)
			}
		}
	}
	return read
}

// trial is a combination to try: for each column, the index of a candidate. holds says of
// each CHECK whether the combination satisfies it; it is nil where the server could not say.
type trial struct {
	picks []int
	holds []bool
}

func (c trial) satisfies(k int) bool { return c.holds != nil && c.holds[k] }

// score is how many CHECKs the combination satisfies.
func (c trial) score() (n int) {
	for _, holds := range c.holds {
		if holds {
			n++
		}
	}
	return n
}

// vary returns new combinations: one in four is random, the others are the best ones,
// each changed a little. donors are, by CHECK, combinations that satisfy it.
func (solver *checkSolver) vary(best []trial, donors [][]trial, size int) []trial {
	out := make([]trial, size)
	for i := range out {
		picks := make([]int, len(solver.columns))
		if len(best) > 0 && i%4 > 0 {
			from := best[i%len(best)]
			copy(picks, from.picks)
			redraws := i % 3
			if !solver.repair(picks, from, donors) {
				redraws = max(redraws, 1)
			}
			for range redraws {
				solver.redraw(picks)
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

// repair takes the values of one CHECK that a combination violates from one that satisfies
// it. It returns false where it violates none, or no combination satisfies that CHECK yet.
func (solver *checkSolver) repair(picks []int, from trial, donors [][]trial) bool {
	var violated []int
	for k := range solver.checks {
		if !from.satisfies(k) && len(donors[k]) > 0 {
			violated = append(violated, k)
		}
	}
	if len(violated) == 0 {
		return false
	}
	k := violated[solver.random(len(violated))]
	donor := donors[k][solver.random(len(donors[k]))]
	for _, col := range solver.read[k] {
		picks[col] = donor.picks[col]
	}
	return true
}

// redraw changes the value of one column.
func (solver *checkSolver) redraw(picks []int) {
	col := solver.random(len(picks))
	picks[col] = solver.random(len(solver.candidates[col]))
}

// random draws from 0 to n-1, the same numbers in every run.
func (solver *checkSolver) random(n int) int {
	solver.cells.At(solver.draws)
	solver.draws++
	return solver.cells.Of("draw").Index(n)
}

// row returns the values of a combination.
func (solver *checkSolver) row(c trial) []*string {
	row := make([]*string, len(c.picks))
	for col, pick := range c.picks {
		row[col] = solver.candidates[col][pick]
	}
	return row
}

// score lets the server say which CHECKs each combination satisfies. Where an expression
// raises an error, it bisects the combinations until the one at fault is alone.
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
		return nil // it satisfies none
	}
	half := len(generation) / 2
	if err := solver.score(ctx, db, generation[:half]); err != nil {
		return err
	}
	return solver.score(ctx, db, generation[half:])
}

// scoreOnServer runs the query of scoreSQL over the combinations.
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
		var i int
		var holds []bool
		if err := rows.Scan(&i, &holds); err != nil {
			return err
		}
		generation[i-1].holds = holds
		for k, ok := range holds {
			if ok {
				solver.met[k] = true
			}
		}
	}
	return rows.Err()
}

// scoreSQL says of each combination, whose values are its parameters, which CHECKs it
// satisfies.
func (solver *checkSolver) scoreSQL() string {
	var holds []string
	for _, k := range solver.checks {
		want := "is not false"
		if k == solver.violated {
			want = "is false"
		}
		holds = append(holds, fmt.Sprintf("(%s) %s", k.Expr, want))
	}
	return fmt.Sprintf("select i::int, array[%s] from %s", strings.Join(holds, ", "), solver.table.rowsFromSQL(solver.columns, solver.placeholder))
}

// placeholder is an expression for a column that the search does not change: a value of the
// kind that the row will have, or NULL.
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
