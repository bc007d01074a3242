package audit

import (
	"fmt"
	"slices"
	"strings"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/report"
	"github.com/qarion/seedbed/internal/sqltext"
)

// aggregates checks tables that are written per tenant and read across them.
func (a *audit) aggregates() error {
	for _, s := range a.subjects {
		if s.agg == nil {
			a.undeclared(s)
			continue
		}
		a.aggregateKey(s)
		if !hasLeading(s.rel, s.agg.AcrossColumns) {
			a.find(report.Finding{Rule: "aggregate-index", Object: s.name + "." + s.agg.AcrossColumns[0],
				Message: fmt.Sprintf("no index of %s leads with %s: reading across the %ss of one %s scans all", s.name, tuple(s.agg.AcrossColumns), s.agg.Tenant, s.agg.Across),
				Fix:     indexBy(s.rel, s.agg.AcrossColumns)})
		}
		for _, role := range a.roles.across {
			a.aggregatePredicate(s, role)
		}
	}
	return nil
}

// undeclared reports tables that carry two levels of one line, without being declared.
func (a *audit) undeclared(s *subject) {
	if s.tenant != "" || !a.usesRLS {
		return // no role reads across tenants here
	}
	for _, inner := range s.scopes {
		for _, outer := range s.scopes {
			if a.isAbove(outer.Tenant, inner.Tenant) {
				a.find(report.Finding{Rule: "aggregate-undeclared", Cause: "aggregates undeclared", Object: s.name,
					Message: fmt.Sprintf("%s carries %s and %s, and is not declared an aggregate", s.name, inner.Tenant, outer.Tenant),
					Fix:     "declare it an aggregate of the Model, so that the roles that read it across are checked",
					Declare: &report.Declaration{When: "if the " + outer.Tenant + " reads it across", Section: "aggregates", Entries: []report.Entry{{
						{Key: "table", Value: s.name}, {Key: "tenant", Value: inner.Tenant}, {Key: "columns", Value: inner.Columns},
						{Key: "across", Value: outer.Tenant}, {Key: "across_columns", Value: outer.Columns}}}}})
				return
			}
		}
	}
}

// aggregateKey wants the outer tenant to be that of the inner one.
func (a *audit) aggregateKey(s *subject) {
	inner, _ := a.model.Tenant(s.agg.Tenant)
	tenants := a.cat.Table(inner.Table)
	if tenants == nil || inner.Parent != s.agg.Across {
		return
	}
	for _, fk := range s.node.ForeignKeys {
		if fk.To == a.graph.Of(tenants) && fk.Carries(s.agg.Tenant) && fk.Carries(s.agg.Across) {
			return
		}
	}
	a.find(report.Finding{Rule: "aggregate-key", Cause: "aggregates of " + s.agg.Across, Object: s.name + "." + s.agg.AcrossColumns[0],
		Message: fmt.Sprintf("nothing says that the %s of a row of %s is that of its %s", s.agg.Across, s.name, s.agg.Tenant),
		Fix:     addKey(s.rel, slices.Concat(s.agg.Columns, s.agg.AcrossColumns), tenants, slices.Concat(inner.Key, inner.ParentColumns), "")})
}

// aggregatePredicate wants roles that read across to be kept to the outer tenant in
// every way: a restrictive policy, or none of the permissive ones open otherwise.
func (a *audit) aggregatePredicate(s *subject, role *catalog.Role) {
	if !s.rel.RLS || privilege(role, s.rel, "SELECT") == "" {
		return
	}
	outer := []seedbed.Scoped{{Table: s.name, Tenant: s.agg.Across, Columns: s.agg.AcrossColumns}}
	var open, own []string
	for _, p := range s.rel.Policies {
		if !p.Covers("SELECT") || !applies(p, role) {
			continue
		}
		bound := a.bound(sqltext.Tokens(p.Using), s, outer)
		switch {
		case bound && !p.Permissive:
			return
		case bound:
			own = append(own, p.Name)
		case p.Permissive:
			open = append(open, p.Name+": "+p.Using)
		}
	}
	if len(own) > 0 && len(open) == 0 {
		return
	}
	message := fmt.Sprintf("role %s reads %s across, and no policy keeps it to one %s", role.Name, s.name, s.agg.Across)
	if len(own) > 0 {
		message = fmt.Sprintf("role %s reads %s across, and a policy lets it past the predicate on %s", role.Name, s.name, s.agg.AcrossColumns[0])
	}
	fix := fmt.Sprintf("add a policy of %s AS RESTRICTIVE FOR SELECT TO %s that compares %s with the session's %s", s.name, role.Name, strings.Join(s.agg.AcrossColumns, ", "), s.agg.Across)
	if condition := a.ofSession(s.rel, outer); condition != "" {
		fix = fmt.Sprintf("CREATE POLICY %s ON %s AS RESTRICTIVE FOR SELECT TO %s USING (%s)", catalog.Ident(role.Name+"_of_one_"+s.agg.Across), s.rel.Ident(), catalog.Ident(role.Name), condition)
	}
	a.find(report.Finding{Rule: "aggregate-predicate", Object: s.name, Message: message, Evidence: open, Fix: fix})
}
