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
	for _, c := range tb.parentChoices {
		for _, ref := range c.references {
			if ref.pair != nil || ref.Declared == nil || ref.parent == tb.table || slices.ContainsFunc(ref.childColumns, func(col int) bool { return tb.overridden[col] }) {
				continue
			}
			if claim, ok := tb.tenantClaim(ref); ok {
				all = append(all, claim)
			}
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
		theirs := g.TenantSQL(ref.parent.graphTable, "p", level)
		mine := tb.tenantSQL(level, ref)
		if len(theirs) == 0 || len(theirs) != len(mine) {
			continue
		}
		if ref.toTenant || slices.ContainsFunc(tb.table.graphTable.ForeignKeys, func(fk *graph.ForeignKey) bool {
			return fk.Name == ref.Declared.Name && fk.To != nil && fk.StaysWithin(level)
		}) {
			return Claim{}, false
		}
		match := func(p string) string {
			var parts []string
			for i, col := range ref.childColumns {
				parts = append(parts, fmt.Sprintf("%s.%s = c.%s", p, catalog.Ident(ref.parent.columns[ref.parentColumns[i]].name), catalog.Ident(tb.table.columns[col].name)))
			}
			for i, key := range g.TenantSQL(ref.parent.graphTable, p, level) {
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

// tenantSQL gives the key of the tenant of the row c at a level: as the Model says it, or
// that of a parent which the row requires, other than by ref.
func (tb *tableBatch) tenantSQL(level string, ref *reference) []string {
	g := tb.table.schema.graph
	if key := g.TenantSQL(tb.table.graphTable, "c", level); key != nil || tb.tenants == nil {
		return key
	}
	for _, c := range tb.parentChoices {
		other := c.references[0]
		if c.optional || len(c.references) > 1 || other == ref {
			continue
		}
		var key []string
		for _, expr := range g.TenantSQL(other.parent.graphTable, "required", level) {
			var on []string
			for i, col := range other.childColumns {
				on = append(on, fmt.Sprintf("required.%s = c.%s", catalog.Ident(other.parent.columns[other.parentColumns[i]].name), catalog.Ident(tb.table.columns[col].name)))
			}
			key = append(key, fmt.Sprintf("(select %s from %s required where %s)", expr, other.parent.relation.Ident(), strings.Join(on, " and ")))
		}
		if key != nil {
			return key
		}
	}
	return nil
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
