package rows

import (
	"context"
	"fmt"
	"strings"

	"github.com/qarion/seedbed/internal/catalog"
)

// generatedFrom returns the columns that a generated column is computed from.
func (t *table) generatedFrom(c *column) []*column {
	var out []*column
	for _, other := range t.columns {
		if other.Generated == "" && mentionsColumn(c.Expr, other.name) {
			out = append(out, other)
		}
	}
	return out
}

// writtenColumns returns the columns of a key that rows write: those that its generated
// columns are computed from stand for these.
func (t *table) writtenColumns(key []string) []string {
	var out []string
	for _, name := range key {
		c := t.columnsByName[name]
		if c == nil || c.Generated == "" {
			out = append(out, name)
			continue
		}
		out = append(out, namesOf(t.generatedFrom(c))...)
	}
	return out
}

// computeGeneratedKeys lets Postgres compute the generated columns that other rows of the plan
// reference, from the values that the batch's rows were written with.
func (load *bulkLoad) computeGeneratedKeys(ctx context.Context, tb *tableBatch) error {
	for col, key := range tb.keyColumns {
		c := tb.table.columns[col]
		if c.Generated == "" {
			continue
		}
		var params, names, values []string
		var args []any
		for _, from := range tb.table.generatedFrom(c) {
			texts := make([]*string, tb.size)
			for i := range texts {
				if x := tb.keyColumns[from.index].at(int64(i)); x != nil {
					text := literalText(x)
					texts[i] = &text
				}
			}
			args = append(args, texts)
			params = append(params, fmt.Sprintf("$%d::text[]", len(args)))
			names = append(names, fmt.Sprintf("c%d", len(args)))
			values = append(values, fmt.Sprintf("c%d::%s as %s", len(args), typeWithoutLength(from), catalog.Ident(from.name)))
		}
		if len(args) == 0 {
			return fmt.Errorf("%s.%s: other rows of the plan reference it, but %s", tb.table.name, c.name, outOfServer.inGo)
		}
		rows, err := load.tx.Query(ctx, fmt.Sprintf("select (%s)::%s from (select %s, i from unnest(%s) with ordinality v(%s, i)) x order by i",
			c.Expr, c.SQLType, strings.Join(values, ", "), strings.Join(params, ", "), strings.Join(names, ", ")), args...)
		if err != nil {
			return err
		}
		for rows.Next() {
			x, err := rows.Values()
			if err != nil {
				return err
			}
			key.add(canonical(c, x[0]))
		}
		if err := rows.Err(); err != nil {
			return err
		}
	}
	return nil
}
