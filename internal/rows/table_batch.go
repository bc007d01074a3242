package rows

import (
	"context"
	"fmt"
	"slices"
)

// tableBatch is rows of one table in a bulk load: new rows to make or, where existing is
// true, rows of the database that serve as parents. Rows are identified by their index,
// from 0. They are in the order of their tenants.
type tableBatch struct {
	table       *table
	definition  *Definition  // of new rows
	options     *callOptions // of the volume
	size        int64        // number of rows
	firstNumber int64        // row number of the first new row
	requested   bool         // the plan asks for them; otherwise they are needed as parents
	existing    bool         // rows of the database
	written     bool         // its new rows are written
	distributed bool         // distribute has been called
	onlyRow     *parentRow   // of existing rows, the one that the caller gave with In; nil: all
	// childlessFor is an exclusive reference: of the existing rows, only those count that no
	// row references by it. nil: all count.
	childlessFor *reference

	tenants         *tableBatch        // the tenants of the rows; nil: the rows have none
	tenantSpans     []int64            // by index of the tenant: where its rows begin; last, the size
	parentChoices   []*parentChoice    // one for each reference, or polymorphic pair, that needs a parent
	keyCombinations []*keyCombination  // the unique keys that these choices decide
	overridden      map[int]bool       // by column: an option has set it
	fixedValues     map[int]any        // by column: a value that all rows have
	keyColumns      map[int]*keyColumn // by column: the values that rows of other tables reference

	subtypeBatches map[string]*tableBatch // of a base: the rows of its subtypes' tables, by discriminator
	baseBatch      *tableBatch            // of a subtype: the rows of its base
	discriminator  string                 // of a subtype: its value in the base
	baseRows       []int64                // of a subtype: the indexes of its rows' bases

	rowsByValue    map[int]map[any][]int64 // see rowsWith
	lateReferences []lateReference         // set when all rows are written
}

// addParents adds the parents of a batch to the load, then the batch itself to the order.
// chain leads from a requested batch to this one.
func (load *bulkLoad) addParents(ctx context.Context, tb *tableBatch, chain []*tableBatch) error {
	if slices.Contains(load.order, tb) || slices.Contains(chain, tb) {
		return nil
	}
	chain = append(slices.Clip(chain), tb)
	if tb.options == nil {
		tb.options = &callOptions{schema: load.schema}
	}
	if len(tb.options.associations) > 0 {
		load.order = append(load.order, tb) // placeByAssociations finds its parents
		return load.addSubtypes(ctx, tb, chain)
	}
	for i, ref := range tb.table.references {
		if ref.neverSet || tb.baseBatch != nil && ref.parent == tb.baseBatch.table && len(ref.discriminators) > 0 {
			continue
		}
		if tb.existing && !ref.toTenant || tb.isOverridden(ref) {
			continue
		}
		if ref.pair != nil && slices.ContainsFunc(tb.table.references[:i], func(o *reference) bool { return o.pair == ref.pair }) {
			continue
		}
		if err := load.addChoice(ctx, tb, ref, chain); err != nil {
			return err
		}
	}
	if !slices.Contains(load.order, tb) {
		load.order = append(load.order, tb)
	}
	return load.addSubtypes(ctx, tb, chain)
}

// inspectOverrides applies Set to an example row, to see which reference columns it sets.
func (load *bulkLoad) inspectOverrides(tb *tableBatch) error {
	if len(tb.options.overrides) == 0 {
		return nil
	}
	b := load.newBatch()
	r, err := b.newRow(tb.definition, tb.table, 0, nil)
	if err != nil {
		return err
	}
	for _, override := range tb.options.overrides {
		override(r.structValue.Addr().Interface())
	}
	if err := r.readFields(); err != nil {
		return err
	}
	tb.overridden = map[int]bool{}
	for _, c := range tb.table.columns {
		tb.overridden[c.index] = c.inReference && r.isSet[c.index]
	}
	return nil
}

// isOverridden reports whether Set has set all columns that only this reference decides.
func (tb *tableBatch) isOverridden(ref *reference) bool {
	for _, c := range ref.ownColumns {
		if !tb.overridden[c] {
			return false
		}
	}
	return true
}

// addChoice adds the parents that a reference, or its polymorphic pair, may lead to. It
// adds none where the reference stays NULL.
func (load *bulkLoad) addChoice(ctx context.Context, tb *tableBatch, ref *reference, chain []*tableBatch) error {
	c := &parentChoice{cellName: tb.table.columns[ref.ownColumns[0]].name + " →"}
	candidates := []*reference{ref}
	if ref.pair != nil {
		candidates = slices.DeleteFunc(slices.Clone(tb.table.references), func(o *reference) bool { return o.pair != ref.pair })
	}
	for _, candidate := range candidates {
		if p := load.batches[candidate.parent]; p != nil && p.baseBatch == nil && (candidate.parent != tb.table || !ref.optional) {
			c.references, c.parents = append(c.references, candidate), append(c.parents, p)
		}
	}
	c.optional = ref.optional
	if len(c.parents) == 0 && ref.optional {
		return nil
	}
	if load.isLate(tb, ref, c.parents, chain) {
		load.addLate(tb, ref)
		return nil
	}
	if ref.optional && slices.ContainsFunc(c.parents, func(p *tableBatch) bool {
		return ref.exclusive || slices.Contains(chain, p) || p != tb && !load.mayDisableTriggers && p.table.requiresRowsOf(tb.table)
	}) {
		return nil // of a pair, or one to one
	}
	if len(c.parents) == 0 && tb.existing {
		p := &tableBatch{table: ref.parent, existing: true} // existing rows have existing tenants
		load.batches[ref.parent] = p
		c.references, c.parents = []*reference{ref}, []*tableBatch{p}
	}
	if len(c.parents) == 0 {
		p, used, err := load.planMissingParents(ctx, tb, candidates)
		if err != nil {
			return err
		}
		c.references, c.parents = []*reference{used}, []*tableBatch{p}
	}
	for _, p := range c.parents {
		if err := load.addParents(ctx, p, chain); err != nil {
			return err
		}
		if p.options != nil && len(p.options.associations) > 0 {
			return fmt.Errorf("%s: its parents, %s, are placed by On or By: place it as well, or fill it in a plan of its own", tb.table.name, p.table.name)
		}
	}
	if !ref.toTenant || ref.exclusive { // distribute decides the tenant of each row
		tb.parentChoices = append(tb.parentChoices, c)
	}
	return nil
}

// requiresRowsOf reports whether a row of t cannot exist without a row of other.
func (t *table) requiresRowsOf(other *table) bool {
	seen := map[*table]bool{}
	var reach func(*table) bool
	reach = func(t *table) bool {
		if seen[t] {
			return false
		}
		seen[t] = true
		return slices.ContainsFunc(t.references, func(ref *reference) bool { return !ref.optional && (ref.parent == other || reach(ref.parent)) })
	}
	return reach(t)
}

// addSubtypes adds a batch for the table of each subtype. Its rows follow from those of the
// base.
func (load *bulkLoad) addSubtypes(ctx context.Context, tb *tableBatch, chain []*tableBatch) error {
	inherits, ok := load.schema.model.Inherits(tb.table.name)
	if !ok || tb.existing {
		return nil
	}
	tb.subtypeBatches = map[string]*tableBatch{}
	for _, sub := range inherits.Subtypes {
		if sub.Table == "" {
			continue
		}
		t, err := load.schema.table(sub.Table)
		if err != nil {
			return err
		}
		child := load.batches[t]
		if child == nil {
			if child, err = load.newParentBatch(t, tb.definition.definitionFor(load.schema, t)); err != nil {
				return err
			}
			load.batches[t] = child
		}
		child.baseBatch, child.discriminator = tb, sub.Value
		tb.subtypeBatches[sub.Value] = child
		if err := load.addParents(ctx, child, chain); err != nil {
			return err
		}
	}
	return nil
}
