package audit

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/report"
	"github.com/qarion/seedbed/internal/sqltext"
)

// withoutTenant says that clauses of a policy do not keep to the tenant, and what they rest on.
func (a *audit) withoutTenant(s *subject, p *catalog.Policy, open []clause, accepted []seedbed.Scoped, fix string) {
	f := report.Finding{Rule: "policy-without-tenant", Object: a.name(p.Table) + "." + p.Name, Fix: fix}
	var names []string
	helped, strays := "", ""
	for _, c := range open {
		shown := c.expr
		if shown == "" {
			shown = "(absent, which lets everything through)"
		}
		names, f.Evidence = append(names, c.name), append(f.Evidence, c.name+" "+shown)
		side := a.openSide(s, c, accepted)
		if strays == "" {
			strays = a.strays(s, side, accepted)
		}
		if helper, _ := a.called(side); helper != nil && strays == "" {
			helped = "helper " + signature(helper)
			a.openHelper(helper, p)
		}
		if through := a.readThrough(side); len(through) > 0 && len(a.readers.In(side)) == 0 && !slices.ContainsFunc(through, a.showsOwn) {
			for _, t := range through {
				f.Through = append(f.Through, t.name)
			}
		}
	}
	f.Cause = cmp.Or(helped, "policy "+strings.Join(f.Evidence, " "))
	f.Message = fmt.Sprintf("policy %s of %s, %s for %s, does not keep to the tenant in %s", p.Name, a.name(p.Table), p.Command, strings.Join(p.Roles, ", "), strings.Join(names, " and "))
	f.Message += strays
	if len(f.Through) > 0 && strays == "" {
		f.Message += fmt.Sprintf(": it goes by %s, of which rows of others show", f.Through[0])
	}
	f.Role = a.metThrough(p)
	if level := a.joins(s, open); level != "" {
		f.Severity = report.Breach
		f.Message += fmt.Sprintf(": who may write such a row becomes a member of any %s", level)
	}
	a.find(f)
}

// metThrough is the application's role that meets a policy as a member of a role which passes
// all policies, and not otherwise; "" where there is none.
func (a *audit) metThrough(p *catalog.Policy) (name string) {
	for _, role := range a.roles.app {
		for _, to := range p.Roles {
			switch r := a.cat.Role(to); {
			case !mayAct(role, to):
			case r == nil || r == role || !r.BypassRLS && !r.Super:
				return ""
			default:
				name = role.Name
			}
		}
	}
	return name
}

// joins is the level whose members the rows of a table are, where clauses that do not keep to
// the tenant let the application insert some; else "".
func (a *audit) joins(s *subject, open []clause) string {
	writes := slices.ContainsFunc(open, func(c clause) bool { return slices.Contains(c.writes, "INSERT") })
	may := slices.ContainsFunc(a.roles.app, func(r *catalog.Role) bool { return reachable(r, s.rel, "INSERT") != "" })
	if !writes || !may {
		return ""
	}
	if i := slices.IndexFunc(a.model.Memberships, func(m seedbed.Membership) bool { return m.Table == s.name }); i >= 0 {
		return a.model.Memberships[i].Tenant
	}
	if fk := a.admission(s); fk != nil {
		return catalog.Singular(fk.Ref.Name)
	}
	return ""
}

// openSide is the first of the sides of an OR that lets rows of others through.
func (a *audit) openSide(s *subject, c clause, accepted []seedbed.Scoped) []sqltext.Token {
	tokens := bare(sqltext.Tokens(c.expr))
	for _, side := range sqltext.TopLevel(tokens, "OR") {
		if side = bare(side); !a.boundBy(side, s, accepted, a.ownBy(s, c)) {
			return side
		}
	}
	return tokens
}

// signature names a function as DDL does.
func signature(f *catalog.Function) string { return f.Schema + "." + f.Name + "(" + f.Args + ")" }

// openHelper notes that a policy rests on a function which lets rows of others through.
func (a *audit) openHelper(f *catalog.Function, p *catalog.Policy) {
	if a.resting == nil {
		a.resting = map[*catalog.Function][]string{}
	}
	if name := p.Name + " of " + a.name(p.Table); !slices.Contains(a.resting[f], name) {
		a.resting[f] = append(a.resting[f], name)
	}
}

// helpers are the findings under which those about the policies come that rest on a function.
func (a *audit) helpers() {
	for _, f := range a.cat.Functions {
		if resting := a.resting[f]; len(resting) > 0 {
			a.find(report.Finding{Rule: "policy-helper", Cause: "helper " + signature(f), Object: signature(f),
				Message:  fmt.Sprintf("function %s lets rows of every tenant through, and %s on it", signature(f), restsOn(len(resting))),
				Evidence: append([]string{strings.Join(strings.Fields(f.Body), " ")}, strings.Join(resting, ", ")),
				Fix:      "let it compare the tenant that it is given with that of the session, or look its user up among the members of that tenant"})
		}
	}
}

func restsOn(n int) string {
	if n == 1 {
		return "1 policy rests"
	}
	return fmt.Sprintf("%d policies rest", n)
}
