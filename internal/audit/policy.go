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

// settingReaders finds the functions of the catalog that read settings.
func settingReaders(cat *catalog.Catalog) sqltext.SettingReaders {
	bodies := map[string]string{}
	for _, f := range cat.Functions {
		bodies[f.Name] += " " + f.Body
	}
	return sqltext.ReadSettings(bodies)
}

func (a *audit) settingsIn(expr string) []string {
	return a.readers.In(sqltext.Tokens(expr))
}

func applies(p *catalog.Policy, role *catalog.Role) bool {
	return slices.ContainsFunc(p.Roles, func(name string) bool { return name == "public" || belongs(role, name) })
}

// permissive are the policies by which a role's command reaches rows of a table.
func permissive(r *catalog.Relation, role *catalog.Role, command string) (out []*catalog.Policy) {
	for _, p := range r.Policies {
		if p.Permissive && p.Covers(command) && applies(p, role) {
			out = append(out, p)
		}
	}
	return out
}

// mayMeet reports whether a policy applies to a role, or would after SET ROLE.
func mayMeet(p *catalog.Policy, role *catalog.Role) bool {
	return slices.ContainsFunc(p.Roles, func(name string) bool { return mayAct(role, name) })
}

// policy wants each permissive policy that the application meets to compare the
// tenant of a row with that of the session, in what is read and what is written.
func (a *audit) policy(s *subject, p *catalog.Policy) {
	app := slices.ContainsFunc(a.roles.app, func(r *catalog.Role) bool { return mayMeet(p, r) })
	across := slices.ContainsFunc(a.roles.across, func(r *catalog.Role) bool { return mayMeet(p, r) })
	unknown := len(a.roles.all()) == 0 && !slices.Contains(p.Roles, s.rel.Owner)
	if !p.Permissive || !app && !across && !unknown {
		return
	}
	accepted := a.accepted(s, app || unknown)
	var open []clause
	joins := false
	for _, c := range clauses(p) {
		accepted := a.ofMembers(s, c, accepted)
		kept := a.bound(sqltext.Tokens(c.expr), s, accepted) || a.ofUser(s, c, accepted)
		if kept && !a.admitsAnyone(s, c) || a.guarded(s, p, c, accepted) || a.founds(s, p) {
			continue
		}
		if a.shares(s, c) {
			a.find(report.Finding{Rule: "policy-shares", Cause: "rows that are shared", Object: a.name(p.Table) + "." + p.Name,
				Message:  fmt.Sprintf("policy %s of %s lets %s read what is marked as shared, of every tenant", p.Name, a.name(p.Table), strings.Join(p.Roles, ", ")),
				Evidence: []string{c.name + " " + c.expr},
				Fix:      "nothing, where that is meant"})
			continue
		}
		open = append(open, c)
		joins = joins || kept
	}
	switch {
	case joins:
		key := a.admission(s)
		a.withoutTenant(s, p, open, accepted, fmt.Sprintf("let WITH CHECK say in which rows of %s a row of %s may give a part, by %s: in those of whom writes it, or to which it was invited", a.name(key.Ref), s.name, key.Columns[0]))
	case len(open) > 0:
		a.withoutTenant(s, p, open, accepted, a.keepToTenant(s, p, open, accepted, app || unknown))
	}
}

// keepToTenant narrows the clauses of a policy that do not keep to the tenant: to the outer
// one where the policy is for roles that read across.
func (a *audit) keepToTenant(s *subject, p *catalog.Policy, open []clause, accepted []seedbed.Scoped, app bool) string {
	must := "every way through the expression must compare " + a.wanted(accepted)
	if s.agg != nil && !app {
		accepted = slices.DeleteFunc(slices.Clone(accepted), func(sc seedbed.Scoped) bool { return sc.Tenant != s.agg.Across })
	}
	if condition := a.ofSession(p.Table, accepted); condition != "" && s.tenant == "" {
		return a.narrowed(s, p, open, condition) + "; " + comment(must)
	}
	return must
}

// ofUser reports whether a clause keeps what is read or deleted to the session's tenant or
// to rows that name its user: a person's own membership, say. What is written must name
// the tenant, for a user can be named in any.
func (a *audit) ofUser(s *subject, c clause, accepted []seedbed.Scoped) bool {
	own := a.ownBy(s, c)
	return own != nil && a.boundBy(sqltext.Tokens(c.expr), s, accepted, own)
}

// ownBy reports of a comparison whether the rows that it chooses are the session's own though
// they need not be of its tenant: those that name its user, those of what its tenant has and, where the Model has rows of
// no tenant, these, to SELECT. Nil: a clause has to go by the tenant.
func (a *audit) ownBy(s *subject, c clause) func([]sqltext.Token, *subject) bool {
	switch {
	case len(c.writes) > 0 && s.tenant == "":
		return nil
	case len(c.writes) > 0:
		return a.namesUser
	case !slices.Equal(c.reads, []string{"SELECT"}):
		return func(tokens []sqltext.Token, s *subject) bool { return a.namesUser(tokens, s) || a.ofOwn(tokens, s) }
	}
	return func(tokens []sqltext.Token, s *subject) bool {
		return a.namesUser(tokens, s) || a.ofOwn(tokens, s) || ofNoTenant(tokens, s)
	}
}

// ofNoTenant reports whether a comparison chooses the rows without a tenant, of a table that
// may have such.
func ofNoTenant(tokens []sqltext.Token, s *subject) bool {
	n := len(tokens)
	return n >= 3 && sqltext.At(tokens, n-2, "IS", "NULL") && slices.ContainsFunc(s.direct(), func(sc seedbed.Scoped) bool {
		return sc.Optional && len(sc.Columns) == 1 && tokens[n-3].IsIdentifier() && tokens[n-3].Text == sc.Columns[0] && (n == 3 || n == 5 && tokens[1].Is("."))
	})
}

// namesUser reports whether a comparison holds a column of the row to the session's user.
func (a *audit) namesUser(tokens []sqltext.Token, s *subject) bool {
	left, op, right := compare(tokens)
	if op != "=" {
		return false
	}
	user := func(column, session []sqltext.Token) bool {
		column = sqltext.Unwrap(column)
		if len(column) == 0 {
			return false
		}
		c := s.rel.Column(column[len(column)-1].Text)
		return c != nil && a.tenantSide(s, column, c.Name) && slices.ContainsFunc(a.model.Memberships, func(m seedbed.Membership) bool {
			return m.Setting != "" && a.saysWho(session, m.Setting)
		})
	}
	return user(left, right) || user(right, left)
}

// founds reports whether a policy is for new tenants of the outermost level, which reach
// nothing that is there.
func (a *audit) founds(s *subject, p *catalog.Policy) bool {
	return p.Command == "INSERT" && s.tenant != "" && len(a.model.Above(s.tenant)) == 0
}

// userColumns are those by which policies show the session's user its own rows.
func (a *audit) userColumns(s *subject) (names []string) {
	note := func(tokens []sqltext.Token, s *subject) bool {
		if !a.namesUser(tokens, s) {
			return false
		}
		names = append(names, columnsIn(s.rel, tokens)...)
		return true
	}
	for _, p := range s.rel.Policies {
		a.boundBy(sqltext.Tokens(p.Using), s, s.scopes, note)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// opensOwn reports whether a policy is there to open a tenant's own rows to a role: what
// was shared, or may be done by none, is not its own.
func (a *audit) opensOwn(s *subject, role *catalog.Role, command string) bool {
	return slices.ContainsFunc(permissive(s.rel, role, command), func(p *catalog.Policy) bool {
		return !slices.ContainsFunc(clauses(p), func(c clause) bool { return a.shares(s, c) })
	})
}

// anyoneFounds reports whether a policy lets a role make tenants, and so keys that
// others have not.
func (a *audit) anyoneFounds(s *subject, role *catalog.Role) bool {
	return slices.ContainsFunc(s.rel.Policies, func(p *catalog.Policy) bool { return p.Permissive && applies(p, role) && a.founds(s, p) })
}

// shares reports whether a clause chooses rows by a column that says whether a row is
// shared, or by a table of what is: the tenant itself opened them.
func (a *audit) shares(s *subject, c clause) bool {
	if len(c.writes) > 0 || !slices.Equal(c.reads, []string{"SELECT"}) {
		return false
	}
	tokens := bare(sqltext.Tokens(c.expr))
	said := false
	for i, t := range tokens {
		if t.Is("OR") || t.Is("TRUE") && len(tokens) == 1 {
			return false
		}
		named := t.IsIdentifier() && marksShared(t.Text)
		if named && i+2 < len(tokens) && tokens[i+1].Is("=") && tokens[i+2].Text == t.Text {
			return false // with itself: of every row
		}
		// A schema may have any of these names.
		said = said || named && !(i+1 < len(tokens) && tokens[i+1].Is(".") && a.schema(t.Text) != nil)
	}
	return said
}

// marksShared reports whether a column or table says which rows are shared, by its name.
func marksShared(name string) bool {
	return slices.ContainsFunc(words(name), func(w string) bool {
		return slices.Contains([]string{"share", "shares", "shared", "sharing", "public", "published", "visibility", "visible"}, w)
	})
}

// accepted are the scopes by which a policy may keep tenants apart. The
// application of one tenant may not be let into an aggregate by the outer level.
func (a *audit) accepted(s *subject, app bool) []seedbed.Scoped {
	if app && s.tenant == "" && len(s.scopes) > 1 && len(a.roles.across) > 0 {
		var out []seedbed.Scoped
		for _, sc := range s.scopes {
			if !a.isAbove(sc.Tenant, s.innermost()) {
				out = append(out, sc)
			}
		}
		return out
	}
	return s.scopes
}

func (a *audit) isAbove(upper, lower string) bool {
	return slices.ContainsFunc(a.model.Above(lower), func(t seedbed.Tenant) bool { return t.Name == upper })
}

func (a *audit) wanted(scopes []seedbed.Scoped) string {
	var out []string
	for _, sc := range scopes {
		t, _ := a.model.Tenant(sc.Tenant)
		setting := "the session's " + sc.Tenant
		switch {
		case sqltext.IsRoleSetting(t.Setting):
			setting = "the " + sc.Tenant + " of the session's database role"
		case t.Setting != "" && len(t.Session.Columns) == 0: // else it names a row that leads to the tenant
			setting = "setting " + t.Setting
		}
		out = append(out, fmt.Sprintf("%s with %s", strings.Join(sc.Columns, ", "), setting))
	}
	if len(out) == 0 {
		return "the tenant of the row it leads to"
	}
	return strings.Join(out, ", or ")
}
