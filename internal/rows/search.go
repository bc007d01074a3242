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

// pool holds values of some columns that together satisfy constraints which nothing
// but Postgres can read. Rows take turns by their number.
type pool struct {
	columns []int
	rows    [][]*string
	// fresh makes another value for each row of a column that must differ, where the
	// search was content with a guessed one.
	fresh   []func(*fake.Value) any
	guessed map[*string]bool
}

func (p *pool) value(v *fake.Value, col int) any {
	row := p.rows[fake.Derive(uint64(v.Row()), "pool")%uint64(len(p.rows))]
	at := slices.Index(p.columns, col)
	switch s := row[at]; {
	case s == nil:
		return nil
	case p.fresh[at] != nil && p.guessed[s]:
		return p.fresh[at](v)
	default:
		return *s
	}
}

// with keeps the rows that have the values given; nil where there are none.
func (p *pool) with(fixes map[int]string) *pool {
	if p == nil || len(fixes) == 0 {
		return p
	}
	out := &pool{columns: p.columns, fresh: p.fresh, guessed: p.guessed}
	for _, row := range p.rows {
		fits := true
		for col, want := range fixes {
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
	return fmt.Sprintf("no row of %s was found that satisfies %s, %s\n  say what the columns hold in a trait: factory.Auto(%q).Create(t, db, func(r *factory.Record) { r.Set(%q, …) })",
		e.Table, e.Constraint, e.Definition, e.Table, e.Columns[0])
}

// learn answers a violated CHECK: it looks for values that satisfy it together with
// all others that read the same columns, by trying combinations on the server. It
// returns a schema that knows them, or the original error where it cannot help.
// Somebody else may have learned it meanwhile, which is good for one more try for
// each constraint.
func (s *schema) learn(ctx context.Context, db seedbed.DB, cause error, tried map[string]bool) (*schema, error) {
	var pg *pgconn.PgError
	if !errors.As(cause, &pg) || pg.Code != "23514" || pg.ConstraintName == "" {
		return nil, cause
	}
	rel := s.cat.Table(pg.SchemaName + "." + pg.TableName)
	if rel == nil || s.tables[rel.Root()] == nil {
		return nil, cause
	}
	t := s.tables[rel.Root()]
	k := t.rel.Constraint(pg.ConstraintName)
	if k == nil {
		return nil, cause
	}
	q := &quest{table: t, cells: fake.New(1, t.name, fake.Epoch)}
	q.cluster(k)
	if len(q.columns) == 0 {
		return nil, fmt.Errorf("%w\n  it is about keys and references (%s), of which none are searched for: give them in a trait or by In, On and By",
			cause, strings.Join(k.Columns, ", "))
	}
	name := t.name + "\x00" + k.Name
	if q.known() && tried[name] {
		return nil, cause
	}
	tried[name] = true
	if q.known() {
		return s, nil
	}
	rows, err := q.each(ctx, db)
	if err != nil {
		return nil, fmt.Errorf("%w (and while looking for values: %v)", cause, err)
	}
	if len(rows) == 0 {
		return nil, &UnfillableError{t.name, k.Name, k.Definition, k.Columns}
	}
	pools, wanted := q.found(rows)
	return s.with(s.model, merged(pools, s.pools), merged(wanted, s.wanted)), nil
}

// attempt is one combination, as an index of a candidate for each column.
type combination struct {
	picks []int
	score int
}

// run searches: combinations at random, then the best of them changed a little, a
// few rounds.
func (q *quest) run(ctx context.Context, db seedbed.DB) ([][]*string, error) {
	const size, rounds, enough = 400, 12, 24
	var best []combination
	for range rounds {
		generation := q.breed(best, size)
		if err := q.score(ctx, db, generation); err != nil {
			return nil, err
		}
		best = append(best, generation...)
		sort.SliceStable(best, func(i, j int) bool { return best[i].score > best[j].score })
		best = best[:min(len(best), 48)]
		if len(best) >= enough && best[enough-1].score == len(q.checks) {
			break
		}
	}
	var rows [][]*string
	for _, c := range best {
		if c.score == len(q.checks) {
			rows = append(rows, q.row(c))
		}
	}
	return rows, nil
}

// each searches for every subtype that has a table of its own, as well as freely: a
// subtype's row may ask for a base of its type.
func (q *quest) each(ctx context.Context, db seedbed.DB) ([][]*string, error) {
	rows, err := q.run(ctx, db)
	if err != nil {
		return nil, err
	}
	inherits, _ := q.table.schema.model.Inherits(q.table.name)
	i := slices.IndexFunc(q.columns, func(c *column) bool { return c.name == inherits.Discriminator })
	if i < 0 {
		return rows, nil
	}
	all := q.options[i]
	defer func() { q.options[i] = all }()
	for _, sub := range inherits.Subtypes {
		q.options[i] = []*string{&sub.Value}
		more, err := q.run(ctx, db)
		if err != nil {
			return nil, err
		}
		rows = append(rows, more[:min(len(more), 8)]...)
	}
	return rows, nil
}

func (q *quest) draw(n int) int {
	q.cells.At(q.draws)
	q.draws++
	return q.cells.Of("draw").Index(n)
}

func (q *quest) breed(best []combination, size int) []combination {
	out := make([]combination, size)
	for i := range out {
		picks := make([]int, len(q.columns))
		if len(best) > 0 && i%4 > 0 {
			copy(picks, best[i%len(best)].picks)
			for range 1 + i%2 {
				col := q.draw(len(picks))
				picks[col] = q.draw(len(q.options[col]))
			}
		} else {
			for col := range picks {
				picks[col] = q.draw(len(q.options[col]))
			}
		}
		out[i] = combination{picks: picks}
	}
	return out
}

func (q *quest) row(c combination) []*string {
	row := make([]*string, len(c.picks))
	for col, pick := range c.picks {
		row[col] = q.options[col][pick]
	}
	return row
}

// score asks the server how many of the constraints each combination satisfies.
// Where an expression fails on one, halves are asked until it stands alone.
func (q *quest) score(ctx context.Context, db seedbed.DB, generation []combination) error {
	tx, err := db.Begin(ctx)
	if err != nil {
		return err
	}
	err = q.ask(ctx, tx, generation)
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
	if err := q.score(ctx, db, generation[:half]); err != nil {
		return err
	}
	return q.score(ctx, db, generation[half:])
}

func (q *quest) ask(ctx context.Context, db seedbed.DB, generation []combination) error {
	args := make([]any, len(q.columns))
	for col := range q.columns {
		values := make([]*string, len(generation))
		for i, c := range generation {
			values[i] = q.options[col][c.picks[col]]
		}
		args[col] = values
	}
	rows, err := db.Query(ctx, q.sql(), args...)
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

// sql evaluates the constraints over candidate rows, generated columns included. A
// reference is some UUID or number where it is required, NULL otherwise.
func (q *quest) sql() string {
	var params, casts, generated, sum []string
	for i, c := range q.columns {
		params = append(params, fmt.Sprintf("$%d::text[]", i+1))
		casts = append(casts, fmt.Sprintf("v.c%d::%s as %s", i, c.Type.Underlying().SQL, catalog.Ident(c.name)))
	}
	for _, c := range q.table.columns {
		switch {
		case slices.Contains(q.columns, c):
		case c.Generated != "":
			generated = append(generated, fmt.Sprintf("(%s)::%s as %s", c.Expr, c.SQLType, catalog.Ident(c.name)))
		default:
			casts = append(casts, q.stand(c)+" as "+catalog.Ident(c.name))
		}
	}
	for _, k := range q.checks {
		want := "is not false"
		if k == q.broken {
			want = "is false"
		}
		sum = append(sum, fmt.Sprintf("((%s) %s)::int", k.Expr, want))
	}
	var names []string
	for i := range q.columns {
		names = append(names, fmt.Sprintf("c%d", i))
	}
	inner := fmt.Sprintf("select v.i, %s from unnest(%s) with ordinality v(%s, i)", strings.Join(casts, ", "), strings.Join(params, ", "), strings.Join(names, ", "))
	middle := inner
	if len(generated) > 0 {
		middle = fmt.Sprintf("select b.*, %s from (%s) b", strings.Join(generated, ", "), inner)
	}
	return fmt.Sprintf("select i::int, %s from (%s) %s", strings.Join(sum, " + "), middle, catalog.Ident(q.table.rel.Name))
}

// stand is what a column that the search leaves alone holds meanwhile.
func (q *quest) stand(c *column) string {
	if !c.Required() && !c.made() && !q.table.tenantColumn(c.index) {
		return "null::" + c.SQLType
	}
	if c.Default != "" && c.constOK {
		return "(" + c.Default + ")"
	}
	if c.inEdge && c.base != uuidOID {
		return "null::" + c.SQLType
	}
	q.cells.At(7)
	return catalog.Literal(literalText(guess(c)(q.cells.Of(c.name)))) + "::" + c.Type.Underlying().SQL
}
