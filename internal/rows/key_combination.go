package rows

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/fake"
)

// keyCombination is a unique key that references and columns of few values decide, such as
// that of a join table, or UNIQUE (tenant_id, provider) with an enum of providers. Its rows
// count through the combinations of their parents and values.
type keyCombination struct {
	choices       []int            // indexes of the batch's parentChoices
	enumerations  []enumeration    // the columns of few values
	withTenant    bool             // the tenant is part of the key
	acrossTenants bool             // the rows of all tenants share the combinations
	takenKeys     map[string]bool  // keys of existing rows; nil: none can be taken
	usedByTenant  map[string]int64 // number of existing rows, by the tenant's key
}

// enumeration is a column of few values.
type enumeration struct {
	column *column
	values []string
}

// enumerationOf returns the values of a column that the rows of the batch may count through;
// false where it has many, or something else decides them.
func (tb *tableBatch) enumerationOf(c *column) (e enumeration, ok bool) {
	if tb.existing || !tb.definition.isRecord() || tb.definition.Fill != nil || len(tb.options.overrides) > 0 || tb.options.hostile || c.inReference || c.isDiscriminator || c.solved != nil || !c.isInferred() {
		return e, false
	}
	e = enumeration{c, slices.Clone(c.rule().choices)}
	if c.baseOID == boolOID && len(e.values) == 0 {
		e.values = []string{"false", "true"}
	}
	if lo, hi, ok := c.integerBounds(); ok && len(e.values) == 0 && hi-lo < fewValues {
		for n := lo; n <= hi; n++ {
			e.values = append(e.values, fmt.Sprint(n))
		}
	}
	e.values = slices.DeleteFunc(e.values, func(s string) bool { return slices.Contains(c.avoidedValues, s) })
	return e, len(e.values) > 0
}

// enumerated returns the enumeration that a keyCombination has made of a column.
func (tb *tableBatch) enumerated(c *column) (e enumeration, ok bool) {
	for _, combination := range tb.keyCombinations {
		for _, e := range combination.enumerations {
			if e.column == c {
				return e, true
			}
		}
	}
	return e, false
}

// addCombination notes a unique key that a keyCombination can decide. keys is the number of the
// index's keys, expressions included.
func (tb *tableBatch) addCombination(columns []string, keys int) {
	combination := &keyCombination{}
	for _, name := range columns {
		c := tb.table.columnsByName[name]
		if c == nil {
			return
		}
		if tb.table.isTenantColumn(c.index) {
			combination.withTenant = true
			continue
		}
		at := slices.IndexFunc(tb.parentChoices, func(o *parentChoice) bool { return !o.optional && o.decides(c, columns) })
		if at < 0 {
			e, ok := tb.enumerationOf(c)
			if _, twice := tb.enumerated(c); !ok || twice {
				return
			}
			combination.enumerations = append(combination.enumerations, e)
			continue
		}
		if !slices.Contains(combination.choices, at) {
			combination.choices = append(combination.choices, at)
		}
	}
	decided := len(combination.choices) + len(combination.enumerations)
	if len(columns) < keys || decided == 0 || decided == 1 && !combination.withTenant {
		return
	}
	for _, at := range combination.choices {
		c := tb.parentChoices[at]
		if c.combination != nil || c.sharesColumns || len(c.references[0].discriminators) > 0 || c.references[0].exclusive && !tb.isSharedAcrossTenants(c.references[0]) {
			return
		}
	}
	combination.acrossTenants = tb.tenants == nil || !combination.withTenant && !slices.ContainsFunc(combination.choices, func(at int) bool {
		return slices.ContainsFunc(tb.parentChoices[at].parents, tb.isConfined)
	})
	tb.keyCombinations = append(tb.keyCombinations, combination)
	for _, at := range combination.choices {
		tb.parentChoices[at].combination = combination
	}
}

// decides reports whether the choice decides a column of a unique key: of a polymorphic
// pair, only where both of its columns belong to the key.
func (o *parentChoice) decides(c *column, key []string) bool {
	ref := o.references[0]
	if ref.pair != nil && !(slices.Contains(key, ref.pair.Type) && slices.Contains(key, ref.pair.ID)) {
		return false
	}
	return slices.Contains(o.keyColumnsOf(ref), c.index)
}

// keyColumnsOf returns the columns that a choice contributes to a keyCombination.
func (o *parentChoice) keyColumnsOf(ref *reference) []int {
	var out []int
	if ref.pair != nil {
		out = append(out, ref.pairTypeColumn)
	}
	for _, col := range ref.childColumns {
		if slices.Contains(ref.ownColumns, col) {
			out = append(out, col)
		}
	}
	return out
}

// assignCombinations picks the parents and values of each keyCombination: the next
// combination that is not taken.
func (g *generator) assignCombinations(inTenant int64) {
	for _, combination := range g.batch.keyCombinations {
		number := inTenant
		if combination.acrossTenants {
			number = g.rowIndex
		}
		for number += g.skippedCombinations[combination]; ; number, g.skippedCombinations[combination] = number+1, g.skippedCombinations[combination]+1 {
			g.combination(combination, number)
			if len(combination.takenKeys) == 0 || !combination.takenKeys[g.keyOf(combination)] {
				break
			}
		}
	}
}

// combination picks the parents and values of combination number. Each parent is shifted by the one
// before it, and the first by the tenant, so that children spread over all parents.
func (g *generator) combination(combination *keyCombination, number int64) {
	before := int64(0)
	for n, at := range combination.choices {
		c := g.batch.parentChoices[at]
		all := int64(0)
		for _, p := range c.parents {
			lo, hi := g.rangeOf(p)
			all += hi - lo
		}
		size := max(all, 1)
		if n == 0 && !combination.acrossTenants {
			before = int64(fake.Derive(uint64(g.tenant), c.cellName) % uint64(size))
		}
		before = (number%size + before) % size
		number /= size
		g.picked[at] = g.parentAt(c, before)
	}
	for _, e := range combination.enumerations {
		size := int64(len(e.values))
		before = (number%size + before) % size
		number /= size
		g.pickedValues[e.column.index] = e.values[before]
	}
}

// parentAt returns a choice's parent by its number among those of all its references.
func (g *generator) parentAt(c *parentChoice, number int64) pickedParent {
	for k := range c.references {
		lo, hi := g.rangeOf(c.parents[k])
		if number < hi-lo || k == len(c.references)-1 {
			return pickedParent{reference: k, index: lo + number}
		}
		number -= hi - lo
	}
	return pickedParent{}
}

// countParents returns how many parents a choice has in a tenant; false where that is not
// known yet.
func (tb *tableBatch) countParents(c *parentChoice, tenant int64) (n int64, known bool) {
	for _, p := range c.parents {
		lo, hi, known := tb.parentRange(p, tenant)
		if !known {
			return 0, false
		}
		n += hi - lo
	}
	return n, true
}

// keyOf returns the key of the combination that is picked, in the form of takenKeys.
func (g *generator) keyOf(combination *keyCombination) string {
	key := g.batch.tenantKeyText(combination, g.tenant)
	for _, at := range combination.choices {
		p := g.picked[at]
		ref := g.batch.parentChoices[at].references[p.reference]
		if ref.pair != nil {
			key += ref.pairType + "\x00"
		}
		for i, column := range ref.parentColumns {
			if slices.Contains(ref.ownColumns, ref.childColumns[i]) {
				key += keyText(ref.parent.columns[column], g.batch.parentChoices[at].parents[p.reference].keyColumns[column].at(p.index)) + "\x00"
			}
		}
	}
	for _, e := range combination.enumerations {
		key += g.pickedValues[e.column.index] + "\x00"
	}
	return key
}

// tenantKeyText returns the tenant's part of a combination's key.
func (tb *tableBatch) tenantKeyText(combination *keyCombination, tenant int64) string {
	if !combination.withTenant || tb.tenants == nil {
		return ""
	}
	key := ""
	for _, name := range tb.table.levels[0].tenant.Key {
		c := tb.tenants.table.columnsByName[name]
		key += keyText(c, tb.tenants.keyColumns[c.index].at(tenant)) + "\x00"
	}
	return key
}

// loadTakenCombinations reads the keys of existing rows for each keyCombination whose
// parents are all existing rows: with a new parent no key is taken.
func (load *bulkLoad) loadTakenCombinations(ctx context.Context, tb *tableBatch) error {
	for _, combination := range tb.keyCombinations {
		made := func(at int) bool {
			return !slices.ContainsFunc(tb.parentChoices[at].parents, func(p *tableBatch) bool { return p.existing })
		}
		if slices.ContainsFunc(combination.choices, made) {
			continue
		}
		if err := load.loadCombinations(ctx, tb, combination); err != nil {
			return err
		}
	}
	return nil
}

// loadCombinations reads the keys of existing rows, at most mostExistingKeys.
func (load *bulkLoad) loadCombinations(ctx context.Context, tb *tableBatch, combination *keyCombination) error {
	combination.takenKeys, combination.usedByTenant = map[string]bool{}, map[string]int64{}
	var cols []*column
	if combination.withTenant {
		for _, col := range tb.table.levels[0].columns {
			cols = append(cols, tb.table.columns[col])
		}
	}
	tenantCols := len(cols)
	for _, at := range combination.choices {
		c := tb.parentChoices[at]
		for _, col := range c.keyColumnsOf(c.references[0]) {
			cols = append(cols, tb.table.columns[col])
		}
	}
	for _, e := range combination.enumerations {
		cols = append(cols, e.column)
	}
	rows, err := load.tx.Query(ctx, fmt.Sprintf("select %s from %s limit %d", catalog.Idents(namesOf(cols)), tb.table.relation.Ident(), mostExistingKeys))
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		values, err := rows.Values()
		if err != nil {
			return err
		}
		key, tenant := "", ""
		for i, c := range cols {
			key += keyText(c, values[i]) + "\x00"
			if i == tenantCols-1 {
				tenant = key
			}
		}
		combination.takenKeys[key] = true
		combination.usedByTenant[tenant]++
	}
	return rows.Err()
}

// combinations returns how many combinations a tenant has left.
func (tb *tableBatch) combinations(combination *keyCombination, tenant int64) (int64, bool) {
	n := int64(1)
	for _, at := range combination.choices {
		parents, known := tb.countParents(tb.parentChoices[at], tenant)
		if !known {
			return 0, false
		}
		if parents > 0 && n > math.MaxInt64/8/parents {
			n = math.MaxInt64 / 8
		} else {
			n *= parents
		}
	}
	for _, e := range combination.enumerations {
		n = min(n, math.MaxInt64/8/int64(len(e.values))) * int64(len(e.values))
	}
	return max(n-combination.usedByTenant[tb.tenantKeyText(combination, tenant)], 0), true
}
