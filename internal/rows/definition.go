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
	// Type of a row, a struct. nil: Record.
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

func (d *Definition) isRecord() bool { return d.Type == nil }

// rowType is the type of a row.
func (d *Definition) rowType() reflect.Type {
	if d.Type == nil {
		return recordType
	}
	return d.Type
}

// definitionFor finds the factory that makes parents or children for a table: one that this
// one names, or the plain one that needs no struct.
func (d *Definition) definitionFor(s *schema, t *table) *Definition {
	if d.Parents != nil {
		for _, other := range d.Parents() {
			if found, err := s.table(other.Table); err == nil && found == t {
				return other
			}
		}
	}
	if own, err := s.table(d.Table); err == nil && own == t {
		return &Definition{Table: d.Table, Type: d.Type, Fill: d.Fill, Parents: d.Parents}
	}
	return &Definition{Table: t.name, Parents: d.Parents}
}

// newRow makes the row before anything is said about it: constant defaults where
// Postgres has them, so that an option's false differs from no word at all; made-up
// values where the column needs one; then the definition.
func (b *batch) newRow(def *Definition, t *table, number int64, discriminators map[int]string) (*row, error) {
	r := &row{table: t, definition: def, number: number, value: reflect.New(def.rowType()).Elem(),
		values: make([]any, len(t.columns)), isSet: make([]bool, len(t.columns)),
		origins: map[int]Path{}, tenantsThroughParents: map[string]tenantOrigin{}, hasSubtypeRow: map[*table]bool{}}
	cells := b.cells(t.name)
	cells.At(number)
	if def.isRecord() {
		recordOf(r.value).Table = t.name
	}
	var err error
	if r.maker, err = b.rowMaker(def, t, discriminators); err != nil {
		return nil, err
	}
	if err := r.maker.prepareRow(r, cells); err != nil {
		return nil, err
	}
	if err := r.setDiscriminators(discriminators); err != nil {
		return nil, err
	}
	if def.Fill != nil {
		def.Fill(r.value.Addr().Interface(), cells)
	}
	return r, nil
}

// rowMaker is what begin does for every row of a table made by one definition.
type rowMaker struct {
	binding          *binding // nil for Records
	table            *table
	hasFill          bool
	fillsOptional    bool // columns that rows may do without are filled as well
	discriminators   map[int]string
	constantDefaults []*column
	inferred         []inferrer
}

type rowMakerKey struct {
	definition     *Definition
	discriminators string
}

type inferrer struct {
	column *column
	infer  func(*fake.Value) any
}

func (b *batch) rowMaker(def *Definition, t *table, discriminators map[int]string) (*rowMaker, error) {
	key := rowMakerKey{def, fmt.Sprint(discriminators)}
	if maker, ok := b.rowMakers[key]; ok {
		return maker, nil
	}
	if err := t.checkPartitions(); err != nil {
		return nil, err
	}
	maker := &rowMaker{table: t, hasFill: def.Fill != nil, fillsOptional: b.fillOptional && def.isRecord() && def.Fill == nil, discriminators: discriminators}
	if !def.isRecord() {
		var err error
		if maker.binding, err = bind(layoutOf(def.Type), t); err != nil {
			return nil, err
		}
	}
	covered := maker.filledByDefinition(def)
	for _, c := range t.columns {
		infer := maker.inferrerOf(c)
		switch {
		case c.mayLackReference: // made when it is known that no parent has it
		case infer != nil && !slices.Contains(covered, c.index):
			maker.inferred = append(maker.inferred, inferrer{c, infer})
		case c.hasConstantDefault && c.Writable() && maker.binding != nil && maker.binding.fieldByColumn[c.index] >= 0:
			maker.constantDefaults = append(maker.constantDefaults, c)
		}
	}
	b.rowMakers[key] = maker
	return maker, nil
}

// inferrerOf of a column that needs a value and may not get one, or nil. What a search has
// found is for tables without a definition, which would know better.
func (maker *rowMaker) inferrerOf(c *column) func(*fake.Value) any {
	if found := c.solved.matching(maker.discriminators); found != nil && !maker.hasFill {
		return func(v *fake.Value) any { return found.value(v, c.index) }
	}
	if c.isInferred() {
		return inferValue(c)
	}
	if maker.fillsOptional {
		return c.optionalValue()
	}
	return nil
}

// filledByDefinition runs the definition on an empty row to see which columns it makes, so that
// they are not made twice.
func (maker *rowMaker) filledByDefinition(def *Definition) (covered []int) {
	if def.Fill == nil || maker.binding == nil {
		return nil
	}
	row := reflect.New(def.rowType())
	def.Fill(row.Interface(), fake.New(0, def.Table, fake.Epoch))
	for _, f := range maker.binding.fields {
		if !row.Elem().FieldByIndex(f.index).IsZero() {
			covered = append(covered, f.column.index)
		}
	}
	return covered
}

func (maker *rowMaker) prepareRow(r *row, cells *fake.Cells) error {
	for _, c := range maker.constantDefaults {
		if err := maker.binding.storeField(r.value, c.index, c.constantDefault); err != nil {
			return fmt.Errorf("default of %s: %w", c.name, err)
		}
	}
	for _, inferred := range maker.inferred {
		if err := r.setField(inferred.column.index, inferred.infer(cells.Of(inferred.column.name))); err != nil {
			return err
		}
	}
	return nil
}
