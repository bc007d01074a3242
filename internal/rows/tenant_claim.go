package rows

import (
	"fmt"
	"slices"
	"strings"

	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/graph"
)

// tenantClaims claims, of each foreign key for which the load has chosen the parents, that it
// leads to a row of the same tenant. What the caller has set or placed is the caller's.
func (tb *tableBatch) tenantClaims() (all []Claim) {
	if len(tb.options.associations) > 0 {
		return nil
	}
	var chosen []*reference
	for _, c := range tb.parentChoices {
		chosen = append(chosen, c.references...)
	}
	for _, late := range tb.lateReferences {
		chosen = append(chosen, late.reference)
	}
	for _, ref := range chosen {
		if ref.pair != nil || ref.Declared == nil || ref.parent == tb.table || slices.ContainsFunc(ref.childColumns, func(col int) bool { return tb.overridden[col] }) {
			continue
		}
		if claim, ok := tb.tenantClaim(ref); ok {
			all = append(all, claim)
		}
	}
	return all
}

// tenantClaim claims that of one reference, at the innermost level at which both rows have a
// tenant. A row that names none has that of a parent which it requires. It returns false
// where the foreign key itself keeps the tenants apart.
func (tb *tableBatch) tenantClaim(ref *reference) (Claim, bool) {
	g := tb.table.schema.graph
	for _, level := range levelsInside(g) {
		theirs := ref.parent.tenantSQL("p", level, nil)
		mine := g.TenantSQL(tb.table.graphTable, "c", level)
		if mine == nil && tb.tenants != nil {
			mine = tb.table.tenantSQL("c", level, ref)
		}
		if len(theirs) == 0 || len(theirs) != len(mine) {
			continue
		}
		if ref.toTenant || slices.ContainsFunc(tb.table.graphTable.ForeignKeys, func(fk *graph.ForeignKey) bool {
			return fk.Name == ref.Declared.Name && fk.To != nil && fk.StaysWithin(level)
		}) {
			return Claim{}, false
		}
		match := func(p string) string {
			parts := []string{ref.matchSQL("c", p)}
			for i, key := range ref.parent.tenantSQL(p, level, nil) {
				parts = append(parts, fmt.Sprintf("%s = %s", key, mine[i]))
			}
			return strings.Join(parts, " and ")
		}
		var applies, columns []string
		for _, col := range ref.childColumns {
			columns = append(columns, tb.table.columns[col].name)
			applies = append(applies, "c."+catalog.Ident(tb.table.columns[col].name)+" is not null")
		}
		for _, key := range mine {
			applies = append(applies, key+" is not null")
		}
		return Claim{Name: "the tenancy of " + strings.Join(columns, ", "), Definition: "as the Model declares it: the row and that of " + ref.parent.name + " belong to one " + level,
			Columns: columns, Description: "the " + level + " of " + ref.parent.name, appliesSQL: strings.Join(applies, " and "), parent: ref.parent.relation.Ident(), matchSQL: match}, true
	}
	return Claim{}, false
}

// tenantSQL gives the key of the tenant, at a level, of the row that an alias stands for: as
// the Model says it or, of a row that names none, that of a parent which the row requires,
// other than by one reference. nil: it has none.
func (t *table) tenantSQL(alias, level string, except *reference) []string {
	if key := t.schema.graph.TenantSQL(t.graphTable, alias, level); key != nil || len(alias) > farthestAlias {
		return key
	}
	for _, ref := range t.references {
		if ref.optional || ref.pair != nil || ref == except || ref.parent == t || ref.parent.graphTable.Tenant != nil {
			continue
		}
		up := alias + "_"
		var key []string
		for _, expr := range ref.parent.tenantSQL(up, level, nil) {
			key = append(key, fmt.Sprintf("(select %s from %s %s where %s)", expr, ref.parent.relation.Ident(), up, ref.matchSQL(alias, up)))
		}
		if key != nil {
			return key
		}
	}
	return nil
}

// farthestAlias is the length of the alias after four steps: tenants are not looked for
// farther away.
const farthestAlias = 4

// matchSQL is the condition that the reference leads from one row to another.
func (ref *reference) matchSQL(child, parent string) string {
	var on []string
	for i, col := range ref.childColumns {
		on = append(on, fmt.Sprintf("%s.%s = %s.%s", parent, catalog.Ident(ref.parent.columns[ref.parentColumns[i]].name), child, catalog.Ident(ref.child.columns[col].name)))
	}
	return strings.Join(on, " and ")
}

// levelsInside returns the names of the levels, those that lie in others first.
func levelsInside(g *graph.Graph) []string {
	var names []string
	for _, t := range g.Model.Tenants {
		names = append(names, t.Name)
	}
	slices.SortStableFunc(names, func(a, b string) int { return len(g.Model.Above(b)) - len(g.Model.Above(a)) })
	return names
}
