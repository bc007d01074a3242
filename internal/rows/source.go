package rows

import (
	"fmt"
	"reflect"
	"slices"

	"github.com/qarion/seedbed/internal/fake"
)

// source is where a column's value comes from.
type source struct {
	column  *column
	fixed   []byte         // encoded; the same for all rows
	level   *set           // a tenant's key …
	key     int            // … this column of it
	parents []parentColumn // a parent's column: the first of these that the row has
	typ     bool           // the pair's type
	field   []int          // of the struct
	encode  encoder
	leaves  bool // a zero field is NULL
	make    func(*fake.Value) any
	keep    *vector
	text    bool // no binary form: staged as text
}

// parentColumn is where a column's value is among what a choice gives.
type parentColumn struct {
	choice int
	refs   []int // the parent's column, by edge; -1: that edge has none
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
		if err := g.foreseen(src); err != nil {
			return err
		}
		if v := g.s.keys[c.index]; v != nil {
			if !ok && v.kept() && c.Writable() { // what Postgres takes, COPY does not tell
				src, ok = source{column: c, make: guess(c)}, true
			}
			if src.fixed != nil {
				v.same = canon(c, g.s.fixed[c.index])
			}
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

// foreseen refuses a reference to keys that are known only once their rows are
// written, which they are not where references run in a circle.
func (g *generator) foreseen(src source) error {
	if src.typ {
		return nil
	}
	for _, from := range src.parents {
		c := g.s.edges[from.choice]
		for i, p := range c.sets {
			if ref := from.refs[i]; ref >= 0 && !p.found && !p.ready && p.keys[ref].kept() {
				return fmt.Errorf("%s: references run in a circle, and only the rows of %s tell their %s: let it be made up, or use CreateN",
					c.edges[i], p.table.name, p.table.columns[ref].name)
			}
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
			if c.alone {
				src.make = g.plan.maker(c)
			}
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
		if _, said := recordOf(example).Values[c.name]; said {
			src.make = func(*fake.Value) any { return recordOf(g.row).Values[c.name] }
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
	if g.s.base != nil && g.s.base.over != g.s.over {
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

// fromParent: the column is a reference's, or that of several.
func (g *generator) fromParent(c *column, src *source) bool {
	for i, choice := range g.s.edges {
		from := parentColumn{choice: i}
		found := false
		for _, e := range choice.edges {
			if e.pair != nil && e.typ == c.index {
				src.parents, src.typ = []parentColumn{{choice: i}}, true
				return true
			}
			ref := -1
			if k := slices.Index(e.cols, c.index); k >= 0 {
				ref, found = e.refs[k], true
			}
			from.refs = append(from.refs, ref)
		}
		if found {
			src.parents = append(src.parents, from)
		}
	}
	return len(src.parents) > 0
}
