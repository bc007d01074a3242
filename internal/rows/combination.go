package rows

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/fake"
)

// keyCombination is a unique key that references decide, and nothing else: a join table's. Rows
// go through the combinations of their parents.
type keyCombination struct {
	choices      []int            // of the set
	tenant       bool             // the tenant is part of the key
	global       bool             // rows of all tenants share the combinations
	takenKeys    map[string]bool  // keys of rows that are there
	usedByTenant map[string]int64 // how many of them each tenant has
}

func (tb *tableBatch) addCombination(columns []string, keys int) {
	j := &keyCombination{}
	for _, name := range columns {
		c := tb.table.columnsByName[name]
		if c == nil {
			return
		}
		if tb.table.isTenantColumn(c.index) {
			j.tenant = true
			continue
		}
		at := slices.IndexFunc(tb.choices, func(o *choice) bool {
			return len(o.references) == 1 && !o.optional && slices.Contains(o.references[0].ownColumns, c.index)
		})
		if at < 0 {
			return
		}
		if !slices.Contains(j.choices, at) {
			j.choices = append(j.choices, at)
		}
	}
	if len(columns) < keys || len(j.choices) == 0 || len(j.choices) == 1 && !j.tenant {
		return
	}
	for _, at := range j.choices {
		c := tb.choices[at]
		if c.combination != nil || c.sharesColumns || len(c.references[0].discriminators) > 0 || c.references[0].exclusive && !tb.isSharedAcrossTenants(c.references[0]) {
			return
		}
	}
	j.global = tb.tenants == nil
	for _, at := range j.choices {
		tb.choices[at].combination = j
	}
}

// assignCombinations takes the next combination of the parents of each key combination.
func (g *generator) assignCombinations(inTenant int64) {
	for _, c := range g.batch.choices {
		j := c.combination
		if j == nil || g.batch.choices[j.choices[0]] != c {
			continue
		}
		number := inTenant
		if j.global {
			number = g.index
		}
		for number += g.skippedCombinations[j]; ; number, g.skippedCombinations[j] = number+1, g.skippedCombinations[j]+1 {
			g.combination(j, number)
			if len(j.takenKeys) == 0 || !j.takenKeys[g.keyOf(j)] {
				break
			}
		}
	}
}

// combination is the parents of a number: each is moved on by the one before it, so
// that children spread, and the first by the tenant.
func (g *generator) combination(j *keyCombination, number int64) {
	before := int64(0)
	for n, at := range j.choices {
		c := g.batch.choices[at]
		lo, hi, _ := g.batch.parentRange(c.parents[0], g.tenant)
		size := max(hi-lo, 1)
		if n == 0 && !j.global {
			before = int64(fake.Derive(uint64(g.tenant), c.cell) % uint64(size))
		}
		before = (number%size + before) % size
		number /= size
		g.parents[at] = parentChoice{0, lo + before}
	}
}

// keyOf is a combination's key, as the rows that are there have it.
func (g *generator) keyOf(j *keyCombination) string {
	key := g.batch.tenantKeyText(j, g.tenant)
	for _, at := range j.choices {
		e, p := g.batch.choices[at].references[0], g.parents[at]
		for i, ref := range e.parentColumns {
			if slices.Contains(e.ownColumns, e.childColumns[i]) {
				key += keyText(e.parent.columns[ref], g.batch.choices[at].parents[0].keys[ref].at(p.index)) + "\x00"
			}
		}
	}
	return key
}

// tenantKeyText is what the tenant gives to a key combination.
func (tb *tableBatch) tenantKeyText(j *keyCombination, p int64) string {
	if !j.tenant || tb.tenants == nil {
		return ""
	}
	key := ""
	for _, name := range tb.table.levels[0].tenant.Key {
		c := tb.tenants.table.columnsByName[name]
		key += keyText(c, tb.tenants.keys[c.index].at(p)) + "\x00"
	}
	return key
}

// loadTakenCombinations reads the key combinations of rows that are there, where all of their parents may
// be parents of those: no key with a new parent is taken.
func (load *bulkLoad) loadTakenCombinations(ctx context.Context, tb *tableBatch) error {
	for _, c := range tb.choices {
		made := func(at int) bool { return !tb.choices[at].parents[0].existing }
		if c.combination == nil || c.combination.takenKeys != nil || slices.ContainsFunc(c.combination.choices, made) {
			continue
		}
		if err := load.loadCombinations(ctx, tb, c.combination); err != nil {
			return err
		}
	}
	return nil
}

func (load *bulkLoad) loadCombinations(ctx context.Context, tb *tableBatch, j *keyCombination) error {
	j.takenKeys, j.usedByTenant = map[string]bool{}, map[string]int64{}
	var cols []*column
	if j.tenant {
		for _, col := range tb.table.levels[0].columns {
			cols = append(cols, tb.table.columns[col])
		}
	}
	tenantCols := len(cols)
	for _, at := range j.choices {
		ref := tb.choices[at].references[0]
		for _, col := range ref.childColumns {
			if slices.Contains(ref.ownColumns, col) {
				cols = append(cols, tb.table.columns[col])
			}
		}
	}
	rows, err := load.tx.Query(ctx, fmt.Sprintf("select %s from %s limit %d", catalog.Idents(namesOf(cols)), tb.table.relation.Ident(), mostKeys))
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
		j.takenKeys[key] = true
		j.usedByTenant[tenant]++
	}
	return rows.Err()
}

// combinations of a key combination's parents in a tenant.
func (tb *tableBatch) combinations(j *keyCombination, p int64) (int64, bool) {
	n := int64(1)
	for _, at := range j.choices {
		lo, hi, known := tb.parentRange(tb.choices[at].parents[0], p)
		if !known {
			return 0, false
		}
		if hi > lo && n > math.MaxInt64/8/(hi-lo) {
			n = math.MaxInt64 / 8
		} else {
			n *= hi - lo
		}
	}
	return max(n-j.usedByTenant[tb.tenantKeyText(j, p)], 0), true
}
