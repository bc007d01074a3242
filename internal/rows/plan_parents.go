package rows

import (
	"context"
	"errors"
	"fmt"
)

// errMoreParents makes Run carry the plan out again, with more parents.
var errMoreParents = errors.New("more parents are needed")

// shortages remembers, from one attempt of a plan to the next, of which parents there were
// too few. Its keys are reference ids.
type shortages struct {
	makeNew    map[string]bool  // make new parents, although there are existing ones
	multiplier map[string]int64 // how many times as many parents as plausibleParents says
	raced      bool             // the plan was tried again because another session may have used its parents
}

// askForMore asks for more parents of a batch. It returns false where the plan itself says
// how many there are.
func (s *shortages) askForMore(short *tableBatch) bool {
	const most = 1 << 20
	grown := false
	need := func(p *tableBatch, name string) {
		switch {
		case p == nil || p.requested:
		case p.existing:
			grown = grown || !s.makeNew[name]
			s.makeNew[name] = true
		case s.multiplier[name] < most:
			s.multiplier[name] = max(s.multiplier[name], 1) * 2
			grown = true
		}
	}
	for _, c := range short.parentChoices {
		if !c.optional {
			need(c.parents[0], c.references[0].id())
		}
	}
	for _, ref := range short.table.references {
		if ref.toTenant && short.tenants != nil && short.tenants.table == ref.parent {
			need(short.tenants, ref.id())
		}
	}
	return grown
}

// id identifies a reference among all tables.
func (ref *reference) id() string { return ref.child.name + ": " + ref.String() }

// planMissingParents returns a batch for parents that the plan does not ask for, with the
// reference to them: existing rows, or else as many new ones as are plausible.
func (load *bulkLoad) planMissingParents(ctx context.Context, tb *tableBatch, candidates []*reference) (parents *tableBatch, to *reference, err error) {
	for _, ref := range candidates {
		if p, err := load.existingParents(ctx, tb, ref); p != nil || err != nil {
			return p, ref, err
		}
	}
	ref := candidates[0]
	p, err := load.newParentBatch(ref.parent, tb.definition.definitionFor(load.schema, ref.parent))
	if err != nil {
		return nil, nil, err
	}
	for _, other := range tb.table.references {
		if other == ref || other.parent == ref.parent && !other.optional {
			p.size = max(p.size, load.plausibleParents(tb, other)*max(load.shortages.multiplier[other.id()], 1))
		}
	}
	for col, v := range ref.discriminators {
		if p.fixedValues == nil {
			p.fixedValues = map[int]any{}
		}
		p.fixedValues[col] = v
	}
	load.batches[ref.parent] = p
	return p, ref, nil
}

// newParentBatch returns a batch of new rows that the plan does not ask for, with the
// options of their definition.
func (load *bulkLoad) newParentBatch(t *table, def *Definition) (*tableBatch, error) {
	options, err := readOptions(load.schema, def.Options)
	if err != nil {
		return nil, err
	}
	tb := &tableBatch{table: t, definition: def, options: options}
	if err := load.checkBulk(t, def, options); err != nil {
		return nil, err
	}
	return tb, load.inspectOverrides(tb)
}

// mayUseExistingRows reports whether existing rows of a table may be parents: not if they
// belong to tenants and the plan makes new tenants.
func (load *bulkLoad) mayUseExistingRows(t *table) bool {
	var levels []string
	for _, l := range t.levels {
		levels = append(levels, l.tenant.Table)
	}
	for _, level := range t.levelsOfParents() {
		levels = append(levels, level.Table)
	}
	for _, name := range levels {
		if rel := load.schema.cat.Table(name); rel != nil {
			if p := load.batches[load.schema.tables[rel.Root()]]; p != nil && !p.existing {
				return false
			}
		}
	}
	return true
}

// existingParents returns the existing rows of a parent table; nil where there are none, or
// too few.
func (load *bulkLoad) existingParents(ctx context.Context, tb *tableBatch, ref *reference) (*tableBatch, error) {
	if len(ref.discriminators) > 0 || !load.mayUseExistingRows(ref.parent) || load.shortages.makeNew[ref.id()] {
		return nil, nil
	}
	p := &tableBatch{table: ref.parent, existing: true}
	least := int64(1)
	if ref.exclusive && !tb.isSharedAcrossTenants(ref) {
		p.childlessFor, least = ref, tb.size
	}
	conditions := p.unreferencedSQL()
	for _, col := range ref.parentColumns {
		if col >= 0 {
			conditions = append(conditions, ref.parent.columns[col].hasKeySQL()...)
		}
	}
	sql := fmt.Sprintf(`select count(*) from (select from %s t%s limit %d) x`, ref.parent.relation.Ident(), whereSQL(conditions), mostExistingKeys)
	if err := load.tx.QueryRow(ctx, sql).Scan(&p.size); err != nil {
		return nil, err
	}
	if p.size < least {
		return nil, nil
	}
	load.racesForParents = load.racesForParents || ref.exclusive
	load.batches[ref.parent] = p
	return p, nil
}

// plausibleParents returns how many parents the rows of a batch should have on a reference.
func (load *bulkLoad) plausibleParents(tb *tableBatch, ref *reference) int64 {
	switch {
	case len(ref.discriminators) > 0, ref.exclusive && !tb.isSharedAcrossTenants(ref):
		return tb.size
	case ref.toTenant:
		return min(max(tb.size/10, 1), 100)
	case ref.exclusive && len(ref.parent.levels) == 0 && load.manyTenants(tb):
		return max(tb.size/2, 3) // members of several: no tenant has half of the rows
	case ref.exclusive:
		return tb.size
	}
	for _, p := range load.batches {
		if len(ref.parent.levels) > 0 && p.table.name == ref.parent.levels[0].tenant.Table {
			return max(tb.size/20, 3*p.size)
		}
	}
	return max(tb.size/20, 3)
}

// manyTenants reports whether the rows belong to four tenants or more.
func (load *bulkLoad) manyTenants(tb *tableBatch) bool {
	for _, p := range load.batches {
		if len(tb.table.levels) > 0 && p.table.name == tb.table.levels[0].tenant.Table && p.size >= 4 {
			return true
		}
	}
	return false
}
