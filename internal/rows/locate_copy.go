package rows

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"strconv"
	"unicode/utf8"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/qarion/seedbed/internal/catalog"
)

// copyPlace finds the row and the column in the context of an error of COPY.
var copyPlace = regexp.MustCompile(`COPY \S+, line (\d+)(?:, column ([^:\n]+))?`)

// locate adds to an error of the server the row that is at fault, counted from 0, its column
// and its value, as far as the server tells them.
func (load *bulkLoad) locate(tb *tableBatch, err error) error {
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		return err
	}
	found := copyPlace.FindStringSubmatch(pg.Where)
	if found == nil {
		return err
	}
	line, _ := strconv.ParseInt(found[1], 10, 64)
	column := found[2]
	if column == "" {
		column = pg.ColumnName
	}
	if column == "" {
		return fmt.Errorf("row %d: %w", line-1, err)
	}
	return load.nameValue(tb, line-1, column, err)
}

// nameValue adds a row, a column and its value to an error.
func (load *bulkLoad) nameValue(tb *tableBatch, row int64, column string, err error) error {
	value, known := load.valueAt(tb, row, column)
	c := tb.table.columnsByName[column]
	switch {
	case !known || c == nil:
		return fmt.Errorf("%s.%s, row %d: %w", tb.table.name, column, row, err)
	case c.Length > 0 && utf8.RuneCountInString(value) > c.Length:
		return fmt.Errorf("%s.%s takes %d characters, and %q of row %d has %d: %w", tb.table.name, column, c.Length, value, row, utf8.RuneCountInString(value), err)
	}
	return fmt.Errorf("%s.%s, row %d, is %q: %w", tb.table.name, column, row, value, err)
}

// valueAt makes the value of a column in one row again. It returns false for what comes from
// another row, and for NULL.
func (load *bulkLoad) valueAt(tb *tableBatch, row int64, column string) (string, bool) {
	g, err := load.newGenerator(tb)
	if err != nil || tb.tenantSpans == nil {
		return "", false
	}
	g.rowIndex, g.tenant = row, int64(tb.tenantOf(row))
	if err := g.fillRow(); err != nil {
		return "", false
	}
	for _, src := range g.sources {
		if src.column.name != column || src.parentColumns != nil || src.tenantBatch != nil {
			continue
		}
		var v any
		switch {
		case src.structField != nil:
			v = g.row.FieldByIndex(src.structField).Interface()
		case src.infer != nil:
			v = src.infer(g.cells.Of(column))
		}
		r := reflect.ValueOf(v)
		for r.Kind() == reflect.Pointer && !r.IsNil() {
			r = r.Elem()
		}
		if !r.IsValid() || r.Kind() == reflect.Pointer {
			return "", false
		}
		return literalText(r.Interface()), true
	}
	return "", false
}

// locateStaged finds, after an INSERT of staged rows has failed, the first row whose text the
// type of its column cannot read, or that is too long.
func (load *bulkLoad) locateStaged(ctx context.Context, tb *tableBatch, g *generator, failed error) error {
	for _, src := range g.sources {
		name := catalog.Ident(src.column.name)
		var row int64
		if src.column.Length > 0 {
			sql := fmt.Sprintf("select n from (select %s x, row_number() over (order by ctid) - 1 n from %s) s where char_length(x::text) > %d limit 1", name, stagingTable, src.column.Length)
			if err := load.tx.QueryRow(ctx, sql).Scan(&row); err == nil {
				return load.nameValue(tb, row, src.column.name, failed)
			}
		}
		if !src.needsText {
			continue
		}
		sql := fmt.Sprintf(`do $seedbed$ declare r record; begin
for r in select %s x, row_number() over (order by ctid) - 1 n from %s loop
 begin perform r.x::%s; exception when others then perform set_config('seedbed.bad_row', r.n::text, true); return; end;
end loop; perform set_config('seedbed.bad_row', '', true); end $seedbed$`, name, stagingTable, src.column.SQLType)
		if _, err := load.tx.Exec(ctx, sql); err != nil {
			continue
		}
		var bad string
		if err := load.tx.QueryRow(ctx, "select current_setting('seedbed.bad_row')").Scan(&bad); err != nil || bad == "" {
			continue
		}
		row, _ = strconv.ParseInt(bad, 10, 64)
		return load.nameValue(tb, row, src.column.name, failed)
	}
	return failed
}
