package rows

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/jackc/pgx/v5"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/fake"
)

// takenSearch looks for n consecutive row numbers of a table for which no row of the
// database has the unique values: no row of an earlier run, of a migration, or of the
// caller.
type takenSearch struct {
	table          *table
	definition     *Definition
	discriminators map[int]string
	n              int64
	columns        []*column // whose values are unique
	number         int64     // the first of the n numbers, as far as the search has come
	tries          int
}

// skipTakenNumbers advances the row counters of tables to numbers whose unique values are
// free. Each round trip asks about all tables that are not settled; as a rule there are
// two.
func (b *batch) skipTakenNumbers(ctx context.Context, db seedbed.DB, searches []*takenSearch) error {
	unsettled := searches[:0:0]
	for _, search := range searches {
		var err error
		if search.columns, err = b.uniqueColumns(search.definition, search.table, search.discriminators); err != nil {
			return err
		}
		if search.number = b.scope.counterOf(search.table).Load(); len(search.columns) > 0 {
			unsettled = append(unsettled, search)
		}
	}
	for len(unsettled) > 0 {
		rowCounts, err := b.countRowsWhereTaken(ctx, db, unsettled)
		if err != nil {
			return err
		}
		stillTaken := unsettled[:0:0]
		for i, search := range unsettled {
			if rowCounts[i] < 0 {
				search.advanceCounter(b.scope.counterOf(search.table))
				continue
			}
			if err := search.moveFurther(rowCounts[i]); err != nil {
				return err
			}
			stillTaken = append(stillTaken, search)
		}
		unsettled = stillTaken
	}
	return nil
}

// advanceCounter moves the counter to the number found, unless another goroutine has moved
// it further.
func (s *takenSearch) advanceCounter(counter *atomic.Int64) {
	for old := counter.Load(); old < s.number && !counter.CompareAndSwap(old, s.number); old = counter.Load() {
	}
}

// moveFurther moves on from numbers that are taken: first past the number of rows in the
// table, then ever further.
func (s *takenSearch) moveFurther(rowCount int64) error {
	const mostTries = 48
	if s.tries++; s.tries > mostTries {
		return fmt.Errorf("%s: no %d values of %s were found that no row has: %s",
			s.table.name, s.n, strings.Join(namesOf(s.columns), ", "), outOfTaken.inGo)
	}
	if s.tries == 1 {
		s.number = max(s.number, rowCount)
		return nil
	}
	s.number += max(s.n, 64) << min(s.tries-1, 24)
	return nil
}

func namesOf(columns []*column) []string {
	var out []string
	for _, c := range columns {
		out = append(out, c.name)
	}
	return out
}

// uniqueColumns returns a column of each unique key whose values follow from the row's
// number: it alone tells the table's rows apart.
func (b *batch) uniqueColumns(def *Definition, t *table, discriminators map[int]string) ([]*column, error) {
	example, err := b.exampleRow(def, t, 0, discriminators)
	if err != nil {
		return nil, err
	}
	var out []*column
	for _, ix := range t.uniqueIndexes() {
		for _, k := range ix.Keys {
			c := t.columnsByName[k.Column]
			if c == nil {
				c = t.firstColumnIn(k.Expr)
			}
			if c == nil || c.inReference || c.baseOID == boolOID || len(c.rule().choices) > 0 || !example.isSet[c.index] || example.values[c.index] == nil || !c.mustDiffer && !(c.inPrimaryKey && c.baseOID == uuidOID) && len(ix.Keys) > 1 {
				continue
			}
			if !slices.Contains(out, c) {
				out = append(out, c)
			}
			break
		}
	}
	return out, nil
}

// exampleRow makes a row that is not written, to see what the definition and made-up values
// give.
func (b *batch) exampleRow(def *Definition, t *table, number int64, discriminators map[int]string) (*row, error) {
	r, err := b.newRow(def, t, number, discriminators)
	if err != nil {
		return nil, err
	}
	return r, r.readFields()
}

// countRowsWhereTaken asks, for each search, whether a row of the database has one of the
// values that its n rows would have. It returns -1 where none has, otherwise how many rows
// the table has.
func (b *batch) countRowsWhereTaken(ctx context.Context, db seedbed.DB, searches []*takenSearch) ([]int64, error) {
	var queries pgx.Batch
	for _, s := range searches {
		values, err := b.uniqueValues(s)
		if err != nil {
			return nil, err
		}
		var where []string
		var args []any
		for i, c := range s.columns {
			args = append(args, values[i])
			where = append(where, c.isOneOfSQL(len(args)))
		}
		queries.Queue(fmt.Sprintf("select case when exists (select from %s where %s) then (select count(*) from (select from %s limit %d) x) else -1 end",
			s.table.relation.Ident(), strings.Join(where, " or "), s.table.relation.Ident(), mostExistingKeys), args...)
	}
	results := db.SendBatch(ctx, &queries)
	defer results.Close()
	rowCounts := make([]int64, len(searches))
	for i, s := range searches {
		if err := results.QueryRow().Scan(&rowCounts[i]); err != nil {
			return nil, fmt.Errorf("%s: look which values are taken: %w", s.table.name, err)
		}
	}
	return rowCounts, results.Close()
}

// uniqueValues returns the values of a search's columns: for all n rows or, of more than
// 1,000, for about 1,000 spread over the range. That finds rows of earlier calls, whose
// numbers are consecutive, too.
func (b *batch) uniqueValues(s *takenSearch) ([][]string, error) {
	const mostRows = 1000
	step := max(s.n/mostRows, 1)
	values := make([][]string, len(s.columns))
	add := func(i int, v any) {
		if v != nil {
			values[i] = append(values[i], literalText(canonical(s.columns[i], v)))
		}
	}
	maker, err := b.rowMaker(s.definition, s.table, s.discriminators)
	if err != nil {
		return nil, err
	}
	var inferrers []func(*fake.Value) any
	for _, c := range s.columns {
		if infer := maker.inferrerOf(c); infer != nil && s.definition.isRecord() {
			inferrers = append(inferrers, infer)
		}
	}
	cells := b.cells(s.table.name)
	for at := int64(0); at < s.n; at += step {
		if at+step >= s.n {
			at = s.n - 1
		}
		if len(inferrers) == len(s.columns) { // no need to make the whole row
			cells.At(s.number + at)
			for i, c := range s.columns {
				add(i, inferrers[i](cells.Of(c.name)))
			}
			continue
		}
		r, err := b.exampleRow(s.definition, s.table, s.number+at, s.discriminators)
		if err != nil {
			return nil, err
		}
		for i, c := range s.columns {
			add(i, r.values[c.index])
		}
	}
	return values, nil
}

// isOneOfSQL is the condition that the column has one of the texts of a parameter. Where a
// unique index is over an expression, such as lower(name), case does not count.
func (c *column) isOneOfSQL(param int) string {
	folded := slices.ContainsFunc(c.Table.Indexes, func(ix *catalog.Index) bool {
		return ix.Unique && slices.ContainsFunc(ix.Keys, func(k catalog.IndexKey) bool { return k.Expr != "" && mentionsColumn(k.Expr, c.name) })
	})
	if folded {
		return fmt.Sprintf("lower(%s::text) = any (select lower(x) from unnest($%d::text[]) x)", catalog.Ident(c.name), param)
	}
	return fmt.Sprintf("%s = any ($%d::text[]::%s[])", catalog.Ident(c.name), param, typeWithoutLength(c))
}

// skipTakenInBatch advances the row counters and the sequences of the batch's tables past
// the values in the database, after a unique violation.
func (b *batch) skipTakenInBatch(ctx context.Context, db seedbed.DB) error {
	count := map[*table]int64{}
	var tables []*catalog.Relation
	for _, r := range b.toWrite {
		if count[r.table] == 0 {
			tables = append(tables, r.table.relation)
		}
		count[r.table]++
	}
	if err := b.schema.advanceSequences(ctx, db, tables); err != nil {
		return err
	}
	var searches []*takenSearch
	for _, r := range b.toWrite {
		n := count[r.table]
		if n == 0 {
			continue
		}
		delete(count, r.table)
		// The failed attempt was rolled back: give its numbers back.
		b.scope.counterOf(r.table).Add(-n)
		searches = append(searches, &takenSearch{table: r.table, definition: r.definition, discriminators: r.maker.discriminators, n: n})
	}
	return b.skipTakenAsSeeder(ctx, db, searches)
}

// skipTakenAsSeeder is skipTakenNumbers in the seeder's role where row-level security applies
// to a table: rows that policies hide have keys, too.
func (b *batch) skipTakenAsSeeder(ctx context.Context, db seedbed.DB, searches []*takenSearch) error {
	var hiding []string
	for _, s := range searches {
		if s.table.relation.RLS {
			hiding = append(hiding, s.table.relation.Ident())
		}
	}
	if len(hiding) == 0 {
		return b.skipTakenNumbers(ctx, db, searches)
	}
	return transact(ctx, db, func(tx pgx.Tx) error {
		var failed error
		exec := func(sql string, args ...any) {
			if failed == nil {
				_, failed = tx.Exec(ctx, sql, args...)
			}
		}
		if queueSeederRole(exec, hiding); failed != nil {
			return failed
		}
		if err := b.skipTakenNumbers(ctx, tx, searches); err != nil {
			return err
		}
		exec(RestoreRoleSQL)
		return failed
	})
}
