package rows

import (
	"context"
	"encoding/binary"
	"fmt"
	"reflect"

	"github.com/qarion/seedbed/internal/fake"
)

// generator encodes a table batch's rows for COPY, one after the other.
type generator struct {
	load                *bulkLoad
	batch               *tableBatch
	maker               *rowMaker
	cells               *fake.Cells
	fresh               reflect.Value // a row with the constant defaults
	row                 reflect.Value
	columns             []source
	names               []string
	hostile             []inferrer
	parents             []parentChoice            // of the row at hand, by choice
	skippedCombinations map[*keyCombination]int64 // combinations that are taken, in this tenant
	tenant              int64
	index               int64
}

func (load *bulkLoad) newGenerator(tb *tableBatch) (*generator, error) {
	b := load.newBatch()
	maker, err := b.rowMaker(tb.definition, tb.table, tb.discriminators())
	if err != nil {
		return nil, err
	}
	g := &generator{load: load, batch: tb, maker: maker, cells: fake.New(load.scope.seed, tb.table.name, load.now),
		fresh: reflect.New(tb.definition.rowType()).Elem(), row: reflect.New(tb.definition.rowType()).Elem(), parents: make([]parentChoice, len(tb.choices)), skippedCombinations: map[*keyCombination]int64{}}
	for _, c := range maker.constantDefaults {
		if err := maker.binding.storeField(g.fresh, c.index, c.constantDefault); err != nil {
			return nil, err
		}
	}
	if tb.definition.isRecord() {
		recordOf(g.fresh).Table = tb.table.name
	}
	if tb.call.hostile {
		for _, c := range tb.table.columns {
			if infer := c.hostileValues(); infer != nil {
				g.hostile = append(g.hostile, inferrer{c, infer})
			}
		}
	}
	g.load.setDiscriminators(tb, g.fresh, maker)
	return g, g.sources()
}

// discriminators are the discriminators among what a table batch's rows have in common.
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

// setDiscriminators batches the discriminator of a base that a subtype asked for.
func (load *bulkLoad) setDiscriminators(tb *tableBatch, template reflect.Value, maker *rowMaker) {
	for col, v := range tb.fixedValues {
		if maker.binding != nil && !tb.table.columns[col].inReference {
			_ = maker.binding.storeField(template, col, v) // a discriminator is a string in every struct that has it
		}
	}
}

// fillRow makes the row at hand, references left out.
func (g *generator) fillRow() error {
	g.cells.At(g.batch.firstNumber + g.index)
	g.row.Set(g.fresh)
	if g.batch.definition.isRecord() && len(g.batch.call.overrides) == 0 && len(g.batch.subtypeBatches) == 0 {
		return nil
	}
	for _, m := range g.maker.inferred {
		if err := g.setField(m.column, m.infer(g.cells.Of(m.column.name))); err != nil {
			return err
		}
	}
	if g.batch.definition.Fill != nil {
		g.batch.definition.Fill(g.row.Addr().Interface(), g.cells)
	}
	for _, h := range g.hostile {
		g.setHostile(h.column, h.infer(g.cells.Of(h.column.name)))
	}
	for _, override := range g.batch.call.overrides {
		override(g.row.Addr().Interface())
	}
	return nil
}

// setHostile leaves a field as it is whose type cannot hold the value.
func (g *generator) setHostile(c *column, v any) {
	if g.maker.binding == nil {
		recordOf(g.row).Set(c.name, v)
		return
	}
	g.maker.binding.tryStoreField(g.row, c.index, v)
}

func (g *generator) setField(c *column, v any) error {
	if g.maker.binding == nil {
		recordOf(g.row).Set(c.name, v)
		return nil
	}
	return g.maker.binding.storeField(g.row, c.index, v)
}

// isSharedAcrossTenants reports whether rows of several tenants may have the same parent on an
// exclusive reference: members may be members elsewhere too.
func (tb *tableBatch) isSharedAcrossTenants(ref *reference) bool {
	if ref.pair != nil || len(ref.discriminators) > 0 {
		return false
	}
	for _, ix := range tb.table.uniqueIndexes() {
		inside := true
		for _, k := range ix.Keys {
			c := tb.table.columnsByName[k.Column]
			own := false
			for _, col := range ref.ownColumns {
				own = own || c != nil && c.index == col
			}
			inside = inside && own
		}
		if inside {
			return false
		}
	}
	return true
}

// appendRow appends the row at hand to buf.
func (g *generator) appendRow(buf []byte, inTenant int64) ([]byte, error) {
	if err := g.fillRow(); err != nil {
		return buf, err
	}
	if err := g.assignParents(inTenant); err != nil {
		return buf, err
	}
	buf = binary.BigEndian.AppendUint16(buf, uint16(len(g.columns)))
	var err error
	for i := range g.columns {
		if buf, err = g.appendColumn(buf, &g.columns[i]); err != nil {
			return buf, fmt.Errorf("%s, row %d: %w", g.batch.table.name, g.index, err)
		}
	}
	g.noteSubtype()
	return buf, nil
}

func (g *generator) appendColumn(buf []byte, src *source) ([]byte, error) {
	switch {
	case src.fixed != nil:
		return append(buf, src.fixed...), nil
	case src.tenants != nil:
		p, _ := g.batch.tenantAbove(src.tenants, g.tenant)
		return g.appendKey(buf, src, src.tenants.keys[src.key], p)
	case src.parents != nil:
		return g.appendParentKey(buf, src)
	case src.field != nil:
		v := g.row.FieldByIndex(src.field)
		if !v.IsZero() || !src.nullIfZero {
			return g.appendField(buf, src, v)
		}
		if src.infer == nil {
			return null(buf), nil
		}
	}
	return g.appendInferred(buf, src)
}

func (g *generator) appendInferred(buf []byte, src *source) ([]byte, error) {
	x := src.infer(g.cells.Of(src.column.name))
	if src.keep != nil {
		src.keep.add(canonical(src.column, x))
	}
	return g.appendValue(buf, src, x)
}

func (g *generator) appendField(buf []byte, src *source, v reflect.Value) ([]byte, error) {
	if src.keep != nil {
		src.keep.add(canonical(src.column, v.Interface()))
	}
	if src.asText {
		return g.appendValue(buf, src, v.Interface())
	}
	return src.encode(buf, v)
}

func (g *generator) appendValue(buf []byte, src *source, x any) ([]byte, error) {
	if !src.asText || x == nil {
		return encodeAny(g.load.schema.codecs, src.column, buf, x)
	}
	return encodeLiteral(g.load.schema.codecs, src.column, buf, x)
}

func (g *generator) appendParentKey(buf []byte, src *source) ([]byte, error) {
	for _, from := range src.parents {
		at := g.parents[from.choice]
		if at.reference < 0 {
			continue
		}
		c := g.batch.choices[from.choice]
		if src.pairType {
			return g.appendValue(buf, src, c.references[at.reference].pairType)
		}
		if ref := from.refs[at.reference]; ref >= 0 {
			return g.appendKey(buf, src, c.parents[at.reference].keys[ref], at.index)
		}
	}
	if src.column.mayLackReference {
		return g.appendInferred(buf, src)
	}
	if src.keep != nil {
		src.keep.add(nil)
	}
	return null(buf), nil
}

func (g *generator) appendKey(buf []byte, src *source, keys *keyColumn, at int64) ([]byte, error) {
	if src.column.baseOID == uuidOID && keys.byUUID() {
		id := keys.uuid(at)
		if src.keep != nil {
			src.keep.uuids = append(src.keep.uuids, id)
		}
		return appendUUID(buf, id), nil
	}
	x := keys.at(at)
	if src.keep != nil {
		src.keep.add(x)
	}
	return g.appendValue(buf, src, x)
}

// noteSubtype remembers that a base row needs a row in its subtype's table.
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
		child.baseRows = append(child.baseRows, g.index)
	}
}

// generate makes all rows, in order, in chunks of about size bytes.
func (g *generator) generate(ctx context.Context, size int, emit func(chunk []byte, done int64) ([]byte, error)) error {
	var buf []byte
	var err error
	tenants := len(g.batch.spans) - 1
	for p := range tenants {
		g.tenant, g.skippedCombinations = int64(p), map[*keyCombination]int64{}
		for g.index = g.batch.spans[p]; g.index < g.batch.spans[p+1]; g.index++ {
			if base := g.batch.baseBatch; base != nil && base.spans != nil {
				g.tenant = int64(base.tenantOf(g.batch.baseRows[g.index]))
			}
			if buf, err = g.appendRow(buf, g.index-g.batch.spans[p]); err != nil {
				return err
			}
			if len(buf) < size {
				continue
			}
			if buf, err = emit(buf, g.index+1); err != nil {
				return err
			}
			if err := ctx.Err(); err != nil {
				return err
			}
		}
	}
	_, err = emit(buf, g.index)
	return err
}
