package audit

import (
	"fmt"

	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/graph"
	"github.com/qarion/seedbed/internal/report"
)

// lead is a way from a row t of a table to a row of a tenant's.
type lead struct {
	to    *graph.Table
	name  string                    // by which a finding knows it
	match func(alias string) string // the condition that t leads to the row that alias stands for
	pair  *graph.Pair               // of which it is one of the ways, or nil
}

// joinedTenants finds rows of no tenant of their own that join rows of two. That most rows do
// is what such a table may be for.
func (a *audit) joinedTenants() error {
	for _, t := range a.graph.Tables {
		if t.HasTenant() || t.Relation.Bookkeeping() {
			continue
		}
		leads := a.leadsOf(t)
		for i, first := range leads {
			for _, second := range leads[i+1:] {
				if first.pair != nil && first.pair == second.pair {
					continue
				}
				if err := a.joinedBy(t, first, second); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// leadsOf are the references of a table to rows of tenants, whether foreign keys hold them or
// not, and those of its pairs.
func (a *audit) leadsOf(t *graph.Table) (out []lead) {
	for _, fk := range t.ForeignKeys {
		if fk.To.HasTenant() {
			out = append(out, lead{to: fk.To, name: fk.Name, match: func(alias string) string { return equal(cols(alias, fk.RefColumns), cols("t", fk.Columns)) }})
		}
	}
	for _, u := range a.followed {
		if u.table == t && u.target.HasTenant() {
			out = append(out, lead{to: u.target, name: u.columns[len(u.columns)-1].Name, match: u.leads})
		}
	}
	for _, p := range t.Pairs {
		for _, ref := range p.Targets {
			if ref.To.HasTenant() {
				out = append(out, lead{to: ref.To, name: p.ID, pair: p, match: func(alias string) string {
					id, key := graph.Comparable(p.IDColumn, ref.Key[0], "t", alias)
					return fmt.Sprintf("%s::text = %s AND %s = %s", col("t", p.Type), catalog.Literal(ref.Type), key, id)
				}})
			}
		}
	}
	return out
}

func (a *audit) joinedBy(t *graph.Table, first, second lead) error {
	for _, level := range a.shared(first.to.Relation, second.to.Relation) {
		mine, theirs := a.tenantOf(first.to.Relation, "u", level), a.tenantOf(second.to.Relation, "v", level)
		if len(mine) != len(theirs) {
			continue
		}
		join := fmt.Sprintf("EXISTS (SELECT FROM %s u, %s v WHERE %s AND %s AND ", first.to.Relation.Ident(), second.to.Relation.Ident(), first.match("u"), second.match("v"))
		apart := join + "NOT (" + equal(mine, theirs) + "))"
		var within int64
		n, rows, err := a.offenders(t.Relation, apart, nil)
		if err == nil && n > 0 {
			err = a.scalar(fmt.Sprintf("SELECT count(*) FROM %s t WHERE %s%s)", t.Relation.Ident(), join, equal(mine, theirs)), &within)
		}
		if err != nil {
			return a.hidden(t.Relation, err)
		}
		if n == 0 || within < n && first.to == second.to {
			continue
		}
		f := report.Finding{Rule: "reference-crosses", Severity: report.Risk, Object: t.Name + "." + second.name, Rows: n, Sample: rows,
			Message: fmt.Sprintf("%s of %s joining a row of %s with a row of %s that belongs to another %s", plural(n, "row"), t.Name, first.to.Name, second.to.Name, level),
			Fix: fmt.Sprintf("correct or delete them, and find the code that wrote them; a column for the %s, which foreign keys to %s carry, prevents new ones",
				level, first.to.Name+" and "+second.to.Name)}
		if within < n {
			f.Severity, f.Fix = report.Advice, "nothing, where rows of two tenants are joined on purpose; otherwise "+f.Fix
		}
		a.find(f)
	}
	return nil
}
