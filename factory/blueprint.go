package factory

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"sync"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/internal/fake"
)

// blueprint is a factory without its type parameters: what the engine works with.
type blueprint struct {
	table   string
	typ     reflect.Type // of the row; Record's where there is no struct
	define  func(row any, c *fake.Cells)
	after   []func(ctx context.Context, db seedbed.DB, row any) error
	parents func() []Maker
	options []option
	spare   *sync.Pool // of Cells, for Build
}

// Maker is any Factory: what Has and Definition.Parents take.
type Maker interface{ blueprint() *blueprint }

func (bp *blueprint) isRecord() bool { return bp.typ == recordType }

var recordType = reflect.TypeFor[Record]()

// maker finds the factory that makes parents or children for a table: one that this
// one names, or the plain one that needs no struct.
func (bp *blueprint) maker(s *schema, t *table) *blueprint {
	if bp.parents != nil {
		for _, m := range bp.parents() {
			other := m.blueprint()
			if found, err := s.table(other.table); err == nil && found == t {
				return other
			}
		}
	}
	if own, err := s.table(bp.table); err == nil && own == t {
		return &blueprint{table: bp.table, typ: bp.typ, define: bp.define, parents: bp.parents}
	}
	return &blueprint{table: t.name, typ: recordType, parents: bp.parents}
}

// begin makes the row before anything is said about it: constant defaults where
// Postgres has them, so that a trait's false differs from no word at all; made-up
// values where the column needs one; then the definition.
func (b *build) begin(bp *blueprint, t *table, number int64, fixes map[int]string) (*draft, error) {
	d := &draft{table: t, bp: bp, number: number, row: reflect.New(bp.typ).Elem(),
		values: make([]any, len(t.columns)), set: make([]bool, len(t.columns)),
		paths: map[int]Path{}, via: map[string]tenantKey{}, subtypes: map[*table]bool{}}
	cells := b.cells(t.name)
	cells.At(number)
	if bp.isRecord() {
		d.row.Field(0).SetString(t.name)
	}
	var err error
	if d.plan, err = b.plan(bp, t, fixes); err != nil {
		return nil, err
	}
	if err := d.plan.prepare(d, cells); err != nil {
		return nil, err
	}
	if err := d.fix(fixes); err != nil {
		return nil, err
	}
	if bp.define != nil {
		bp.define(d.row.Addr().Interface(), cells)
	}
	return d, nil
}

// rowPlan is what begin does for every row of a table made by one blueprint.
type rowPlan struct {
	binding  *binding // nil for Records
	table    *table
	defined  bool
	fixes    map[int]string
	defaults []*column
	made     []maker
}

type planKey struct {
	bp    *blueprint
	fixes string
}

type maker struct {
	column *column
	make   func(*fake.Value) any
}

func (b *build) plan(bp *blueprint, t *table, fixes map[int]string) (*rowPlan, error) {
	key := planKey{bp, fmt.Sprint(fixes)}
	if p, ok := b.plans[key]; ok {
		return p, nil
	}
	p := &rowPlan{table: t, defined: bp.define != nil, fixes: fixes}
	if !bp.isRecord() {
		var err error
		if p.binding, err = bind(layoutOf(bp.typ), t); err != nil {
			return nil, err
		}
	}
	covered := p.probe(bp)
	for _, c := range t.columns {
		make := p.maker(c)
		switch {
		case c.alone: // made when it is known that no parent has it
		case make != nil && !slices.Contains(covered, c.index):
			p.made = append(p.made, maker{c, make})
		case c.constOK && c.Writable() && p.binding != nil && p.binding.byCol[c.index] >= 0:
			p.defaults = append(p.defaults, c)
		}
	}
	b.plans[key] = p
	return p, nil
}

// maker of a column that needs a value and may not get one, or nil. What a search has
// found is for tables that nobody has defined: a definition knows better.
func (p *rowPlan) maker(c *column) func(*fake.Value) any {
	if found := c.pool.with(p.fixes); found != nil && !p.defined {
		return func(v *fake.Value) any { return found.value(v, c.index) }
	}
	if c.made() {
		return guess(c)
	}
	return nil
}

// probe runs the definition on an empty row to see which columns it makes, so that
// they are not made twice.
func (p *rowPlan) probe(bp *blueprint) (covered []int) {
	if bp.define == nil || p.binding == nil {
		return nil
	}
	row := reflect.New(bp.typ)
	bp.define(row.Interface(), fake.New(0, bp.table, fake.Epoch))
	for _, f := range p.binding.fields {
		if !row.Elem().FieldByIndex(f.index).IsZero() {
			covered = append(covered, f.column.index)
		}
	}
	return covered
}

func (p *rowPlan) prepare(d *draft, cells *fake.Cells) error {
	for _, c := range p.defaults {
		if err := p.binding.store(d.row, c.index, c.constant); err != nil {
			return fmt.Errorf("default of %s: %w", c.name, err)
		}
	}
	for _, m := range p.made {
		if err := d.put(m.column.index, m.make(cells.Of(m.column.name))); err != nil {
			return err
		}
	}
	return nil
}
