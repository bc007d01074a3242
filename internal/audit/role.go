package audit

import (
	"fmt"
	"slices"
	"strings"

	"github.com/qarion/seedbed/internal/catalog"
)

// cast are the roles that matter to tenancy.
type cast struct {
	app    []*catalog.Role // that the application is, of one tenant at a time
	across []*catalog.Role // that read aggregates across tenants
}

func (c cast) all() []*catalog.Role { return append(slices.Clone(c.app), c.across...) }

// castRoles finds who the application is: what the caller says; those that policies
// name, whatever their attributes; or else those with privileges on scoped tables
// to whom row-level security applies. The schema's owner is none of them, unless
// the caller says so: its policies are for provisioning.
func (a *audit) castRoles() error {
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
		if owners[r.Name] || slices.Contains(a.roles.across, r) || !a.inPolicies(r.Name) {
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
	for _, r := range a.cat.Roles {
		if !owners[r.Name] && !r.Super && !r.BypassRLS && !slices.Contains(a.roles.across, r) && a.granted(r.Name) {
			a.roles.app = append(a.roles.app, r)
		}
	}
	return nil
}

func (a *audit) namedRoles(out *[]*catalog.Role, names []string) error {
	for _, name := range names {
		r := a.cat.Role(name)
		if r == nil {
			return fmt.Errorf("role %q of Options does not exist", name)
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

func (a *audit) granted(role string) bool {
	for _, s := range a.subjects {
		for _, g := range s.rel.Grants {
			if g.Grantee == role && len(g.Privileges) > 0 {
				return true
			}
		}
	}
	return false
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

// dangerous predefined roles, with what they give.
var dangerous = map[string]string{
	"pg_execute_server_program": "runs programs on the server",
	"pg_read_server_files":      "reads any file of the server",
	"pg_write_server_files":     "writes any file of the server",
	"pg_read_all_data":          "reads every table, also those granted to nobody",
	"pg_write_all_data":         "writes every table, also those granted to nobody",
	"pg_monitor":                "reads the statements of every session, with the values in them",
	"pg_read_all_stats":         "reads the statements of every session, with the values in them",
	"pg_create_subscription":    "copies tables from other servers, past every policy",
	"pg_maintain":               "may refresh, reindex and lock every table",
	"pg_signal_backend":         "ends other sessions",
	"pg_checkpoint":             "",
}

func (a *audit) roleRules() error {
	if len(a.roles.app)+len(a.roles.across) == 0 {
		a.unchecked("who the application connects as: no policy names a role and no role has privileges on scoped tables; name it in Options.AppRoles")
	}
	for _, role := range a.roles.all() {
		a.roleAttributes(role)
		a.roleOwns(role)
		a.rolePrivileges(role)
		a.roleCreates(role)
	}
	a.mayRiseAcross()
	a.publicPrivileges()
	return a.grantRules()
}

// roleAttributes looks at a role and at whatever it can become.
func (a *audit) roleAttributes(role *catalog.Role) {
	for _, r := range becomes(role) {
		how, verb := "", "is"
		if r != role {
			how, verb = ", a member of "+r.Name+",", "can become"
		}
		switch {
		case r.Super:
			a.find(Finding{Rule: "role-superuser", Object: role.Name,
				Message: fmt.Sprintf("the application's role %s%s %s a superuser", role.Name, how, verb),
				Fix:     roleFix(role, r, "NOSUPERUSER")})
		case r.BypassRLS:
			a.find(Finding{Rule: "role-bypassrls", Object: role.Name,
				Message: fmt.Sprintf("the application's role %s%s bypasses row-level security", role.Name, how),
				Fix:     roleFix(role, r, "NOBYPASSRLS")})
		case r.CreateRole:
			a.find(Finding{Rule: "role-privileged", Object: role.Name,
				Message: fmt.Sprintf("the application's role %s%s has CREATEROLE, and can grant itself other roles", role.Name, how),
				Fix:     roleFix(role, r, "NOCREATEROLE")})
		case r != role && dangerous[r.Name] != "":
			a.find(Finding{Rule: "role-privileged", Object: role.Name,
				Message: fmt.Sprintf("the application's role %s is a member of %s, which %s", role.Name, r.Name, dangerous[r.Name]),
				Fix:     roleFix(role, r, "")})
		}
	}
}

func roleFix(role, r *catalog.Role, attribute string) string {
	if r == role {
		return fmt.Sprintf("ALTER ROLE %s %s", catalog.Ident(role.Name), attribute)
	}
	return fmt.Sprintf("REVOKE %s FROM %s", catalog.Ident(r.Name), catalog.Ident(role.Name))
}

// mayRiseAcross reports applications of one tenant that can become whoever reads
// across tenants.
func (a *audit) mayRiseAcross() {
	for _, role := range a.roles.app {
		for _, r := range becomes(role)[1:] {
			if slices.Contains(a.roles.across, r) {
				a.find(Finding{Rule: "role-privileged", Object: role.Name,
					Message: fmt.Sprintf("the application's role %s is a member of %s, which reads across tenants", role.Name, r.Name),
					Fix:     roleFix(role, r, "")})
			}
		}
	}
}

// roleCreates reports schemas in which a role may make objects of its own, to be
// found before those that are meant.
func (a *audit) roleCreates(role *catalog.Role) {
	for _, s := range a.cat.Schemas {
		for _, g := range s.Grants {
			if g.Has("CREATE") && mayAct(role, g.Grantee) && !role.Super && s.Owner != role.Name {
				a.find(Finding{Rule: "privilege-create", Object: s.Name,
					Message: fmt.Sprintf("role %s may create objects in schema %s, by a grant to %s", role.Name, s.Name, g.Grantee),
					Fix:     fmt.Sprintf("REVOKE CREATE ON SCHEMA %s FROM %s", catalog.Ident(s.Name), g.Grantee)})
				break
			}
		}
	}
}

// roleOwns reports tables that a role, or one that it can become, owns: owners
// drop policies and switch row-level security off.
func (a *audit) roleOwns(role *catalog.Role) {
	reach := map[string]bool{}
	for _, r := range becomes(role) {
		if !r.Super {
			reach[r.Name] = true
		}
	}
	owned := map[string][]string{}
	for _, s := range a.subjects {
		if reach[s.rel.Owner] {
			owned[s.rel.Owner] = append(owned[s.rel.Owner], s.name)
		}
	}
	for owner, tables := range owned {
		how := ""
		if owner != role.Name {
			how = fmt.Sprintf(" through its membership of %s", owner)
		}
		a.find(Finding{Rule: "role-owner", Object: role.Name,
			Message:  fmt.Sprintf("the application's role %s owns %s%s", role.Name, plural(int64(len(tables)), "scoped table"), how),
			Evidence: []string{strings.Join(tables, ", ")},
			Fix:      "let a role own the tables that only migrations use, and GRANT the application what it needs"})
	}
}

var forbidden = []struct{ privilege, rule, does string }{
	{"TRUNCATE", "privilege-truncate", "empties the table for every tenant: row-level security does not apply to TRUNCATE"},
	{"REFERENCES", "privilege-references", "learns by a foreign key of its own which keys exist: such checks see every tenant"},
	{"TRIGGER", "privilege-trigger", "can run code of its own in every other role's statements"},
}

func (a *audit) rolePrivileges(role *catalog.Role) {
	if role.Super {
		return // said already
	}
	for _, s := range a.subjects {
		for _, f := range forbidden {
			if via := reachable(role, s.rel, f.privilege); via != "" && s.rel.Owner != role.Name && via != "public" {
				a.find(Finding{Rule: f.rule, Object: s.name,
					Message: fmt.Sprintf("role %s may %s %s, by a grant to %s, and so %s", role.Name, f.privilege, s.name, via, f.does),
					Fix:     fmt.Sprintf("REVOKE %s ON %s FROM %s", f.privilege, s.rel.Ident(), strings.Split(via, " ")[0])})
			}
		}
	}
	a.sequencePrivileges(role)
}
