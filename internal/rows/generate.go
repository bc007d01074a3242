package rows

import (
	"context"
	"encoding/binary"
	"fmt"
	"reflect"

	"github.com/qarion/seedbed/internal/fake"
)

// generator encodes a set's rows for COPY, one after the other.
type generator struct {
	f       *filling
	s       *set
	plan    *rowPlan
	cells   *fake.Cells
	fresh   reflect.Value // a row with the constant defaults
	row     reflect.Value
	columns []source
	names   []string
	hostile []maker
	parents []parentOf       // of the row at hand, by choice
	skipped map[*joint]int64 // combinations that are taken, in this tenant
	tenant  int64
	index   int64
}

func (f *filling) newGenerator(s *set) (*generator, error) {
	b := newBuild(f.schema, f.world, f.now)
	plan, err := b.plan(s.bp, s.table, s.fixes())
	if err != nil {
		return nil, err
	}
	g := &generator{f: f, s: s, plan: plan, cells: fake.New(f.world.seed, s.table.name, f.now),
		fresh: reflect.New(s.bp.rowType()).Elem(), row: reflect.New(s.bp.rowType()).Elem(), parents: make([]parentOf, len(s.edges)), skipped: map[*joint]int64{}}
	for _, c := range plan.defaults {
		if err := plan.binding.store(g.fresh, c.index, c.constant); err != nil {
			return nil, err
		}
	}
	if s.bp.isRecord() {
		recordOf(g.fresh).Table = s.table.name
	}
	if s.call.hostile {
		for _, c := range s.table.columns {
			if make := c.hostile(); make != nil {
				g.hostile = append(g.hostile, maker{c, make})
			}
		}
	}
	g.f.fixBase(s, g.fresh, plan)
	return g, g.sources()
}

// fixes are the discriminators among what a set's rows have in common.
func (s *set) fixes() map[int]string {
	var out map[int]string
	for col, v := range s.fixed {
		if c := s.table.columns[col]; !c.inEdge {
			if out == nil {
				out = map[int]string{}
			}
			out[col] = text(c, v)
		}
	}
	return out
}

// fixBase sets the discriminator of a base that a subtype asked for.
func (f *filling) fixBase(s *set, fresh reflect.Value, plan *rowPlan) {
	for col, v := range s.fixed {
		if plan.binding != nil && !s.table.columns[col].inEdge {
			_ = plan.binding.store(fresh, col, v) // a discriminator is a string in every struct that has it
		}
	}
}

// fill makes the row at hand, references left out.
func (g *generator) fill() error {
	g.cells.At(g.s.first + g.index)
	g.row.Set(g.fresh)
	if g.s.bp.isRecord() && len(g.s.call.says) == 0 && len(g.s.sub) == 0 {
		return nil
	}
	for _, m := range g.plan.made {
		if err := g.put(m.column, m.make(g.cells.Of(m.column.name))); err != nil {
			return err
		}
	}
	if g.s.bp.Fill != nil {
		g.s.bp.Fill(g.row.Addr().Interface(), g.cells)
	}
	for _, h := range g.hostile {
		g.corrupt(h.column, h.make(g.cells.Of(h.column.name)))
	}
	for _, say := range g.s.call.says {
		say(g.row.Addr().Interface())
	}
	return nil
}

// corrupt leaves a field as it is whose type cannot hold the value.
func (g *generator) corrupt(c *column, v any) {
	if g.plan.binding == nil {
		recordOf(g.row).Set(c.name, v)
		return
	}
	g.plan.binding.tryStore(g.row, c.index, v)
}

func (g *generator) put(c *column, v any) error {
	if g.plan.binding == nil {
		recordOf(g.row).Set(c.name, v)
		return nil
	}
	return g.plan.binding.store(g.row, c.index, v)
}

// shared reports whether rows of several tenants may have the same parent on an
// exclusive edge: members may be members elsewhere too.
func (s *set) shared(e *edge) bool {
	if e.pair != nil || len(e.fixes) > 0 {
		return false
	}
	for _, ix := range s.table.uniqueIndexes() {
		inside := true
		for _, k := range ix.Keys {
			c := s.table.byName[k.Column]
			own := false
			for _, col := range e.own {
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

// next appends the row at hand to buf.
func (g *generator) next(buf []byte, inTenant int64) ([]byte, error) {
	if err := g.fill(); err != nil {
		return buf, err
	}
	if err := g.assign(inTenant); err != nil {
		return buf, err
	}
	buf = binary.BigEndian.AppendUint16(buf, uint16(len(g.columns)))
	var err error
	for i := range g.columns {
		if buf, err = g.column(buf, &g.columns[i]); err != nil {
			return buf, fmt.Errorf("%s, row %d: %w", g.s.table.name, g.index, err)
		}
	}
	g.noteSubtype()
	return buf, nil
}

func (g *generator) column(buf []byte, src *source) ([]byte, error) {
	switch {
	case src.fixed != nil:
		return append(buf, src.fixed...), nil
	case src.level != nil:
		p, _ := g.s.above(src.level, g.tenant)
		return g.value(buf, src, src.level.keys[src.key], p)
	case src.parents != nil:
		return g.parent(buf, src)
	case src.field != nil:
		v := g.row.FieldByIndex(src.field)
		if !v.IsZero() || !src.leaves {
			return g.field(buf, src, v)
		}
		if src.make == nil {
			return null(buf), nil
		}
	}
	return g.made(buf, src)
}

func (g *generator) made(buf []byte, src *source) ([]byte, error) {
	x := src.make(g.cells.Of(src.column.name))
	if src.keep != nil {
		src.keep.add(canon(src.column, x))
	}
	return g.any(buf, src, x)
}

func (g *generator) field(buf []byte, src *source, v reflect.Value) ([]byte, error) {
	if src.keep != nil {
		src.keep.add(canon(src.column, v.Interface()))
	}
	if src.text {
		return g.any(buf, src, v.Interface())
	}
	return src.encode(buf, v)
}

func (g *generator) any(buf []byte, src *source, x any) ([]byte, error) {
	if !src.text || x == nil {
		return encodeAny(g.f.schema.types, src.column, buf, x)
	}
	return encodeLiteral(g.f.schema.types, src.column, buf, x)
}

func (g *generator) parent(buf []byte, src *source) ([]byte, error) {
	for _, from := range src.parents {
		at := g.parents[from.choice]
		if at.edge < 0 {
			continue
		}
		c := g.s.edges[from.choice]
		if src.typ {
			return g.any(buf, src, c.edges[at.edge].label)
		}
		if ref := from.refs[at.edge]; ref >= 0 {
			return g.value(buf, src, c.sets[at.edge].keys[ref], at.index)
		}
	}
	if src.column.alone {
		return g.made(buf, src)
	}
	if src.keep != nil {
		src.keep.add(nil)
	}
	return null(buf), nil
}

func (g *generator) value(buf []byte, src *source, keys *vector, at int64) ([]byte, error) {
	if src.column.base == uuidOID && keys.byUUID() {
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
	return g.any(buf, src, x)
}

// noteSubtype remembers that a base row needs a row in its subtype's table.
func (g *generator) noteSubtype() {
	if len(g.s.sub) == 0 {
		return
	}
	inherits, _ := g.f.schema.model.Inherits(g.s.table.name)
	c := g.s.table.byName[inherits.Discriminator]
	var value string
	if g.s.bp.isRecord() {
		value = text(c, recordOf(g.row).Values[c.name])
	}
	if v, ok := g.s.fixed[c.index]; ok {
		value = text(c, v)
	}
	if b := g.plan.binding; b != nil && b.byCol[c.index] >= 0 {
		value = text(c, g.row.FieldByIndex(b.fields[b.byCol[c.index]].index).Interface())
	}
	if child := g.s.sub[value]; child != nil {
		child.rows = append(child.rows, g.index)
	}
}

// rows makes all rows, in order, in chunks of about size bytes.
func (g *generator) rows(ctx context.Context, size int, emit func(chunk []byte, done int64) ([]byte, error)) error {
	var buf []byte
	var err error
	tenants := len(g.s.spans) - 1
	for p := range tenants {
		g.tenant, g.skipped = int64(p), map[*joint]int64{}
		for g.index = g.s.spans[p]; g.index < g.s.spans[p+1]; g.index++ {
			if base := g.s.base; base != nil && base.spans != nil {
				g.tenant = int64(base.tenant(g.s.rows[g.index]))
			}
			if buf, err = g.next(buf, g.index-g.s.spans[p]); err != nil {
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
