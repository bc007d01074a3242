package audit

import (
	"slices"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/sqltext"
)

// clause is USING or WITH CHECK of a policy, and what it decides.
type clause struct {
	name, expr string
	reads      []string // commands for which it chooses among the rows that are there
	writes     []string // commands for which it judges the rows to come
}

// clauses of a policy that decide something. USING stands in where WITH CHECK is absent.
func clauses(p *catalog.Policy) []clause {
	covered := func(commands ...string) []string {
		return slices.DeleteFunc(commands, func(c string) bool { return !p.Covers(c) })
	}
	using := clause{name: "USING", expr: p.Using, reads: covered("SELECT", "UPDATE", "DELETE")}
	check := clause{name: "WITH CHECK", expr: p.WithCheck, writes: covered("INSERT", "UPDATE")}
	switch {
	case p.Command == "INSERT":
		return []clause{check}
	case p.WithCheck == "":
		using.writes = check.writes
		return []clause{using}
	case len(check.writes) == 0:
		return []clause{using}
	}
	return []clause{using, check}
}

// guarded reports whether restrictive policies keep to the tenant whatever a clause
// of a permissive one lets through: for every role that that applies to, and for
// every command that the clause decides.
func (a *audit) guarded(s *subject, p *catalog.Policy, c clause, accepted []seedbed.Scoped) bool {
	for _, role := range a.met(p) {
		for _, command := range c.reads {
			if !a.restricted(s, p.Table, role, command, accepted, func(r *catalog.Policy) string { return r.Using }) {
				return false
			}
		}
		for _, command := range c.writes {
			if !a.restricted(s, p.Table, role, command, accepted, checkOf) {
				return false
			}
		}
	}
	return true
}

// met are the application's roles that a policy applies to; nil stands for a role
// that no client knows.
func (a *audit) met(p *catalog.Policy) []*catalog.Role {
	var out []*catalog.Role
	for _, r := range a.roles.all() {
		if mayMeet(p, r) {
			out = append(out, r)
		}
	}
	if len(out) == 0 {
		return []*catalog.Role{nil}
	}
	return out
}

func checkOf(p *catalog.Policy) string {
	if p.WithCheck != "" {
		return p.WithCheck
	}
	return p.Using
}

func (a *audit) restricted(s *subject, r *catalog.Relation, role *catalog.Role, command string, accepted []seedbed.Scoped, expr func(*catalog.Policy) string) bool {
	return slices.ContainsFunc(r.Policies, func(p *catalog.Policy) bool {
		to := role != nil && applies(p, role) || slices.Contains(p.Roles, "public")
		return !p.Permissive && p.Covers(command) && to && a.bound(sqltext.Tokens(expr(p)), s, accepted)
	})
}
