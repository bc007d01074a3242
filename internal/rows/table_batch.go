package rows

import (
	"context"
	"fmt"
	"slices"
)

// tableBatch is the rows of one table that a bulk load makes, or finds and uses as parents.
type tableBatch struct {
	table       *table
	definition  *Definition
	options     *callOptions
	size        int64
	firstNumber int64 // number of the first row
	requested   bool
	existing    bool // rows that the database had before
	written     bool // its rows are written
	distributed bool
	onlyRow     *parentRow // of those, this one alone
	// childlessFor is the reference whose parents have one child each: of rows that were there,
	// those without one.
	childlessFor *reference

	tenants       *tableBatch // the tenants that rows are spread over; nil: none
	tenantSpans   []int64     // where each tenant's rows begin, and the end
	parentChoices []*parentChoice
	overridden    map[int]bool       // references that an option has decided
	fixedValues   map[int]any        // columns that all rows have in common
	keyColumns    map[int]*keyColumn // of columns that other batches' rows need

	subtypeBatches map[string]*tableBatch // the subtypes' batches, by discriminator
	baseBatch      *tableBatch            // of a subtype's set
	discriminator  string                 // its discriminator
	baseRows       []int64                // which rows of the base it has a row for

	rowsByValue map[int]map[any][]int64 // see rowsWith
}

// addParents makes sure that every reference of a table batch's rows finds a table batch, and puts
// batches in order: parents first.
func (load *bulkLoad) addParents(ctx context.Context, tb *tableBatch, chain []*tableBatch) error {
	if slices.Contains(load.order, tb) || slices.Contains(chain, tb) {
		return nil
	}
	chain = append(slices.Clip(chain), tb)
	if tb.options == nil {
		tb.options = &callOptions{schema: load.schema}
	}
	if len(tb.options.associations) > 0 {
		load.order = append(load.order, tb) // placed: Create's resolution finds its parents
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

// inspectOverrides finds out which references the options decide, on an example row.
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
		override(r.value.Addr().Interface())
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

// isOverridden reports whether options leave a reference nothing to say.
func (tb *tableBatch) isOverridden(ref *reference) bool {
	for _, c := range ref.ownColumns {
		if !tb.overridden[c] {
			return false
		}
	}
	return true
}

// addChoice finds the batches that a reference may lead to.
func (load *bulkLoad) addChoice(ctx context.Context, tb *tableBatch, ref *reference, chain []*tableBatch) error {
	c := &parentChoice{cellName: tb.table.columns[ref.ownColumns[0]].name + " →"}
	candidates := []*reference{ref}
	if ref.pair != nil {
		candidates = slices.DeleteFunc(slices.Clone(tb.table.references), func(o *reference) bool { return o.pair != ref.pair })
	}
	for _, o := range candidates {
		if p := load.batches[o.parent]; p != nil && p.baseBatch == nil && (o.parent != tb.table || !ref.optional) {
			c.references, c.parents = append(c.references, o), append(c.parents, p)
		}
	}
	c.optional = ref.optional
	if ref.optional && !load.mayDisableTriggers && slices.ContainsFunc(c.parents, func(p *tableBatch) bool { return p != tb && p.table.requiresRowsOf(tb.table) }) {
		return nil // NULL: rows of the parent come after these, and references are checked at once
	}
	if len(c.parents) == 0 && ref.optional {
		return nil
	}
	if ref.optional && (ref.exclusive || slices.ContainsFunc(chain, func(p *tableBatch) bool { return slices.Contains(c.parents, p) })) {
		return nil
	}
	if len(c.parents) == 0 && tb.existing {
		p := &tableBatch{table: ref.parent, existing: true} // rows that are there belong to rows that are there
		load.batches[ref.parent] = p
		c.references, c.parents = []*reference{ref}, []*tableBatch{p}
	}
	if len(c.parents) == 0 {
		p, o, err := load.planMissingParents(ctx, tb, candidates)
		if err != nil {
			return err
		}
		c.references, c.parents = []*reference{o}, []*tableBatch{p}
	}
	for _, p := range c.parents {
		if err := load.addParents(ctx, p, chain); err != nil {
			return err
		}
		if p.options != nil && len(p.options.associations) > 0 {
			return fmt.Errorf("%s: its parents, %s, are placed by On or By: place it as well, or fill it in a plan of its own", tb.table.name, p.table.name)
		}
	}
	if !ref.toTenant || ref.exclusive { // a tenant's columns follow from how rows are spread
		tb.parentChoices = append(tb.parentChoices, c)
	}
	return nil
}

// requiresRowsOf reports whether rows of a table cannot be without rows of another one.
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

// addSubtypes adds a table batch for each subtype's table: its rows follow from the base's.
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
