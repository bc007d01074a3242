package factory

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
	cells   *Cells
	fresh   reflect.Value // a row with the constant defaults
	row     reflect.Value
	columns []source
	names   []string
	hostile []maker
	parents []parentOf // of the row at hand, by choice
	tenant  int64
	index   int64
}

// source is where a column's value comes from.
type source struct {
	column *column
	fixed  []byte // encoded; the same for all rows
	level  *set   // a tenant's key …
	key    int    // … this column of it
	choice int    // a parent's column: index of the choice and one; 0 none
	refs   []int  // … by candidate edge
	typ    bool   // the pair's type
	field  []int  // of the struct
	encode encoder
	leaves bool // a zero field is NULL
	make   func(*fake.Value) any
	keep   *vector
	text   bool // no binary form: staged as text
}

type parentOf struct {
	edge  int // of the choice; -1 none
	index int64
}

func (f *filling) newGenerator(s *set) (*generator, error) {
	b := newBuild(f.schema, f.world, f.now)
	plan, err := b.plan(s.bp, s.table, s.fixes())
	if err != nil {
		return nil, err
	}
	g := &generator{f: f, s: s, plan: plan, cells: fake.New(f.world.seed, s.table.name, f.now),
		fresh: reflect.New(s.bp.typ).Elem(), row: reflect.New(s.bp.typ).Elem(), parents: make([]parentOf, len(s.edges))}
	for _, c := range plan.defaults {
		if err := plan.binding.store(g.fresh, c.index, c.constant); err != nil {
			return nil, err
		}
	}
	if s.bp.isRecord() {
		g.fresh.Field(0).SetString(s.table.name)
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

// sources decides for each column where its values come from. What a struct leaves
// zero in the first row, and Postgres fills, is not copied at all.
func (g *generator) sources() error {
	example, err := g.example()
	if err != nil {
		return err
	}
	for _, c := range g.s.table.columns {
		if c.Generated != "" {
			continue
		}
		src, ok, err := g.source(c, example)
		if err != nil {
			return err
		}
		if v := g.s.keys[c.index]; v != nil {
			if v.kept() {
				src.keep = v
			} else if !ok {
				src, ok = source{column: c, make: g.known(v)}, true
			}
		}
		if ok {
			src.text = g.asText(src)
			g.columns = append(g.columns, src)
			g.names = append(g.names, c.name)
		} else if src.keep != nil {
			return fmt.Errorf("%s.%s: others reference it, and only Postgres knows it", g.s.table.name, c.name)
		}
	}
	return nil
}

// asText says that a column's values must be read by Postgres: the type has no binary
// form that pgx writes, or a made-up text none that pgx reads.
func (g *generator) asText(src source) bool {
	c := src.column
	if !c.binary(g.f.schema.types) {
		return true
	}
	if src.make == nil || src.field != nil || c.textual() {
		return false
	}
	s, isText := src.make(g.cells.Of(c.name)).(string)
	if c.pool != nil && c.base != jsonbOID {
		return true
	}
	if !isText {
		return false
	}
	_, err := encodeAny(g.f.schema.types, c, nil, s)
	return err != nil
}

// known has a row take the key that its children were promised.
func (g *generator) known(v *vector) func(*fake.Value) any {
	return func(*fake.Value) any { return v.at(g.index) }
}

// example is the first row, to see what the definition and the traits set.
func (g *generator) example() (reflect.Value, error) {
	g.index, g.tenant = 0, 0
	err := g.fill()
	return g.row, err
}

func (g *generator) source(c *column, example reflect.Value) (source, bool, error) {
	s, src := g.s, source{column: c}
	if v, ok := s.fixed[c.index]; ok && (c.inEdge || g.plan.binding == nil || g.plan.binding.byCol[c.index] < 0) {
		var err error
		src.fixed, err = encodeAny(g.f.schema.types, c, nil, v)
		return src, true, err
	}
	if len(s.call.links) == 0 && !s.said[c.index] {
		if g.fromTenant(c, &src) || g.fromParent(c, &src) {
			return src, true, nil
		}
	}
	if b := g.plan.binding; b != nil && b.byCol[c.index] >= 0 {
		f := b.fields[b.byCol[c.index]]
		v := example.FieldByIndex(f.index)
		made := g.maker(c)
		if !(v.IsZero() && b.leaves(c, v)) || !c.left() && made == nil {
			src.field, src.encode = f.index, encoderFor(g.f.schema.types, c, v.Type())
			src.leaves = b.leaves(c, reflect.Zero(v.Type()))
			src.make = made
			return src, true, nil
		}
		src.make = made
		return src, made != nil, nil
	}
	if g.s.bp.isRecord() {
		if _, said := example.Interface().(Record).Values[c.name]; said {
			src.make = func(*fake.Value) any { return g.row.Interface().(Record).Values[c.name] }
			return src, true, nil
		}
	}
	src.make = g.maker(c)
	return src, src.make != nil, nil
}

// maker of a column that the engine makes up, nil for others.
func (g *generator) maker(c *column) func(*fake.Value) any {
	for _, m := range g.plan.made {
		if m.column == c {
			return m.make
		}
	}
	return g.plan.maker(c)
}

// fromTenant: the column is part of a tenant's key.
func (g *generator) fromTenant(c *column, src *source) bool {
	if g.s.base != nil {
		return false
	}
	for _, l := range g.s.table.levels {
		for i, col := range l.cols {
			if col != c.index {
				continue
			}
			t := g.f.byTable[g.f.schema.tables[g.f.schema.cat.Table(l.tenant.Table).Root()]]
			if _, ok := g.s.above(t, 0); ok {
				src.level, src.key = t, t.table.byName[l.tenant.Key[i]].index
				return true
			}
		}
	}
	return false
}

// fromParent: the column is a reference's.
func (g *generator) fromParent(c *column, src *source) bool {
	for i, choice := range g.s.edges {
		for _, e := range choice.edges {
			if e.pair != nil && e.typ == c.index {
				src.choice, src.typ = i+1, true
				return true
			}
			for k, col := range e.cols {
				if col == c.index {
					src.choice = i + 1
					src.refs = append(src.refs, e.refs[k])
				}
			}
		}
		if src.choice > 0 {
			return true
		}
	}
	return false
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
	if g.s.bp.define != nil {
		g.s.bp.define(g.row.Addr().Interface(), g.cells)
	}
	for _, h := range g.hostile {
		if err := g.put(h.column, h.make(g.cells.Of(h.column.name))); err != nil {
			return err
		}
	}
	for _, say := range g.s.call.says {
		say(g.row.Addr().Interface())
	}
	return nil
}

func (g *generator) put(c *column, v any) error {
	if g.plan.binding == nil {
		g.row.Addr().Interface().(*Record).Set(c.name, v)
		return nil
	}
	return g.plan.binding.store(g.row, c.index, v)
}

// choose finds the row's parents.
func (g *generator) choose(inTenant int64) error {
	if g.s.base != nil {
		g.parents[0] = parentOf{0, g.s.rows[g.index]}
		return nil
	}
	for i, c := range g.s.edges {
		g.parents[i].edge = -1
		v := g.cells.Of(c.cell)
		if c.maybe && !v.Chance(0.7) {
			continue
		}
		pick := v.Index(len(c.edges))
		for try := range c.edges {
			k := (pick + try) % len(c.edges)
			lo, hi, _ := g.s.within(c.sets[k], g.tenant)
			if hi <= lo {
				continue
			}
			at := lo + int64(v.Skewed(int(hi-lo)))
			if c.edges[k].exclusive {
				at = lo + (inTenant+int64(fake.Derive(uint64(g.tenant), c.cell)%uint64(hi-lo)))%(hi-lo)
				if !g.s.shared(c.edges[k]) {
					at = lo + inTenant
				}
			}
			g.parents[i] = parentOf{k, at}
			break
		}
		if g.parents[i].edge < 0 && !c.maybe {
			return fmt.Errorf("%s: no %s for it to reference", g.s.table.name, c.edges[0].parent.name)
		}
	}
	return nil
}

// shared reports whether rows of several tenants may have the same parent on an
// exclusive edge: members may be members elsewhere too.
func (s *set) shared(e *edge) bool {
	if e.pair != nil || len(e.fixes) > 0 {
		return false
	}
	for _, ix := range s.table.rel.Indexes {
		if !ix.Unique {
			continue
		}
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
	if err := g.choose(inTenant); err != nil {
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
	case src.choice > 0:
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
	return appendText(buf, literalText(x)), nil
}

func (g *generator) parent(buf []byte, src *source) ([]byte, error) {
	at := g.parents[src.choice-1]
	if at.edge < 0 {
		if src.keep != nil {
			src.keep.add(nil)
		}
		return null(buf), nil
	}
	c := g.s.edges[src.choice-1]
	if src.typ {
		return appendText(buf, c.edges[at.edge].label), nil
	}
	return g.value(buf, src, c.sets[at.edge].keys[src.refs[at.edge]], at.index)
}

func (g *generator) value(buf []byte, src *source, keys *vector, at int64) ([]byte, error) {
	if src.column.base == uuidOID && keys.other == nil && !keys.serial {
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
		value = text(c, g.row.Interface().(Record).Values[c.name])
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
		g.tenant = int64(p)
		for g.index = g.s.spans[p]; g.index < g.s.spans[p+1]; g.index++ {
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
