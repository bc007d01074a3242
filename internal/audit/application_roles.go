package audit

import (
	"fmt"
	"slices"
	"strings"

	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/rows"
)

// applicationRoles are the roles that matter to tenancy.
type applicationRoles struct {
	app    []*catalog.Role // that the application is, of one tenant at a time
	across []*catalog.Role // that read aggregates across tenants
}

func (c applicationRoles) all() []*catalog.Role { return append(slices.Clone(c.app), c.across...) }

// findApplicationRoles finds who the application is: what the caller says; those that policies
// name, whatever their attributes; or else those with privileges on scoped tables
// to whom row-level security applies; where there are hardly any, those with BYPASSRLS
// too. The schema's owner is none of them, unless
// the caller says so: its policies are for provisioning.
func (a *audit) findApplicationRoles() error {
	count, owners := map[string]int{}, map[string]bool{}
	for _, s := range a.subjects {
		count[s.rel.Owner]++
		owners[s.rel.Owner] = count[s.rel.Owner] > len(a.subjects)/2 // of the schema
	}
	if err := a.namedRoles(&a.roles.app, a.opt.AppRoles); err != nil {
		return err
	}
	if err := a.namedRoles(&a.roles.across, a.opt.AcrossRoles); err != nil {
		return err
	}
	if a.opt.AppRoles != nil {
		return nil
	}
	for _, r := range a.cat.Roles {
		if owners[r.Name] || slices.Contains(a.roles.across, r) || !a.inPolicies(r.Name) || a.administers(r) {
			continue
		}
		if a.opt.AcrossRoles == nil && a.outer(r.Name) {
			a.roles.across = append(a.roles.across, r)
		} else {
			a.roles.app = append(a.roles.app, r)
		}
	}
	if len(a.roles.app) > 0 {
		return nil
	}
	var bound, past, owning []*catalog.Role
	for _, r := range a.cat.Roles {
		if count[r.Name] > 0 && !owners[r.Name] && !r.Super && !r.BypassRLS && !slices.Contains(a.roles.across, r) {
			owning = append(owning, r)
		}
		switch {
		case owners[r.Name] || r.Super || slices.Contains(a.roles.across, r) || len(a.grantedTables(r)) == 0:
		case r.BypassRLS:
			past = append(past, r)
		default:
			bound = append(bound, r)
		}
	}
	if a.roles.app = bound; len(bound)+len(past) == 0 {
		a.roles.app = owning // of a part of the tables each: what connects as its owner
	}
	for _, r := range past {
		if a.usesRLS && !namedForAdministration(r.Name) && 2*len(a.grantedTables(bound...)) < len(a.grantedTables(r)) {
			a.roles.app = append(a.roles.app, r) // beside it there is no application: it is what should be bound
		}
	}
	return nil
}

// namedForAdministration reports whether a role says by its name that it is there to pass
// policies.
func namedForAdministration(role string) bool {
	return slices.ContainsFunc(words(role), func(w string) bool {
		return slices.Contains([]string{"admin", "administrator", "service", "root", "super", "superuser", "owner", "migrator", "migration", "migrations", "seeder", "backup", "replication", "maintenance", "bypass"}, w)
	})
}

func (a *audit) namedRoles(out *[]*catalog.Role, names []string) error {
	for _, name := range names {
		if name == rows.SeederRole {
			return fmt.Errorf("role %q of Options is Seedbed's own, which sees every row for factories and checks: name the one that the application connects as", name)
		}
		r := a.cat.Role(name)
		if r == nil {
			var known []string
			for _, r := range a.cat.Roles {
				known = append(known, r.Name)
			}
			return fmt.Errorf("role %q of Options does not exist%s", name, catalog.Suggestion(name, known))
		}
		*out = append(*out, r)
	}
	return nil
}

func (a *audit) inPolicies(role string) bool {
	for _, r := range a.cat.Relations {
		for _, p := range r.Policies {
			if slices.Contains(p.Roles, role) {
				return true
			}
		}
	}
	return false
}

// administers reports whether a role is meant to pass row-level security: it does not apply to
// it, as to the service_role of Supabase, or no login of the application may become it, though
// one may become another; and no policy that names it looks at a row.
func (a *audit) administers(role *catalog.Role) bool {
	if !role.Super && !role.BypassRLS && (a.isLoggedInto(role) || !slices.ContainsFunc(a.cat.Roles, func(r *catalog.Role) bool { return a.inPolicies(r.Name) && a.isLoggedInto(r) })) {
		return false
	}
	for _, r := range a.cat.Relations {
		for _, p := range r.Policies {
			if slices.Contains(p.Roles, role.Name) && (p.Using != "true" && p.Using != "" || p.WithCheck != "true" && p.WithCheck != "") {
				return false
			}
		}
	}
	return true
}

// isLoggedInto reports whether a session of no superuser can be a role.
func (a *audit) isLoggedInto(role *catalog.Role) bool {
	return slices.ContainsFunc(a.cat.Roles, func(r *catalog.Role) bool { return r.Login && !r.Super && mayAct(r, role.Name) })
}

// outer reports whether most policies that name a role compare with the settings
// of levels that have levels below them.
func (a *audit) outer(role string) bool {
	balance := 0
	for _, r := range a.cat.Relations {
		for _, p := range r.Policies {
			if !slices.Contains(p.Roles, role) {
				continue
			}
			for _, s := range a.settingsIn(p.Using + " " + p.WithCheck) {
				if a.hasLevelBelow(s) {
					balance++
				} else {
					balance--
				}
			}
		}
	}
	return balance > 0
}

func (a *audit) hasLevelBelow(setting string) bool {
	for _, t := range a.model.Tenants {
		if t.Setting != setting {
			continue
		}
		for _, below := range a.model.Tenants {
			if below.Parent == t.Name {
				return true
			}
		}
	}
	return false
}

// grantedTables are the scoped tables of others on which roles were granted something, or on
// columns.
func (a *audit) grantedTables(roles ...*catalog.Role) (out []*subject) {
	for _, s := range a.subjects {
		grants := slices.Clone(s.rel.Grants)
		for _, c := range s.rel.Columns {
			grants = append(grants, c.Grants...)
		}
		if slices.ContainsFunc(grants, func(g catalog.Grant) bool {
			return len(g.Privileges) > 0 && g.Grantee != s.rel.Owner && slices.ContainsFunc(roles, func(r *catalog.Role) bool { return r.Name == g.Grantee })
		}) {
			out = append(out, s)
		}
	}
	return out
}

// belongs reports whether a role has another one's privileges without asking.
func belongs(role *catalog.Role, name string) bool {
	if name == "public" || role.Name == name || role.Super {
		return true
	}
	seen := map[*catalog.Role]bool{role: true}
	queue := []*catalog.Role{role}
	for len(queue) > 0 {
		r := queue[0]
		queue = queue[1:]
		if r.Name == name {
			return true
		}
		for _, m := range r.MemberOf {
			if m.Inherit && !seen[m.Role] {
				seen[m.Role] = true
				queue = append(queue, m.Role)
			}
		}
	}
	return false
}

// mayAct reports whether a role has another one's privileges, at once or after SET ROLE.
func mayAct(role *catalog.Role, name string) bool {
	return belongs(role, name) || slices.ContainsFunc(role.Reaches(), func(r *catalog.Role) bool { return r.Name == name })
}

// becomes lists every role that one can act as, itself first: also those that it may
// grant itself.
func becomes(role *catalog.Role) []*catalog.Role {
	out := []*catalog.Role{role}
	for i := 0; i < len(out); i++ {
		for _, m := range out[i].MemberOf {
			if (m.Inherit || m.Set || m.Admin) && !slices.Contains(out, m.Role) {
				out = append(out, m.Role)
			}
		}
	}
	return out
}

// mayColumn reports whether a role holds a privilege on a column, or on its whole table.
func mayColumn(role *catalog.Role, r *catalog.Relation, wanted, column string) bool {
	c := r.Column(column)
	if via := privilege(role, r, wanted); via == "" || c == nil || !strings.HasSuffix(via, ")") {
		return via != ""
	}
	return slices.ContainsFunc(c.Grants, func(g catalog.Grant) bool { return g.Has(wanted) && belongs(role, g.Grantee) })
}

// reachable says through whom a role holds a privilege, or would after SET ROLE: not
// as an owner or a role that no policy binds, of which other rules speak.
func reachable(role *catalog.Role, r *catalog.Relation, wanted string) string {
	if via := privilege(role, r, wanted); via != "" {
		return via
	}
	for _, other := range becomes(role) {
		if other.Super || other.BypassRLS || other.Name == r.Owner {
			continue
		}
		if via := privilege(other, r, wanted); via != "" {
			return via
		}
	}
	return ""
}

// viaRole is the role in what privilege says.
func viaRole(via string) string {
	role, _, _ := strings.Cut(via, " (column ")
	return role
}

// privilege says through whom a role holds a privilege on a relation; "" not at all.
func privilege(role *catalog.Role, r *catalog.Relation, wanted string) string {
	if role.Super {
		return "being superuser"
	}
	for _, g := range r.Grants {
		if g.Has(wanted) && belongs(role, g.Grantee) {
			return g.Grantee
		}
	}
	for _, c := range r.Columns {
		for _, g := range c.Grants {
			if g.Has(wanted) && belongs(role, g.Grantee) {
				return g.Grantee + " (column " + c.Name + ")"
			}
		}
	}
	switch wanted {
	case "SELECT":
		if belongs(role, "pg_read_all_data") {
			return "pg_read_all_data"
		}
	case "INSERT", "UPDATE", "DELETE":
		if belongs(role, "pg_write_all_data") {
			return "pg_write_all_data"
		}
	}
	return ""
}
