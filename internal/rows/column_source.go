package rows

import (
	"fmt"
	"reflect"
	"slices"

	"github.com/qarion/seedbed/internal/fake"
)

// source is where the values of a copied column come from. The first field that is set
// decides: constant, tenantBatch, parentColumns, structField, infer.
type source struct {
	column          *column
	constant        []byte         // the encoded value of all rows
	tenantBatch     *tableBatch    // the key of the row's tenant …
	tenantKeyColumn int            // … this column of it
	parentColumns   []parentColumn // the parent's column: of the first choice in which the row has a parent
	isPairType      bool           // of parentColumns: the type that names the parent's table
	structField     []int          // index of the struct field
	encode          encoder        // of the struct field
	nullIfZero      bool           // a zero field is NULL, or what infer makes
	infer           func(*fake.Value) any
	collectIn       *keyColumn // where other tables need the values; nil: they do not
	needsText       bool       // the type has no binary form: staged as text
}

// parentColumn is the column of a parent that a choice gives a column.
type parentColumn struct {
	choice            int
	columnByReference []int // the parent's column, by reference of the choice; -1: none
}

// chooseSources decides where the values of each column come from. A column that the first
// row leaves unset, and that Postgres fills, is not copied.
func (g *generator) chooseSources() error {
	example, err := g.example()
	if err != nil {
		return err
	}
	for _, c := range g.batch.table.columns {
		if c.Generated != "" {
			continue
		}
		src, ok, err := g.source(c, example)
		if err != nil {
			return err
		}
		if err := g.checkKeysKnown(src); err != nil {
			return err
		}
		if key := g.batch.keyColumns[c.index]; key != nil {
			if !ok && key.collectsValues() && c.Writable() { // COPY does not return what Postgres fills in
				src, ok = source{column: c, infer: inferValue(c)}, true
			}
			if src.constant != nil {
				key.constant = canonical(c, g.batch.fixedValues[c.index])
			}
			if key.collectsValues() {
				src.collectIn = key
			} else if !ok {
				src, ok = source{column: c, infer: g.promisedKey(key)}, true
			}
		}
		if ok {
			src.needsText = g.needsText(src)
			g.sources = append(g.sources, src)
			g.columnNames = append(g.columnNames, c.name)
		} else if src.collectIn != nil {
			return fmt.Errorf("%s.%s: other rows of the plan reference it, but %s", g.batch.table.name, c.name, outOfServer.inGo)
		}
	}
	return nil
}

// checkKeysKnown refuses a column whose values are collected while its rows are written,
// where references run in a circle: they are not written yet.
func (g *generator) checkKeysKnown(src source) error {
	if src.isPairType {
		return nil
	}
	for _, from := range src.parentColumns {
		c := g.batch.parentChoices[from.choice]
		for i, p := range c.parents {
			if column := from.columnByReference[i]; column >= 0 && !p.existing && !p.written && p.keyColumns[column].collectsValues() {
				return fmt.Errorf("%s: references run in a circle, and only the rows of %s tell their %s: %s",
					c.references[i], p.table.name, p.table.columns[column].name, outOfCircle.inGo)
			}
		}
	}
	return nil
}

// needsText reports whether Postgres must read a column's values as text: pgx cannot write
// the type in binary, or cannot read the text that is made up.
func (g *generator) needsText(src source) bool {
	c := src.column
	if !c.hasBinaryForm(g.load.schema.codecs) {
		return true
	}
	if src.infer == nil || src.structField != nil || c.isTextual() {
		return false
	}
	s, isText := src.infer(g.cells.Of(c.name)).(string)
	if c.solved != nil && c.baseOID != jsonbOID {
		return true
	}
	if !isText {
		return false
	}
	_, err := appendBinary(g.load.schema.codecs, c, nil, s)
	return err != nil
}

// promisedKey makes a row take the key that other rows already reference it by.
func (g *generator) promisedKey(key *keyColumn) func(*fake.Value) any {
	return func(*fake.Value) any { return key.at(g.rowIndex) }
}

// example makes the first row, to see what the definition and the options set.
func (g *generator) example() (reflect.Value, error) {
	g.rowIndex, g.tenant = 0, 0
	err := g.fillRow()
	return g.row, err
}

// source returns the source of a column; false where it is left to Postgres.
func (g *generator) source(c *column, example reflect.Value) (src source, isCopied bool, err error) {
	tb := g.batch
	src.column = c
	if v, ok := tb.fixedValues[c.index]; ok && (c.inReference || g.maker.binding == nil || g.maker.binding.fieldByColumn[c.index] < 0) {
		var err error
		src.constant, err = appendBinary(g.load.schema.codecs, c, nil, v)
		return src, true, err
	}
	if len(tb.options.associations) == 0 && !tb.overridden[c.index] {
		if g.fromTenant(c, &src) || g.fromParent(c, &src) {
			if c.mayLackReference {
				src.infer = g.maker.inferrerOf(c)
			}
			return src, true, nil
		}
	}
	if e, ok := tb.enumerated(c); ok {
		g.pickedValues[c.index] = e.values[0]
		src.infer = func(*fake.Value) any { return g.pickedValues[c.index] }
		return src, true, nil
	}
	if b := g.maker.binding; b != nil && b.fieldByColumn[c.index] >= 0 {
		f := b.fields[b.fieldByColumn[c.index]]
		v := example.FieldByIndex(f.index)
		infer := g.maker.inferrerOf(c)
		if !(v.IsZero() && b.zeroMeansUnset(c, v)) || !c.leftToPostgres() && infer == nil {
			src.structField, src.encode = f.index, encoderFor(g.load.schema.codecs, c, v.Type())
			src.nullIfZero = b.zeroMeansUnset(c, reflect.Zero(v.Type()))
			src.infer = infer
			return src, true, nil
		}
		src.infer = infer
		return src, infer != nil, nil
	}
	if g.batch.definition.isRecord() {
		if _, isSet := recordOf(example).Values[c.name]; isSet {
			src.infer = func(*fake.Value) any { return recordOf(g.row).Values[c.name] }
			return src, true, nil
		}
	}
	src.infer = g.maker.inferrerOf(c)
	return src, src.infer != nil, nil
}

// fromTenant sets the source of a column that belongs to a tenant's key. It returns false
// for other columns.
func (g *generator) fromTenant(c *column, src *source) bool {
	if g.batch.baseBatch != nil && g.batch.baseBatch.tenants != g.batch.tenants {
		return false
	}
	for _, l := range g.batch.table.levels {
		for i, col := range l.columns {
			if col != c.index {
				continue
			}
			t := g.load.batches[g.load.schema.tables[g.load.schema.cat.Table(l.tenant.Table).Root()]]
			if _, ok := g.batch.tenantAbove(t, 0); ok {
				src.tenantBatch, src.tenantKeyColumn = t, t.table.columnsByName[l.tenant.Key[i]].index
				return true
			}
		}
	}
	return false
}

// fromParent sets the source of a column that belongs to references. It returns false for
// other columns.
func (g *generator) fromParent(c *column, src *source) bool {
	for i, choice := range g.batch.parentChoices {
		from := parentColumn{choice: i}
		found := false
		for _, ref := range choice.references {
			if ref.pair != nil && ref.pairTypeColumn == c.index {
				src.parentColumns, src.isPairType = []parentColumn{{choice: i}}, true
				return true
			}
			column := -1
			if k := slices.Index(ref.childColumns, c.index); k >= 0 {
				column, found = ref.parentColumns[k], true
			}
			from.columnByReference = append(from.columnByReference, column)
		}
		if found {
			src.parentColumns = append(src.parentColumns, from)
		}
	}
	return len(src.parentColumns) > 0
}
