package rows

import (
	"context"
	"fmt"
	"strings"

	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/fake"
)

// mostExistingKeys is how many existing rows of a table are read as parents.
const mostExistingKeys = 1_000_000

// keyColumn gives the values of a column for all rows of a batch, to the rows that
// reference them. Values are computed where they follow from the row's number, and
// otherwise collected: from existing rows, or while rows are written.
type keyColumn struct {
	cells       *fake.Cells           // not nil: UUIDs, or what infer makes of the cell
	infer       func(*fake.Value) any // nil: UUIDs
	column      string
	firstNumber int64      // row number, or number of the sequence, of the first row
	isSerial    bool       // firstNumber plus the row's index
	constant    any        // not nil: the value of all rows
	uuids       [][16]byte // collected values, as long as all of them are UUIDs
	values      []any      // collected values otherwise
}

// at returns the value of the row at an index.
func (k *keyColumn) at(i int64) any {
	switch {
	case k.constant != nil:
		return k.constant
	case k.isSerial:
		return k.firstNumber + i
	case k.uuids != nil:
		return k.uuids[i]
	case k.values != nil:
		return k.values[i]
	case k.infer != nil:
		k.cells.At(k.firstNumber + i)
		return k.infer(k.cells.Of(k.column))
	}
	return k.uuid(i)
}

// allUUIDs reports whether uuid can be called, which needs no allocation.
func (k *keyColumn) allUUIDs() bool {
	return k.values == nil && k.infer == nil && k.constant == nil && !k.isSerial
}

// uuid returns the value of the row at an index, of a column of UUIDs.
func (k *keyColumn) uuid(i int64) [16]byte {
	if k.uuids != nil {
		return k.uuids[i]
	}
	k.cells.At(k.firstNumber + i)
	return k.cells.Of(k.column).UUID()
}

// add collects the next row's value.
func (k *keyColumn) add(x any) {
	if id, ok := asUUID(x); ok && k.values == nil {
		k.uuids = append(k.uuids, id)
		return
	}
	for _, id := range k.uuids { // x is NULL: the values are no longer all UUIDs
		k.values = append(k.values, id)
	}
	k.uuids = nil
	k.values = append(k.values, x)
}

// collectsValues reports whether the values are collected, not computed.
func (k *keyColumn) collectsValues() bool { return k.cells == nil && k.constant == nil && !k.isSerial }

// requireKey makes a batch's column available to the rows that reference it.
func (load *bulkLoad) requireKey(tb *tableBatch, col int) {
	if tb.keyColumns[col] != nil {
		return
	}
	if tb.keyColumns == nil {
		tb.keyColumns = map[int]*keyColumn{}
	}
	c := tb.table.columns[col]
	key := &keyColumn{column: c.name, firstNumber: tb.firstNumber}
	tb.keyColumns[col] = key
	_, enumerated := tb.enumerated(c)
	if c.Generated != "" && !tb.existing {
		for _, from := range tb.table.generatedFrom(c) { // computeGeneratedKeys needs their values
			load.requireKey(tb, from.index)
		}
		return
	}
	switch {
	case tb.existing || enumerated || tb.options != nil && len(tb.options.overrides) > 0:
	case c.isInferred() && !tb.isFilledByDefinition(load, col) && !(tb.options != nil && tb.options.hostile):
		key.cells = fake.New(load.scope.seed, tb.table.name, load.now)
		if c.baseOID != uuidOID || !c.inPrimaryKey {
			infer := tb.inferrerOf(load, c)
			key.infer = func(x *fake.Value) any { return canonical(c, infer(x)) }
		}
	case c.Identity != "" || strings.HasPrefix(c.Default, "nextval("):
		key.isSerial = true // distribute reserves the numbers
	}
}

// isFilledByDefinition reports whether the definition's Fill sets a column.
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

// inferrerOf returns what makes up the values of a column.
func (tb *tableBatch) inferrerOf(load *bulkLoad, c *column) func(*fake.Value) any {
	maker, _ := tb.rowMaker(load) // isFilledByDefinition has returned true on an error
	return maker.inferrerOf(c)
}

// rowMaker returns the maker of the batch's rows.
func (tb *tableBatch) rowMaker(load *bulkLoad) (*rowMaker, error) {
	b := load.newBatch()
	return b.rowMaker(tb.definition, tb.table, tb.discriminators())
}

// reserveSequence takes n consecutive numbers from the sequence of a column.
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

// loadOnlyRow takes the keys from the one row that the caller gave.
func (load *bulkLoad) loadOnlyRow(tb *tableBatch) error {
	for col, key := range tb.keyColumns {
		value, ok := tb.onlyRow.value(col)
		if !ok {
			return fmt.Errorf("%s does not say its %s", tb.onlyRow.description, tb.table.columns[col].name)
		}
		key.add(value)
	}
	tb.size, tb.tenantSpans = 1, []int64{0, 1}
	return nil
}

// loadKeys reads the keys of existing rows, tenant by tenant. Rows with NULL in a
// referenced column cannot be parents.
func (load *bulkLoad) loadKeys(ctx context.Context, tb *tableBatch) error {
	var cols []*column
	for col := range tb.keyColumns {
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
		key := tb.table.tenantSQL("t", tb.tenantLevel().Name, nil)
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
	rows, err := load.tx.Query(ctx, fmt.Sprintf(`select %s from %s t%s%s limit %d`, strings.Join(selected, ", "), tb.table.relation.Ident(), whereSQL(conditions), order, mostExistingKeys))
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

// hasKeySQL is the condition for rows that a reference to the column can lead to: the
// column is not NULL.
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

// unreferencedSQL is the condition for rows that no row references by childlessFor.
func (tb *tableBatch) unreferencedSQL() []string {
	if tb.childlessFor == nil {
		return nil
	}
	ref := tb.childlessFor
	var on []string
	for i, col := range ref.childColumns {
		on = append(on, fmt.Sprintf("c.%s = t.%s", catalog.Ident(ref.child.columns[col].name), catalog.Ident(tb.table.columns[ref.parentColumns[i]].name)))
	}
	return []string{fmt.Sprintf("not exists (select from %s c where %s)", ref.child.relation.Ident(), strings.Join(on, " and "))}
}

// groupByTenant puts the keys read into the order of the tenants.
func (load *bulkLoad) groupByTenant(tb *tableBatch, cols []*column, groups map[string][][]any) error {
	take := func(group [][]any) {
		for _, values := range group {
			for i, c := range cols {
				tb.keyColumns[c.index].add(canonical(c, values[i]))
			}
		}
	}
	if tb.tenants == nil {
		take(groups[""])
		tb.size = int64(len(groups[""]))
		return nil
	}
	counts := make([]int64, tb.tenants.size)
	for tenant := range tb.tenants.size {
		group := groups[load.tenantKey(tb, tenant)]
		take(group)
		counts[tenant] = int64(len(group))
	}
	tb.tenantSpans = spansFromCounts(counts)
	tb.size = tb.tenantSpans[len(counts)]
	return nil
}

// tenantKey returns the key of a tenant, in the form of loadKeys.
func (load *bulkLoad) tenantKey(tb *tableBatch, tenant int64) string {
	key := ""
	for _, name := range tb.tenantLevel().Key {
		c := tb.tenants.table.columnsByName[name]
		key += display(tb.tenants.keyColumns[c.index].at(tenant)) + "\x00"
	}
	return key
}
