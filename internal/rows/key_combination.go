package rows

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/fake"
)

// keyCombination is a unique key that references alone decide, such as that of a join
// table. Its rows count through the combinations of their parents.
type keyCombination struct {
	choices       []int            // indexes of the batch's parentChoices
	withTenant    bool             // the tenant is part of the key
	acrossTenants bool             // the rows of all tenants share the combinations
	takenKeys     map[string]bool  // keys of existing rows; nil: none can be taken
	usedByTenant  map[string]int64 // number of existing rows, by the tenant's key
}

// addCombination notes a unique key that references alone decide. keys is the number of the
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
		at := slices.IndexFunc(tb.parentChoices, func(o *parentChoice) bool {
			return len(o.references) == 1 && !o.optional && slices.Contains(o.references[0].ownColumns, c.index)
		})
		if at < 0 {
			return
		}
		if !slices.Contains(combination.choices, at) {
			combination.choices = append(combination.choices, at)
		}
	}
	if len(columns) < keys || len(combination.choices) == 0 || len(combination.choices) == 1 && !combination.withTenant {
		return
	}
	for _, at := range combination.choices {
		c := tb.parentChoices[at]
		if c.combination != nil || c.sharesColumns || len(c.references[0].discriminators) > 0 || c.references[0].exclusive && !tb.isSharedAcrossTenants(c.references[0]) {
			return
		}
	}
	combination.acrossTenants = tb.tenants == nil
	for _, at := range combination.choices {
		tb.parentChoices[at].combination = combination
	}
}

// assignCombinations picks the parents of each keyCombination: the next combination that is
// not taken.
func (g *generator) assignCombinations(inTenant int64) {
	for _, c := range g.batch.parentChoices {
		combination := c.combination
		if combination == nil || g.batch.parentChoices[combination.choices[0]] != c {
			continue
		}
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

// combination picks the parents of combination number. Each parent is shifted by the one
// before it, and the first by the tenant, so that children spread over all parents.
func (g *generator) combination(combination *keyCombination, number int64) {
	before := int64(0)
	for n, at := range combination.choices {
		c := g.batch.parentChoices[at]
		lo, hi, _ := g.batch.parentRange(c.parents[0], g.tenant)
		size := max(hi-lo, 1)
		if n == 0 && !combination.acrossTenants {
			before = int64(fake.Derive(uint64(g.tenant), c.cellName) % uint64(size))
		}
		before = (number%size + before) % size
		number /= size
		g.picked[at] = pickedParent{0, lo + before}
	}
}

// keyOf returns the key of the combination that is picked, in the form of takenKeys.
func (g *generator) keyOf(combination *keyCombination) string {
	key := g.batch.tenantKeyText(combination, g.tenant)
	for _, at := range combination.choices {
		ref, p := g.batch.parentChoices[at].references[0], g.picked[at]
		for i, column := range ref.parentColumns {
			if slices.Contains(ref.ownColumns, ref.childColumns[i]) {
				key += keyText(ref.parent.columns[column], g.batch.parentChoices[at].parents[0].keyColumns[column].at(p.index)) + "\x00"
			}
		}
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
	for _, c := range tb.parentChoices {
		made := func(at int) bool { return !tb.parentChoices[at].parents[0].existing }
		if c.combination == nil || c.combination.takenKeys != nil || slices.ContainsFunc(c.combination.choices, made) {
			continue
		}
		if err := load.loadCombinations(ctx, tb, c.combination); err != nil {
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
		ref := tb.parentChoices[at].references[0]
		for _, col := range ref.childColumns {
			if slices.Contains(ref.ownColumns, col) {
				cols = append(cols, tb.table.columns[col])
			}
		}
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
		lo, hi, known := tb.parentRange(tb.parentChoices[at].parents[0], tenant)
		if !known {
			return 0, false
		}
		if hi > lo && n > math.MaxInt64/8/(hi-lo) {
			n = math.MaxInt64 / 8
		} else {
			n *= hi - lo
		}
	}
	return max(n-combination.usedByTenant[tb.tenantKeyText(combination, tenant)], 0), true
}
