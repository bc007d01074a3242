package rows

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/fake"
)

// solveChecksAhead tries, before rows are written, whether made-up values satisfy the
// CHECKs of the plan's tables, and searches for values where they do not: a violation found
// by COPY would make the plan begin again. It costs one round trip for all tables, once for
// each schema.
func (p Plan) solveChecksAhead(ctx context.Context, db seedbed.DB, s *schema) (*schema, error) {
	var tables []*table
	for _, t := range p.tablesToWrite(s) {
		if _, tried := s.checkedTables.Load(t.name); !tried && len(t.relation.Checks()) > 0 {
			tables = append(tables, t)
		}
	}
	if len(tables) == 0 {
		return s, nil
	}
	failing, err := tryChecks(ctx, db, tables)
	if err != nil {
		return nil, err
	}
	var solved solutions
	for _, t := range tables {
		for _, k := range failing[t] {
			found, err := s.solveConstraint(ctx, db, t, k, solved)
			if err != nil {
				return nil, err
			}
			solved = found.with(solved)
		}
		s.checkedTables.Store(t.name, true)
	}
	if len(solved.values)+len(solved.references) == 0 {
		return s, nil
	}
	better := s.derive(s.model, s.solved.with(solved))
	rememberSolved(better)
	return better, nil
}

// solveConstraint searches for values that satisfy a CHECK, unless an earlier search has
// found values for all of its columns. Finding none is no error: the sample rows are not
// those that the plan will write.
func (s *schema) solveConstraint(ctx context.Context, db seedbed.DB, t *table, k *catalog.Constraint, earlier solutions) (solutions, error) {
	solver := &checkSolver{table: t, cells: fake.New(1, t.name, fake.Epoch)}
	solver.addConstraint(k)
	if len(solver.columns) == 0 || s.solved.haveAll(t, solver.columns) || earlier.haveAll(t, solver.columns) {
		return solutions{}, nil
	}
	rows, err := solver.searchEachSubtype(ctx, db)
	if err != nil || len(rows) == 0 {
		return solutions{}, err
	}
	return solver.solve(rows), nil
}

// tablesToWrite returns the tables of the plan, and those of the parents that their rows
// need, except tables with a definition.
func (p Plan) tablesToWrite(s *schema) []*table {
	var out []*table
	defined := map[*table]bool{}
	for _, v := range p.Volumes {
		t, err := s.tableMadeBy(v.Definition)
		if err != nil || v.N <= 0 {
			continue
		}
		out = append(out, t)
		defined[t] = v.Definition.Fill != nil
	}
	for i := 0; i < len(out); i++ {
		for _, ref := range out[i].references {
			if !ref.optional && !slices.Contains(out, ref.parent) {
				out = append(out, ref.parent)
			}
		}
	}
	return slices.DeleteFunc(out, func(t *table) bool { return defined[t] })
}

// sampleRows is how many rows of a table are tried.
const sampleRows = 16

// tryChecks returns, by table, the CHECKs that the sample rows violate.
func tryChecks(ctx context.Context, db seedbed.DB, tables []*table) (map[*table][]*catalog.Constraint, error) {
	failing := map[*table][]*catalog.Constraint{}
	ask := func(tables []*table) error {
		return transact(ctx, db, func(tx pgx.Tx) error {
			var batch pgx.Batch
			for _, t := range tables {
				sql, args := t.sampleChecksSQL()
				batch.Queue(sql, args...)
			}
			results := tx.SendBatch(ctx, &batch)
			defer results.Close()
			for _, t := range tables {
				var holds []bool
				if err := results.QueryRow().Scan(&holds); err != nil {
					return err
				}
				for i, k := range t.relation.Checks() {
					if !holds[i] {
						failing[t] = append(failing[t], k)
					}
				}
			}
			return nil
		})
	}
	err := ask(tables)
	if !evaluationFailed(err) {
		return failing, err
	}
	clear(failing)
	for _, t := range tables { // an expression has raised an error: find out of which table
		switch err := ask([]*table{t}); {
		case evaluationFailed(err):
			failing[t] = t.relation.Checks()
		case err != nil:
			return nil, err
		}
	}
	return failing, nil
}

// evaluationFailed reports whether an expression raised an error, as opposed to the
// connection, the transaction or the server.
func evaluationFailed(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && !slices.Contains([]string{"08", "25", "40", "53", "55", "57", "58"}, pg.Code[:2])
}

// sampleChecksSQL asks which CHECKs hold for all sample rows. In every other row the
// nullable references are NULL.
func (t *table) sampleChecksSQL() (sql string, args []any) {
	maker := &rowMaker{table: t, fillsOptional: true}
	cells := fake.New(fake.DefaultSeed, t.name, fake.Epoch)
	var columns []*column
	for _, c := range t.columns {
		infer := maker.inferrerOf(c)
		if c.inReference && c.Writable() {
			infer = inferValue(c)
		}
		if infer == nil {
			continue
		}
		values := make([]*string, sampleRows)
		for row := range values {
			cells.At(int64(row))
			if v := infer(cells.Of(c.name)); v != nil && !(row%2 == 0 && t.isOptionalReference(c)) {
				text := literalText(v)
				values[row] = &text
			}
		}
		columns, args = append(columns, c), append(args, values)
	}
	var holds []string
	for _, k := range t.relation.Checks() {
		holds = append(holds, fmt.Sprintf("bool_and((%s) is not false)", k.Expr))
	}
	return fmt.Sprintf("select array[%s] from %s", strings.Join(holds, ", "), t.rowsFromSQL(columns, t.defaultSQL)), args
}

// defaultSQL is an expression for what Postgres writes to a column that is left out.
func (t *table) defaultSQL(c *column) string {
	if c.Default == "" || strings.Contains(c.Default, "nextval(") {
		return "null::" + typeWithoutLength(c)
	}
	return "(" + c.Default + ")"
}

// rowsFromSQL is a FROM item with rows of the table, under the table's name and with
// generated columns. The parameters are a text array for each of the columns; valueSQL
// gives an expression for each other column. The column i numbers the rows from 1.
func (t *table) rowsFromSQL(columns []*column, valueSQL func(*column) string) string {
	selected, generated := []string{"v.i"}, []string{"b.*"}
	var params, names []string
	for i, c := range columns {
		params = append(params, fmt.Sprintf("$%d::text[]", i+1))
		names = append(names, fmt.Sprintf("c%d", i))
		selected = append(selected, fmt.Sprintf("v.c%d::%s as %s", i, typeWithoutLength(c), catalog.Ident(c.name)))
	}
	for _, c := range t.columns {
		switch {
		case slices.Contains(columns, c):
		case c.Generated != "":
			generated = append(generated, fmt.Sprintf("(%s)::%s as %s", c.Expr, c.SQLType, catalog.Ident(c.name)))
		default:
			selected = append(selected, valueSQL(c)+" as "+catalog.Ident(c.name))
		}
	}
	from := fmt.Sprintf("unnest(%s) with ordinality v(%s, i)", strings.Join(params, ", "), strings.Join(names, ", "))
	if len(columns) == 0 {
		from = "(select 1) v(i)"
	}
	rows := fmt.Sprintf("select %s from %s", strings.Join(selected, ", "), from)
	if len(generated) > 1 {
		rows = fmt.Sprintf("select %s from (%s) b", strings.Join(generated, ", "), rows)
	}
	return fmt.Sprintf("(%s) %s", rows, catalog.Ident(t.relation.Name))
}
