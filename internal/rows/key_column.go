package rows

import (
	"context"
	"fmt"
	"strings"

	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/fake"
)

// mostKeys bounds how many rows of a table that is there already serve as parents.
const mostKeys = 1_000_000

// keyColumn holds a column's values for all rows of a table batch: computed where the engine
// makes them, kept where only the written rows tell them.
type keyColumn struct {
	cells    *fake.Cells // make them anew: UUIDs, or what make says
	make     func(*fake.Value) any
	column   string
	first    int64
	serial   bool // the row's index and first
	constant any  // all rows'
	uuids    [][16]byte
	other    []any
}

func (v *keyColumn) at(i int64) any {
	switch {
	case v.constant != nil:
		return v.constant
	case v.serial:
		return v.first + i
	case v.uuids != nil:
		return v.uuids[i]
	case v.other != nil:
		return v.other[i]
	case v.make != nil:
		v.cells.At(v.first + i)
		return v.make(v.cells.Of(v.column))
	}
	return v.uuid(i)
}

// byUUID reports whether all values are UUIDs, which have a short way.
func (v *keyColumn) byUUID() bool {
	return v.other == nil && v.make == nil && v.constant == nil && !v.serial
}

func (v *keyColumn) uuid(i int64) [16]byte {
	if v.uuids != nil {
		return v.uuids[i]
	}
	v.cells.At(v.first + i)
	return v.cells.Of(v.column).UUID()
}

// add keeps the next row's value.
func (v *keyColumn) add(x any) {
	if id, ok := asUUID(x); ok && v.other == nil {
		v.uuids = append(v.uuids, id)
		return
	}
	for _, id := range v.uuids { // x is NULL: the column is not all UUIDs
		v.other = append(v.other, id)
	}
	v.uuids = nil
	v.other = append(v.other, x)
}

// kept reports whether values arrive while rows are written.
func (v *keyColumn) kept() bool { return v.cells == nil && v.constant == nil && !v.serial }

// requireKey has a table batch's column known to those that reference it.
func (load *bulkLoad) requireKey(tb *tableBatch, col int) {
	if tb.keys[col] != nil {
		return
	}
	if tb.keys == nil {
		tb.keys = map[int]*keyColumn{}
	}
	c := tb.table.columns[col]
	v := &keyColumn{column: c.name, first: tb.firstNumber}
	tb.keys[col] = v
	switch {
	case tb.existing || tb.call != nil && len(tb.call.overrides) > 0:
	case c.isInferred() && !tb.isFilledByDefinition(load, col) && !(tb.call != nil && tb.call.hostile):
		v.cells = fake.New(load.scope.seed, tb.table.name, load.now)
		if c.baseOID != uuidOID || !c.inPrimaryKey {
			infer := tb.inferrerOf(load, c)
			v.make = func(x *fake.Value) any { return canonical(c, infer(x)) }
		}
	case c.Identity != "" || strings.HasPrefix(c.Default, "nextval("):
		v.serial = true // its numbers are reserved when it is known how many
	}
}

// isFilledByDefinition reports whether the definition makes a column itself.
func (tb *tableBatch) isFilledByDefinition(load *bulkLoad, col int) bool {
	maker, err := tb.rowMaker(load)
	if err != nil {
		return true
	}
	for _, inferred := range maker.inferred {
		if inferred.column.index == col {
			return false
		}
	}
	return true
}

// inferrerOf is what makes a column that the definition does not.
func (tb *tableBatch) inferrerOf(load *bulkLoad, c *column) func(*fake.Value) any {
	maker, _ := tb.rowMaker(load) // covers has made it
	for _, inferred := range maker.inferred {
		if inferred.column == c {
			return inferred.infer
		}
	}
	return maker.inferrerOf(c)
}

func (tb *tableBatch) rowMaker(load *bulkLoad) (*rowMaker, error) {
	b := load.newBatch()
	return b.rowMaker(tb.definition, tb.table, tb.discriminators())
}

// reserveSequence takes n numbers from the sequence behind a column.
func (load *bulkLoad) reserveSequence(ctx context.Context, c *column, n int64) (first int64, err error) {
	const sql = `select nextval(s) from pg_get_serial_sequence($1, $2) s`
	if err = load.tx.QueryRow(ctx, sql, c.Table.Ident(), c.name).Scan(&first); err != nil {
		return 0, fmt.Errorf("%s.%s: take numbers from its sequence: %w", c.Table.Name, c.name, err)
	}
	const set = `select setval(s, $3) from pg_get_serial_sequence($1, $2) s`
	if _, err = load.tx.Exec(ctx, set, c.Table.Ident(), c.name, first+n-1); err != nil {
		return 0, fmt.Errorf("%s.%s: take numbers from its sequence: %w", c.Table.Name, c.name, err)
	}
	return first, nil
}

// loadGivenRow takes the one row that a caller gave.
func (load *bulkLoad) loadGivenRow(tb *tableBatch) error {
	for col, v := range tb.keys {
		x, ok := tb.givenRow.value(col)
		if !ok {
			return fmt.Errorf("%s does not say its %s", tb.givenRow.description, tb.table.columns[col].name)
		}
		v.add(x)
	}
	tb.n, tb.spans = 1, []int64{0, 1}
	return nil
}

// loadKeys reads the keys of existing rows, tenant by tenant. Rows with NULL in a key that
// other rows reference cannot be parents.
func (load *bulkLoad) loadKeys(ctx context.Context, tb *tableBatch) error {
	var cols []*column
	for col := range tb.keys {
		cols = append(cols, tb.table.columns[col])
	}
	var names []string
	for _, c := range cols {
		names = append(names, c.name)
	}
	selected, tenantCols := []string{}, 0
	for _, name := range names {
		selected = append(selected, "t."+catalog.Ident(name))
	}
	if tb.tenants != nil {
		key := load.schema.graph.TenantSQL(tb.table.graphTable, "t", tb.table.levels[0].tenant.Name)
		selected, tenantCols = append(selected, key...), len(key)
	}
	if len(selected) == 0 {
		selected = []string{"1"}
	}
	conditions := tb.unreferencedSQL()
	for _, c := range cols {
		conditions = append(conditions, c.hasKeySQL()...)
	}
	order := ""
	if pk := tb.table.relation.PrimaryKey(); pk != nil {
		order = " order by " + catalog.Idents(pk.Columns)
	}
	rows, err := load.tx.Query(ctx, fmt.Sprintf(`select %s from %s t%s%s limit %d`, strings.Join(selected, ", "), tb.table.relation.Ident(), whereSQL(conditions), order, mostKeys))
	if err != nil {
		return err
	}
	defer rows.Close()
	groups := map[string][][]any{}
	for rows.Next() {
		values, err := rows.Values()
		if err != nil {
			return err
		}
		key := ""
		for _, v := range values[len(values)-tenantCols:] {
			key += display(v) + "\x00"
		}
		groups[key] = append(groups[key], values[:len(cols)])
	}
	if err := rows.Err(); err != nil {
		return err
	}
	return load.groupByTenant(tb, cols, groups)
}

// hasKeySQL is the condition for rows that a reference to the column can lead to: NULL is
// no key.
func (c *column) hasKeySQL() []string {
	if c.NotNull {
		return nil
	}
	return []string{fmt.Sprintf("t.%s is not null", catalog.Ident(c.name))}
}

func whereSQL(conditions []string) string {
	if len(conditions) == 0 {
		return ""
	}
	return " where " + strings.Join(conditions, " and ")
}

// unreferencedSQL is the condition that selects only parents without a child, where a
// parent has one child at most; otherwise there is none.
func (tb *tableBatch) unreferencedSQL() []string {
	if tb.freeFor == nil {
		return nil
	}
	ref := tb.freeFor
	var on []string
	for i, col := range ref.childColumns {
		on = append(on, fmt.Sprintf("c.%s = t.%s", catalog.Ident(ref.child.columns[col].name), catalog.Ident(tb.table.columns[ref.parentColumns[i]].name)))
	}
	return []string{fmt.Sprintf("not exists (select from %s c where %s)", ref.child.relation.Ident(), strings.Join(on, " and "))}
}

// groupByTenant puts loaded keys in the order of the tenants that rows are spread over.
func (load *bulkLoad) groupByTenant(tb *tableBatch, cols []*column, groups map[string][][]any) error {
	take := func(group [][]any) {
		for _, values := range group {
			for i, c := range cols {
				tb.keys[c.index].add(canonical(c, values[i]))
			}
		}
	}
	if tb.tenants == nil {
		take(groups[""])
		tb.n = int64(len(groups[""]))
		return nil
	}
	counts := make([]int64, tb.tenants.n)
	for p := range tb.tenants.n {
		group := groups[load.tenantKey(tb, p)]
		take(group)
		counts[p] = int64(len(group))
	}
	tb.spans = spansFromCounts(counts)
	tb.n = tb.spans[len(counts)]
	return nil
}

func (load *bulkLoad) tenantKey(tb *tableBatch, p int64) string {
	key := ""
	for _, name := range tb.table.levels[0].tenant.Key {
		c := tb.tenants.table.columnsByName[name]
		key += display(tb.tenants.keys[c.index].at(p)) + "\x00"
	}
	return key
}
