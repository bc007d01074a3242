package rows

import (
	"context"
	"fmt"
	"reflect"
	"slices"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/internal/fake"
)

// Definition says how the rows of a table come about. One that has no more than the
// table is whole: every required column is made up.
type Definition struct {
	Table string
	// Type of a row: a struct, or Record's fields. nil: Record.
	Type reflect.Type
	// Fill gives fields of a row their values. It gets a pointer to it. nil: none.
	Fill func(row any, c *fake.Cells)
	// After runs when all rows of the call are in the database.
	After []func(ctx context.Context, db seedbed.DB, row any) error
	// Parents define the rows that these ones reference. It is asked when rows are
	// made, so that definitions may name one another. nil: made up.
	Parents func() []*Definition
	// Options hold for every row.
	Options []Option
}

func (d *Definition) isRecord() bool { return d.Type == nil || isRecord(d.Type) }

// rowType is the type of a row.
func (d *Definition) rowType() reflect.Type {
	if d.Type == nil {
		return recordType
	}
	return d.Type
}

// maker finds the factory that makes parents or children for a table: one that this
// one names, or the plain one that needs no struct.
func (bp *Definition) maker(s *schema, t *table) *Definition {
	if bp.Parents != nil {
		for _, other := range bp.Parents() {
			if found, err := s.table(other.Table); err == nil && found == t {
				return other
			}
		}
	}
	if own, err := s.table(bp.Table); err == nil && own == t {
		return &Definition{Table: bp.Table, Type: bp.Type, Fill: bp.Fill, Parents: bp.Parents}
	}
	return &Definition{Table: t.name, Parents: bp.Parents}
}

// begin makes the row before anything is said about it: constant defaults where
// Postgres has them, so that a trait's false differs from no word at all; made-up
// values where the column needs one; then the definition.
func (b *build) begin(bp *Definition, t *table, number int64, fixes map[int]string) (*draft, error) {
	d := &draft{table: t, bp: bp, number: number, row: reflect.New(bp.rowType()).Elem(),
		values: make([]any, len(t.columns)), set: make([]bool, len(t.columns)),
		paths: map[int]Path{}, via: map[string]tenantKey{}, subtypes: map[*table]bool{}}
	cells := b.cells(t.name)
	cells.At(number)
	if bp.isRecord() {
		recordOf(d.row).Table = t.name
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
	if bp.Fill != nil {
		bp.Fill(d.row.Addr().Interface(), cells)
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
	bp    *Definition
	fixes string
}

type maker struct {
	column *column
	make   func(*fake.Value) any
}

func (b *build) plan(bp *Definition, t *table, fixes map[int]string) (*rowPlan, error) {
	key := planKey{bp, fmt.Sprint(fixes)}
	if p, ok := b.plans[key]; ok {
		return p, nil
	}
	p := &rowPlan{table: t, defined: bp.Fill != nil, fixes: fixes}
	if !bp.isRecord() {
		var err error
		if p.binding, err = bind(layoutOf(bp.Type), t); err != nil {
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
func (p *rowPlan) probe(bp *Definition) (covered []int) {
	if bp.Fill == nil || p.binding == nil {
		return nil
	}
	row := reflect.New(bp.rowType())
	bp.Fill(row.Interface(), fake.New(0, bp.Table, fake.Epoch))
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
