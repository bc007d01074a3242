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
)

// skipTakenNumbers moves a table's numbers on to where n rows in a row have unique values that no
// row in the database has: what an earlier run made, or a migration, or the caller.
// A table without rows costs one look, shared by all tables of the call.
func (b *batch) skipTakenNumbers(ctx context.Context, db seedbed.DB, def *Definition, t *table, n int64, fixes map[int]string) error {
	columns, err := b.uniqueColumns(def, t, fixes)
	if err != nil || len(columns) == 0 {
		return err
	}
	counter := b.scope.counterOf(t)
	number, there := counter.Load(), int64(0)
	for try := range 48 {
		taken, err := b.anyTaken(ctx, db, def, t, columns, fixes, number, n)
		if err != nil {
			return err
		}
		if !taken {
			for old := counter.Load(); old < number && !counter.CompareAndSwap(old, number); old = counter.Load() {
			}
			return nil
		}
		if try == 0 {
			sql := fmt.Sprintf("select count(*) from (select from %s limit %d) x", t.rel.Ident(), mostKeys)
			if err := db.QueryRow(ctx, sql).Scan(&there); err != nil {
				return err
			}
			number = max(number, there)
			continue
		}
		number += max(n, 64) << min(try, 24)
	}
	return fmt.Errorf("%s: no %d values of %s were found that no row has: give it others with Set, or choose another seed with %s",
		t.name, n, strings.Join(namesOf(columns), ", "), SeedVariable)
}

// advanceSequences moves sequences past the numbers that stand in the tables: keys may have been written
// by hand. A role that may not is left with what the sequences give.
func (s *schema) advanceSequences(ctx context.Context, db seedbed.DB, tables []*catalog.Relation) error {
	if len(tables) == 0 {
		return nil
	}
	err := transact(ctx, db, func(tx pgx.Tx) error {
		for _, sql := range AdvanceSQL(s.cat, tables) {
			if _, err := tx.Exec(ctx, sql); err != nil {
				return fmt.Errorf("move sequences past the keys that are there: %w", err)
			}
		}
		return nil
	})
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.Code == "42501" {
		return nil
	}
	return err
}

func namesOf(columns []*column) []string {
	var out []string
	for _, c := range columns {
		out = append(out, c.name)
	}
	return out
}

// uniqueColumns are those of unique keys whose values follow from a row's number: one
// of each key is enough to tell its rows apart.
func (b *batch) uniqueColumns(def *Definition, t *table, fixes map[int]string) ([]*column, error) {
	example, err := b.exampleRow(def, t, 0, fixes)
	if err != nil {
		return nil, err
	}
	var out []*column
	for _, ix := range t.uniqueIndexes() {
		for _, k := range ix.Keys {
			c := t.byName[k.Column]
			if c == nil {
				c = t.columnIn(k.Expr)
			}
			if c == nil || c.inReference || c.base == boolOID || len(c.rule().choices) > 0 || !example.isSet[c.index] || example.values[c.index] == nil || !c.unique && !(c.inKey && c.base == uuidOID) && len(ix.Keys) > 1 {
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

// exampleRow is a row that is not written: what the definition and the engine make of it.
func (b *batch) exampleRow(def *Definition, t *table, number int64, fixes map[int]string) (*row, error) {
	r, err := b.newRow(def, t, number, fixes)
	if err != nil {
		return nil, err
	}
	return r, r.readFields()
}

// anyTaken looks whether a row has one of the values that n rows would have. Of many
// rows, some all over the range are looked at: what is there came in runs, too.
func (b *batch) anyTaken(ctx context.Context, db seedbed.DB, def *Definition, t *table, columns []*column, fixes map[int]string, first, n int64) (bool, error) {
	const most = 1000
	step := max(n/most, 1)
	values := make([][]string, len(columns))
	for at := int64(0); at < n; at += step {
		if at+step >= n {
			at = n - 1
		}
		r, err := b.exampleRow(def, t, first+at, fixes)
		if err != nil {
			return false, err
		}
		for i, c := range columns {
			if v := r.values[c.index]; v != nil {
				values[i] = append(values[i], literalText(canonical(c, v)))
			}
		}
	}
	var where []string
	var args []any
	for i, c := range columns {
		args = append(args, values[i])
		where = append(where, c.isOneOfSQL(len(args)))
	}
	var taken bool
	err := db.QueryRow(ctx, fmt.Sprintf("select exists (select from %s where %s)", t.rel.Ident(), strings.Join(where, " or ")), args...).Scan(&taken)
	if err != nil {
		return false, fmt.Errorf("%s: look which values are taken: %w", t.name, err)
	}
	return taken, nil
}

// isOneOfSQL is the condition that the column has one of the texts of a parameter. A key over
// an expression may take values for one that differ in case.
func (c *column) isOneOfSQL(param int) string {
	folded := slices.ContainsFunc(c.Table.Indexes, func(ix *catalog.Index) bool {
		return ix.Unique && slices.ContainsFunc(ix.Keys, func(k catalog.IndexKey) bool { return k.Expr != "" && mentions(k.Expr, c.name) })
	})
	if folded {
		return fmt.Sprintf("lower(%s::text) = any (select lower(x) from unnest($%d::text[]) x)", catalog.Ident(c.name), param)
	}
	return fmt.Sprintf("%s = any ($%d::text[]::%s[])", catalog.Ident(c.name), param, catalogType(c))
}
