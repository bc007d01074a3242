package rows

import (
	"context"
	"fmt"
	"reflect"
	"slices"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/internal/fake"
)

// Definition says how the rows of a table are made. Table alone is enough: then a value is
// made up for every required column.
type Definition struct {
	Table string
	// Type is the struct type of a row. nil: Record.
	Type reflect.Type
	// Fill sets fields of a row, to which it gets a pointer. nil: none.
	Fill func(row any, c *fake.Cells)
	// After runs when all rows of the call are in the database.
	After []func(ctx context.Context, db seedbed.DB, row any) error
	// Parents returns the definitions of the tables that the rows reference. It is called
	// when rows are made, so that definitions may name one another. nil: values are made up.
	Parents func() []*Definition
	// Options apply to every row that is made as a parent or child of another one. Create
	// and Plan apply the options that they are given, and not these.
	Options []Option
	// Err says what is wrong with the definition, and fails every call that uses it. nil: nothing.
	Err error
}

func (d *Definition) isRecord() bool { return d.Type == nil }

// rowType is the type of a row.
func (d *Definition) rowType() reflect.Type {
	if d.Type == nil {
		return recordType
	}
	return d.Type
}

// definitionFor returns the definition that makes parents or children in table t: one of
// d.Parents, d itself without its options, or one that has only the table.
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

// newRow makes a row before the call's options are applied. It sets, in this order, the
// column defaults that are constants (so that an option can set false where the default is
// true), made-up values, discriminators, and what the definition's Fill sets.
func (b *batch) newRow(def *Definition, t *table, number int64, discriminators map[int]string) (*row, error) {
	r := &row{table: t, definition: def, number: number, structValue: reflect.New(def.rowType()).Elem(),
		values: make([]any, len(t.columns)), isSet: make([]bool, len(t.columns)),
		origins: map[int]Path{}, tenantsThroughParents: map[string]tenantOrigin{}, hasRowIn: map[*table]bool{}}
	cells := b.cells(t.name)
	cells.At(number)
	if def.isRecord() {
		recordOf(r.structValue).Table = t.name
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
		def.Fill(r.structValue.Addr().Interface(), cells)
	}
	return r, nil
}

// rowMaker says what newRow sets in every row that one definition makes of a table.
type rowMaker struct {
	binding          *binding // nil for Records
	table            *table
	hasFill          bool           // the definition has a Fill
	fillsOptional    bool           // nullable columns get values, too
	discriminators   map[int]string // by column, of a base whose subtype is known
	vocabulary       vocabulary     // the words in rows that are there
	constantDefaults []*column      // columns whose default is a constant
	inferred         []inferrer     // columns whose values are made up
	spans            []span         // among those
}

// rowMakerKey identifies a rowMaker. discriminators is the map's text.
type rowMakerKey struct {
	definition     *Definition
	discriminators string
}

// inferrer makes up the values of one column.
type inferrer struct {
	column *column
	infer  func(*fake.Value) any
}

// rowMaker returns the maker of a definition's rows, which the batch keeps.
func (b *batch) rowMaker(def *Definition, t *table, discriminators map[int]string) (*rowMaker, error) {
	key := rowMakerKey{def, fmt.Sprint(discriminators)}
	if maker, ok := b.rowMakers[key]; ok {
		return maker, nil
	}
	if err := t.checkPartitions(); err != nil {
		return nil, err
	}
	maker := &rowMaker{table: t, hasFill: def.Fill != nil, fillsOptional: b.fillOptional && def.isRecord() && def.Fill == nil, discriminators: discriminators, vocabulary: b.vocabularies[t]}
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
		case c.mayLackReference: // inferMissing makes it, if no reference has set it
		case infer != nil && !slices.Contains(covered, c.index):
			maker.inferred = append(maker.inferred, inferrer{c, infer})
		case c.hasConstantDefault && c.Writable() && maker.binding != nil && maker.binding.fieldByColumn[c.index] >= 0:
			maker.constantDefaults = append(maker.constantDefaults, c)
		}
	}
	maker.spans = maker.findSpans()
	b.rowMakers[key] = maker
	return maker, nil
}

// inferrerOf returns the function that makes values for a column, or nil where none are made
// up. Values that a search has found for CHECKs are used only without a Fill, which may make
// others.
func (maker *rowMaker) inferrerOf(c *column) func(*fake.Value) any {
	if found := c.solved.matching(maker.discriminators); found != nil && !maker.hasFill {
		return func(v *fake.Value) any { return found.value(v, c.index) }
	}
	var infer func(*fake.Value) any
	switch {
	case c.isInferred():
		infer = inferValue(c)
	case maker.fillsOptional:
		infer = c.optionalValue()
	}
	if words := maker.vocabulary[c.index]; len(words) > 0 && infer != nil {
		infer = func(v *fake.Value) any { return v.OneOf(words...) }
		if !c.Required() && !c.isInferred() {
			infer = withNulls(0.8, infer)
		}
	}
	return maker.relatedValue(c, infer)
}

// filledByDefinition runs Fill on an empty row to see which columns it sets, so that no
// values are made up for them.
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

// prepareRow sets the constant defaults and the made-up values of a row.
func (maker *rowMaker) prepareRow(r *row, cells *fake.Cells) error {
	for _, c := range maker.constantDefaults {
		if err := maker.binding.storeField(r.structValue, c.index, c.constantDefault); err != nil {
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
