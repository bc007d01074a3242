package rows

import (
	"context"
	"encoding/binary"
	"fmt"
	"reflect"

	"github.com/qarion/seedbed/internal/fake"
)

// generator encodes the rows of a batch in COPY's binary format, one after the other.
type generator struct {
	load                *bulkLoad
	batch               *tableBatch
	maker               *rowMaker
	cells               *fake.Cells
	template            reflect.Value             // a row with the constant defaults, which each row starts from
	row                 reflect.Value             // the current row, of the definition's type
	sources             []source                  // of the columns that are copied
	columnNames         []string                  // of the columns that are copied
	hostileInferrers    []inferrer                // of the columns that Hostile fills
	picked              []pickedParent            // the current row's parents, by parentChoice
	pickedValues        map[int]string            // the current row's values of enumerations, by column
	skippedCombinations map[*keyCombination]int64 // by combination: how many were taken, in this tenant
	tenant              int64                     // index of the current row's tenant
	rowIndex            int64                     // index of the current row
}

// newGenerator returns the generator of a batch, with the source of each column.
func (load *bulkLoad) newGenerator(tb *tableBatch) (*generator, error) {
	b := load.newBatch()
	maker, err := b.rowMaker(tb.definition, tb.table, tb.discriminators())
	if err != nil {
		return nil, err
	}
	g := &generator{load: load, batch: tb, maker: maker, cells: fake.New(load.scope.seed, tb.table.name, load.now),
		template: reflect.New(tb.definition.rowType()).Elem(), row: reflect.New(tb.definition.rowType()).Elem(), picked: make([]pickedParent, len(tb.parentChoices)), pickedValues: map[int]string{}, skippedCombinations: map[*keyCombination]int64{}}
	for _, c := range maker.constantDefaults {
		if err := maker.binding.storeField(g.template, c.index, c.constantDefault); err != nil {
			return nil, err
		}
	}
	if tb.definition.isRecord() {
		recordOf(g.template).Table = tb.table.name
	}
	if tb.options.hostile {
		for _, c := range tb.table.columns {
			if infer := c.hostileValues(); infer != nil {
				g.hostileInferrers = append(g.hostileInferrers, inferrer{c, infer})
			}
		}
	}
	tb.setDiscriminators(g.template, maker)
	return g, g.chooseSources()
}

// discriminators returns the discriminators among the batch's fixed values.
func (tb *tableBatch) discriminators() map[int]string {
	var out map[int]string
	for col, v := range tb.fixedValues {
		if c := tb.table.columns[col]; !c.inReference {
			if out == nil {
				out = map[int]string{}
			}
			out[col] = keyText(c, v)
		}
	}
	return out
}

// setDiscriminators sets the discriminators of a base in the template of its rows.
func (tb *tableBatch) setDiscriminators(template reflect.Value, maker *rowMaker) {
	for col, v := range tb.fixedValues {
		if maker.binding != nil && !tb.table.columns[col].inReference {
			_ = maker.binding.storeField(template, col, v) // a discriminator is a string in every struct that has it
		}
	}
}

// fillRow sets the fields of the current row, except references. A Record to which no
// option applies stays empty: its sources make the values.
func (g *generator) fillRow() error {
	g.cells.At(g.batch.firstNumber + g.rowIndex)
	g.row.Set(g.template)
	if g.batch.definition.isRecord() && len(g.batch.options.overrides) == 0 && len(g.batch.subtypeBatches) == 0 {
		return nil
	}
	for _, inferred := range g.maker.inferred {
		if err := g.setField(inferred.column, inferred.infer(g.cells.Of(inferred.column.name))); err != nil {
			return err
		}
	}
	if g.batch.definition.Fill != nil {
		g.batch.definition.Fill(g.row.Addr().Interface(), g.cells)
	}
	for _, hostile := range g.hostileInferrers {
		g.setHostile(hostile.column, hostile.infer(g.cells.Of(hostile.column.name)))
	}
	return g.maker.override(g.row, g.batch.options.overrides)
}

// setHostile sets a hostile value. A field that cannot hold it stays as it is.
func (g *generator) setHostile(c *column, v any) {
	if g.maker.binding == nil {
		recordOf(g.row).Set(c.name, v)
		return
	}
	g.maker.binding.tryStoreField(g.row, c.index, v)
}

// setField sets a column of the current row.
func (g *generator) setField(c *column, v any) error {
	if g.maker.binding == nil {
		recordOf(g.row).Set(c.name, v)
		return nil
	}
	return g.maker.binding.storeField(g.row, c.index, v)
}

// appendRow appends the current row to buf. inTenant is its index among the rows of its
// tenant.
func (g *generator) appendRow(buf []byte, inTenant int64) ([]byte, error) {
	if err := g.fillRow(); err != nil {
		return buf, err
	}
	if err := g.assignParents(inTenant); err != nil {
		return buf, err
	}
	buf = binary.BigEndian.AppendUint16(buf, uint16(len(g.sources)))
	var err error
	for i := range g.sources {
		if buf, err = g.appendColumn(buf, &g.sources[i]); err != nil {
			return buf, fmt.Errorf("%s.%s, row %d: %w", g.batch.table.name, g.sources[i].column.name, g.rowIndex, err)
		}
	}
	g.noteSubtype()
	return buf, nil
}

// appendColumn appends one column of the current row.
func (g *generator) appendColumn(buf []byte, src *source) ([]byte, error) {
	switch {
	case src.constant != nil:
		return append(buf, src.constant...), nil
	case src.tenantBatch != nil:
		p, _ := g.batch.tenantAbove(src.tenantBatch, g.tenant)
		return g.appendKey(buf, src, src.tenantBatch.keyColumns[src.tenantKeyColumn], p)
	case src.parentColumns != nil:
		return g.appendParentKey(buf, src)
	case src.structField != nil:
		v := g.row.FieldByIndex(src.structField)
		if !v.IsZero() || !src.nullIfZero {
			return g.appendField(buf, src, v)
		}
		if src.infer == nil {
			return appendNull(buf), nil
		}
	}
	return g.appendInferred(buf, src)
}

// appendInferred appends a made-up value.
func (g *generator) appendInferred(buf []byte, src *source) ([]byte, error) {
	x := src.infer(g.cells.Of(src.column.name))
	if src.collectIn != nil {
		src.collectIn.add(canonical(src.column, x))
	}
	return g.appendValue(buf, src, x)
}

// appendField appends the value of a struct field.
func (g *generator) appendField(buf []byte, src *source, v reflect.Value) ([]byte, error) {
	if src.collectIn != nil {
		src.collectIn.add(canonical(src.column, v.Interface()))
	}
	if src.needsText {
		return g.appendValue(buf, src, v.Interface())
	}
	return src.encode(buf, v)
}

// appendValue appends a value in the column's binary form, or as text.
func (g *generator) appendValue(buf []byte, src *source, x any) ([]byte, error) {
	if !src.needsText || x == nil {
		return appendBinary(g.load.schema.codecs, src.column, buf, x)
	}
	return appendLiteral(g.load.schema.codecs, src.column, buf, x)
}

// appendParentKey appends the column of the parent that the row has picked, or the type
// that names the parent's table in a polymorphic pair; NULL without a parent.
func (g *generator) appendParentKey(buf []byte, src *source) ([]byte, error) {
	for _, from := range src.parentColumns {
		at := g.picked[from.choice]
		if at.reference < 0 {
			continue
		}
		c := g.batch.parentChoices[from.choice]
		if src.isPairType {
			return g.appendValue(buf, src, c.references[at.reference].pairType)
		}
		if column := from.columnByReference[at.reference]; column >= 0 {
			return g.appendKey(buf, src, c.parents[at.reference].keyColumns[column], at.index)
		}
	}
	if src.column.mayLackReference {
		return g.appendInferred(buf, src)
	}
	if src.collectIn != nil {
		src.collectIn.add(nil)
	}
	return appendNull(buf), nil
}

// appendKey appends the value of a key column at an index.
func (g *generator) appendKey(buf []byte, src *source, keys *keyColumn, at int64) ([]byte, error) {
	if src.column.baseOID == uuidOID && keys.allUUIDs() {
		id := keys.uuid(at)
		if src.collectIn != nil {
			src.collectIn.uuids = append(src.collectIn.uuids, id)
		}
		return appendUUID(buf, id), nil
	}
	x := keys.at(at)
	if src.collectIn != nil {
		src.collectIn.add(x)
	}
	return g.appendValue(buf, src, x)
}

// noteSubtype notes that the current row, a base, needs a row in the table of its subtype.
func (g *generator) noteSubtype() {
	if len(g.batch.subtypeBatches) == 0 {
		return
	}
	inherits, _ := g.load.schema.model.Inherits(g.batch.table.name)
	c := g.batch.table.columnsByName[inherits.Discriminator]
	var value string
	if g.batch.definition.isRecord() {
		value = keyText(c, recordOf(g.row).Values[c.name])
	}
	if v, ok := g.batch.fixedValues[c.index]; ok {
		value = keyText(c, v)
	}
	if b := g.maker.binding; b != nil && b.fieldByColumn[c.index] >= 0 {
		value = keyText(c, g.row.FieldByIndex(b.fields[b.fieldByColumn[c.index]].index).Interface())
	}
	if child := g.batch.subtypeBatches[value]; child != nil {
		child.baseRows = append(child.baseRows, g.rowIndex)
	}
}

// generate makes all rows, in order, and emits them in chunks of about size bytes. emit
// gets the rows done so far and returns the next buffer.
func (g *generator) generate(ctx context.Context, size int, emit func(chunk []byte, done int64) ([]byte, error)) error {
	var buf []byte
	var err error
	tenants := len(g.batch.tenantSpans) - 1
	for p := range tenants {
		g.tenant, g.skippedCombinations = int64(p), map[*keyCombination]int64{}
		for g.rowIndex = g.batch.tenantSpans[p]; g.rowIndex < g.batch.tenantSpans[p+1]; g.rowIndex++ {
			if base := g.batch.baseBatch; base != nil && base.tenantSpans != nil {
				g.tenant = int64(base.tenantOf(g.batch.baseRows[g.rowIndex]))
			}
			if buf, err = g.appendRow(buf, g.rowIndex-g.batch.tenantSpans[p]); err != nil {
				return err
			}
			if len(buf) < size {
				continue
			}
			if buf, err = emit(buf, g.rowIndex+1); err != nil {
				return err
			}
			if err := ctx.Err(); err != nil {
				return err
			}
		}
	}
	_, err = emit(buf, g.rowIndex)
	return err
}
