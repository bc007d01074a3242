package rows

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/qarion/seedbed/internal/catalog"
)

// fillPending replaces pending values whose rows are inserted. It returns false while one
// is missing.
func (r *row) fillPending() bool {
	for col, v := range r.values {
		p, waits := v.(pending)
		if !waits {
			continue
		}
		known := p.row.values[p.column]
		if _, still := known.(pending); still || !p.row.isSet[p.column] {
			return false
		}
		r.values[col] = known
	}
	return true
}

// insertStatement returns the INSERT of a row. Rows of a table that set and return the same
// columns get the same text, so that the server prepares it once.
func (w *writer) insertStatement(r *row) (sql string, args []any, read func(pgx.Rows) error) {
	var key strings.Builder
	key.WriteString(r.table.relation.Ident())
	for i, set := range r.isSet {
		if set && r.table.columns[i].Generated == "" {
			args = append(args, r.values[i])
			key.WriteString(strconv.Itoa(i) + ",")
		}
	}
	returned := r.returnedColumns()
	if r.mayExist {
		key.WriteString("on conflict")
		returned = nil
	}
	fmt.Fprint(&key, returned)
	sql = w.insertSQL[key.String()]
	if sql == "" {
		sql = r.insertSQL(returned)
		w.insertSQL[key.String()] = sql
	}
	if len(returned) == 0 {
		return sql, args, nil
	}
	return sql, args, func(rows pgx.Rows) error { return r.readReturned(rows, returned) }
}

// insertSQL builds the INSERT of the columns that are set, returning the columns given.
func (r *row) insertSQL(returned []int) string {
	var names, params []string
	always := false
	for i, c := range r.table.columns {
		if r.isSet[i] && c.Generated == "" {
			names = append(names, c.name)
			params = append(params, "$"+strconv.Itoa(len(params)+1))
			always = always || c.Identity == "a"
		}
	}
	sql := "insert into " + r.table.relation.Ident()
	if len(names) == 0 {
		sql += " default values"
	} else {
		overriding := ""
		if always {
			overriding = " overriding system value"
		}
		sql += " (" + catalog.Idents(names) + ")" + overriding + " values (" + strings.Join(params, ", ") + ")"
	}
	if r.mayExist {
		sql += " on conflict do nothing"
	}
	if len(returned) > 0 {
		var back []string
		for _, col := range returned {
			back = append(back, r.table.columns[col].name)
		}
		sql += " returning " + catalog.Idents(back)
	}
	return sql
}

// returnedColumns are the columns that Postgres decides and the caller reads: all of them
// where a trigger may change the row.
func (r *row) returnedColumns() []int {
	var out []int
	for i, c := range r.table.columns {
		if c.Generated == "" && (r.isSet[i] || !c.Filled()) && !r.table.hasInsertTrigger {
			continue
		}
		if r.maker.binding == nil || r.maker.binding.fieldByColumn[i] >= 0 || c.inPrimaryKey {
			out = append(out, i)
		}
	}
	return out
}

// readReturned reads the returned columns into the row.
func (r *row) readReturned(rows pgx.Rows, cols []int) error {
	targets := make([]any, len(cols))
	for i, col := range cols {
		targets[i] = r.scanTarget(col)
	}
	if !rows.Next() {
		if err := rows.Err(); err != nil {
			return err
		}
		return fmt.Errorf("no row was written: a trigger or a rule swallowed it")
	}
	if err := rows.Scan(targets...); err != nil {
		return err
	}
	for i, col := range cols {
		v := reflect.ValueOf(targets[i]).Elem()
		if v.Kind() == reflect.Pointer && v.IsNil() {
			continue
		}
		value := v.Interface()
		if v.Kind() == reflect.Pointer {
			value = v.Elem().Interface()
		}
		r.values[col], r.isSet[col] = value, true
		if err := r.storeField(col, value); err != nil {
			return err
		}
	}
	return nil
}

// scanTarget returns a pointer to a pointer of the field's type, so that NULL scans as nil.
func (r *row) scanTarget(col int) any {
	b := r.maker.binding
	if b == nil || b.fieldByColumn[col] < 0 {
		return new(any)
	}
	t := r.structValue.FieldByIndex(b.fields[b.fieldByColumn[col]].index).Type()
	return reflect.New(reflect.PointerTo(t)).Interface()
}

// storeAll writes the row's values back into the struct's zero fields, or into the Record.
func (r *row) storeAll() error {
	for col, v := range r.values {
		if !r.isSet[col] {
			continue
		}
		if b := r.maker.binding; b != nil && (b.fieldByColumn[col] < 0 || !r.structValue.FieldByIndex(b.fields[b.fieldByColumn[col]].index).IsZero()) {
			continue
		}
		if err := r.storeField(col, v); err != nil {
			return err
		}
	}
	return nil
}
