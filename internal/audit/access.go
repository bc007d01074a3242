package audit

import (
	"slices"
	"strings"

	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/report"
	"github.com/qarion/seedbed/internal/sqltext"
)

// access makes the isolation matrix: what each role can do to each table.
func (a *audit) access() *report.Access {
	roles, matrix := a.accessRoles(), &report.Access{}
	for _, r := range roles {
		matrix.Roles = append(matrix.Roles, report.AccessRole{Name: r.Name, Part: a.part(r), Unbound: r.Super || r.BypassRLS})
	}
	for _, r := range a.tables {
		if r.Bookkeeping() {
			continue
		}
		t := report.AccessTable{Name: a.name(r)}
		s := a.subject(r)
		if s != nil {
			t.Scope, t.Aggregate = s.innermost(), s.agg != nil
		}
		for _, role := range roles {
			t.Reach = append(t.Reach, a.reaches(r, s, role))
		}
		matrix.Tables = append(matrix.Tables, t)
	}
	return matrix
}

// accessRoles are the application's, then owners, then the other roles that were granted
// something. Superusers and Postgres's own roles are left out.
func (a *audit) accessRoles() []*catalog.Role {
	out := a.roles.all()
	add := func(name string) {
		if r := a.cat.Role(name); r != nil && !r.Super && !strings.HasPrefix(name, "pg_") && !slices.Contains(out, r) {
			out = append(out, r)
		}
	}
	for _, t := range a.tables {
		add(t.Owner)
	}
	for _, t := range a.tables {
		for _, g := range t.Grants {
			add(g.Grantee)
		}
	}
	return out
}

func (a *audit) part(r *catalog.Role) string {
	switch {
	case slices.Contains(a.roles.app, r):
		return "application"
	case slices.Contains(a.roles.across, r):
		return "across tenants"
	case a.ownsTables(r):
		return "owner"
	case r.BypassRLS:
		return "bypasses policies"
	}
	return "granted"
}

func (a *audit) reaches(r *catalog.Relation, s *subject, role *catalog.Role) []report.Reach {
	out := make([]report.Reach, len(report.Commands))
	for i, command := range report.Commands {
		switch {
		case role.Name != r.Owner && privilege(role, r, command) == "":
			out[i] = report.Denied
		case command == "TRUNCATE", role.Super, role.BypassRLS, !r.RLS, role.Name == r.Owner && !r.ForceRLS:
			out[i] = report.Everything
		default:
			out[i] = a.reach(r, s, role, command)
		}
	}
	return out
}

// reach is how far policies let a command: permissive ones add up, restrictive ones
// all have to hold.
func (a *audit) reach(r *catalog.Relation, s *subject, role *catalog.Role, command string) report.Reach {
	far := []report.Reach{report.Nothing, report.OfTenant, report.OfOuter, report.Some, report.Everything}
	most, least := 0, len(far)-1
	for _, p := range r.Policies {
		if !p.Covers(command) || !applies(p, role) {
			continue
		}
		got := slices.Index(far, a.allows(s, p, command))
		if p.Permissive {
			most = max(most, got)
		} else {
			least = min(least, got)
		}
	}
	return far[min(most, least)]
}

func (a *audit) allows(s *subject, p *catalog.Policy, command string) report.Reach {
	expr := p.Using
	if command == "INSERT" && p.WithCheck != "" {
		expr = p.WithCheck
	}
	switch {
	case expr == "false":
		return report.Nothing
	case s == nil && len(a.settingsIn(expr)) > 0:
		return report.OfTenant // the table belongs to no tenant, and shows what concerns the session's
	case s == nil:
		return report.Everything
	}
	c := clause{name: "USING", reads: []string{command}}
	if command == "INSERT" {
		c = clause{name: "WITH CHECK", writes: []string{command}}
	}
	own := a.ownBy(s, c)
	tokens := sqltext.Tokens(expr)
	switch {
	case a.boundBy(tokens, s, s.scopes[:min(1, len(s.scopes))], own):
		return report.OfTenant
	case a.boundBy(tokens, s, s.scopes, own):
		return report.OfOuter
	case a.chooses(tokens, s, 0):
		return report.Some
	}
	return report.Everything
}

// chooses reports whether an expression that does not keep to the tenant looks at the row:
// some rows of others show by it, and not all.
func (a *audit) chooses(tokens []sqltext.Token, s *subject, depth int) bool {
	tokens = bare(tokens)
	if sides := sqltext.TopLevel(tokens, "OR"); len(sides) > 1 && depth < 20 {
		return !slices.ContainsFunc(sides, func(side []sqltext.Token) bool { return !a.chooses(side, s, depth+1) })
	}
	if body := a.inline(tokens, s); body != nil && depth < 20 {
		return a.chooses(body, s, depth+1)
	}
	return len(columnsIn(s.rel, tokens)) > 0
}

// measured corrects the matrix by what a probe saw: of rows of others so many, of so many.
// Where a policy opens some rows, that all which are there show says nothing of the next.
func (a *audit) measured(r *catalog.Relation, role *catalog.Role, command string, seen, there string) {
	column := slices.IndexFunc(a.report.Access.Roles, func(x report.AccessRole) bool { return x.Name == role.Name })
	row := slices.IndexFunc(a.report.Access.Tables, func(x report.AccessTable) bool { return x.Name == a.name(r) })
	if column < 0 || row < 0 {
		return
	}
	cell := &a.report.Access.Tables[row].Reach[column][slices.Index(report.Commands, command)]
	switch {
	case seen == "0" && there != "0" && *cell == report.Everything:
		*cell = report.OfTenant
	case seen == "0" || *cell == report.Some || *cell == report.Everything:
	case seen == there:
		*cell = report.Everything
	default:
		*cell = report.Some
	}
}
