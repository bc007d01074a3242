package audit

import (
	"fmt"
	"slices"
	"strings"

	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/report"
)

// dangerous predefined roles, with what they give.
var dangerous = map[string]string{
	"pg_execute_server_program": "runs programs on the server",
	"pg_read_server_files":      "reads any file of the server",
	"pg_write_server_files":     "writes any file of the server",
	"pg_read_all_data":          "reads every table, also those granted to no role",
	"pg_write_all_data":         "writes every table, also those granted to no role",
	"pg_monitor":                "reads the statements of every session, with the values in them",
	"pg_read_all_stats":         "reads the statements of every session, with the values in them",
	"pg_create_subscription":    "copies tables from other servers, past every policy",
	"pg_maintain":               "may refresh, reindex and lock every table",
	"pg_signal_backend":         "ends other sessions",
	"pg_checkpoint":             "",
}

func (a *audit) roleRules() error {
	if a.usesRLS && len(a.roles.app)+len(a.roles.across) == 0 {
		a.vain("roles", "the role that the application connects as is not known: no policy names a role and no role has privileges on scoped tables; grant it what it may do, or name it, as a test can (AppRoles)")
	}
	for _, role := range a.roles.all() {
		a.roleAttributes(role)
		a.roleOwns(role)
		a.rolePrivileges(role)
		a.roleCreates(role)
	}
	a.loginsPast()
	a.loginsBeyond()
	a.mayRiseAcross()
	a.publicPrivileges()
	return a.grantRules()
}

// roleAttributes looks at a role and at whatever it can become.
func (a *audit) roleAttributes(role *catalog.Role) {
	passes := report.Severity("")
	if a.usesRLS { // there is no policy that it does not pass
		passes = report.Breach
	}
	for _, r := range becomes(role) {
		how, verb, chain := "", "is", ""
		if r != role {
			how, verb, chain = ", a member of "+r.Name+",", "can become", chainOf(role, r)
		}
		switch {
		case r.Super:
			a.find(report.Finding{Rule: "role-superuser", Severity: passes, Cause: chain, Object: role.Name,
				Message: fmt.Sprintf("the application's role %s%s %s a superuser", role.Name, how, verb),
				Fix:     roleFix(role, r, "NOSUPERUSER")})
		case r.BypassRLS:
			a.find(report.Finding{Rule: "role-bypassrls", Severity: passes, Cause: chain, Object: role.Name,
				Message: fmt.Sprintf("the application's role %s%s bypasses row-level security", role.Name, how),
				Fix:     roleFix(role, r, "NOBYPASSRLS")})
		case r.CreateRole:
			a.find(report.Finding{Rule: "role-privileged", Cause: chain, Object: role.Name,
				Message: fmt.Sprintf("the application's role %s%s has CREATEROLE, and can grant itself other roles", role.Name, how),
				Fix:     roleFix(role, r, "NOCREATEROLE")})
		case r != role && dangerous[r.Name] != "":
			a.find(report.Finding{Rule: "role-privileged", Cause: chain, Object: role.Name,
				Message: fmt.Sprintf("the application's role %s is a member of %s, which %s", role.Name, r.Name, dangerous[r.Name]),
				Fix:     roleFix(role, r, "")})
		}
	}
}

// firstLink is the membership by which a role comes to be another one: what it leads to
// is mended by revoking it.
func firstLink(role, other *catalog.Role) *catalog.Role {
	for _, m := range role.MemberOf {
		if m.Role == other || slices.Contains(becomes(m.Role), other) {
			return m.Role
		}
	}
	return other
}

func chainOf(role, other *catalog.Role) string {
	return "member " + firstLink(role, other).Name + " of " + role.Name
}

// ownedBy is the cause of what is found about things that a role owns itself.
func ownedBy(role *catalog.Role) string { return "owned by " + role.Name }

func roleFix(role, r *catalog.Role, attribute string) string {
	if r == role {
		return fmt.Sprintf("ALTER ROLE %s %s", catalog.Ident(role.Name), attribute)
	}
	return fmt.Sprintf("REVOKE %s FROM %s", catalog.Ident(firstLink(role, r).Name), catalog.Ident(role.Name))
}

// loginsPast reports logins that bypass row-level security and have nothing but the rights of
// the application's role: what connects so is the application.
func (a *audit) loginsPast() {
	for _, login := range a.cat.Roles {
		if !login.Login || !login.BypassRLS || login.Super || login.CreateRole || slices.Contains(a.roles.all(), login) || a.ownsTables(login) {
			continue
		}
		var app *catalog.Role
		beyond := len(a.grantedTables(login)) > 0
		for _, r := range becomes(login)[1:] {
			switch {
			case slices.Contains(a.roles.app, r) && belongs(login, r.Name):
				app = r
			case !slices.Contains(a.roles.all(), r):
				beyond = beyond || r.Super || r.BypassRLS || a.ownsTables(r) || len(a.grantedTables(r)) > 0
			}
		}
		if app != nil && !beyond && a.usesRLS {
			a.find(report.Finding{Rule: "role-bypassrls", Object: login.Name,
				Message: fmt.Sprintf("login %s bypasses row-level security, and has the rights of the application's role %s: until it does SET ROLE, it reaches every tenant's rows", login.Name, app.Name),
				Fix:     fmt.Sprintf("ALTER ROLE %s NOBYPASSRLS", catalog.Ident(login.Name))})
		}
	}
}

// loginsBeyond reports logins that have the rights of the application's role without asking, and
// are members of a role that no policy holds as well. A login that inherits nothing, and
// becomes one role or the other for each request, is none of them.
func (a *audit) loginsBeyond() {
	if !a.usesRLS {
		return
	}
	for _, login := range a.cat.Roles {
		app := slices.IndexFunc(a.roles.app, func(r *catalog.Role) bool { return r != login && belongs(login, r.Name) })
		if app < 0 || !login.Login || login.Super || login.CreateRole || slices.Contains(a.roles.all(), login) || a.ownsTables(login) || namedForAdministration(login.Name) {
			continue
		}
		role := a.roles.app[app]
		for _, r := range becomes(login)[1:] {
			rule, gives := a.passesBy(r)
			if rule == "" || slices.ContainsFunc(a.roles.all(), func(x *catalog.Role) bool { return slices.Contains(becomes(x), r) }) {
				continue // of the application's roles it is said already
			}
			a.find(report.Finding{Rule: rule, Cause: chainOf(login, r), Object: login.Name,
				Message: fmt.Sprintf("login %s has the rights of the application's role %s, and is a member of %s, which %s", login.Name, role.Name, r.Name, gives),
				Fix:     roleFix(login, r, "")})
		}
	}
}

// passesBy is the rule that a role breaks which passes policies, and how it does; "" where it
// passes none.
func (a *audit) passesBy(r *catalog.Role) (rule, gives string) {
	switch {
	case r.Super:
		return "role-superuser", "is a superuser"
	case r.BypassRLS:
		return "role-bypassrls", "bypasses row-level security"
	case a.ownsTables(r):
		return "role-owner", "owns tables"
	case strings.HasPrefix(r.Name, "pg_") && strings.HasSuffix(r.Name, "_all_data"):
		return "role-privileged", dangerous[r.Name]
	}
	return "", ""
}

func (a *audit) ownsTables(r *catalog.Role) bool {
	return slices.ContainsFunc(a.tables, func(t *catalog.Relation) bool { return t.Owner == r.Name })
}

// mayRiseAcross reports applications of one tenant that can become a role that reads
// across tenants.
func (a *audit) mayRiseAcross() {
	for _, role := range a.roles.app {
		for _, r := range becomes(role)[1:] {
			if slices.Contains(a.roles.across, r) {
				a.find(report.Finding{Rule: "role-privileged", Cause: chainOf(role, r), Object: role.Name,
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
				a.find(report.Finding{Rule: "privilege-create", Object: s.Name,
					Message: fmt.Sprintf("role %s may create objects in schema %s, by a grant to %s", role.Name, s.Name, g.Grantee),
					Fix:     fmt.Sprintf("REVOKE CREATE ON SCHEMA %s FROM %s", catalog.Ident(s.Name), grantee(g.Grantee))})
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
	owned, alter := map[string][]string{}, map[string][]string{}
	for _, s := range a.subjects {
		for _, piece := range a.pieces(s) {
			if reach[piece.rel.Owner] {
				owned[piece.rel.Owner] = append(owned[piece.rel.Owner], piece.name)
				alter[piece.rel.Owner] = append(alter[piece.rel.Owner], fmt.Sprintf("ALTER TABLE %s OWNER TO %s", piece.rel.Ident(), a.migrator()))
			}
		}
	}
	for owner, tables := range owned {
		how, chain, fix := "", ownedBy(role), strings.Join(alter[owner], "; ")+"; /* and GRANT the application what it needs */"
		if owner != role.Name {
			how, chain, fix = fmt.Sprintf(" through its membership of %s", owner), chainOf(role, a.cat.Role(owner)), roleFix(role, a.cat.Role(owner), "")
		}
		a.find(report.Finding{Rule: "role-owner", Cause: chain, Object: role.Name,
			Message:  fmt.Sprintf("the application's role %s owns %s%s", role.Name, plural(int64(len(tables)), "scoped table"), how),
			Evidence: []string{strings.Join(tables, ", ")},
			Fix:      fix})
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
	for _, s := range a.allPieces() {
		for _, f := range forbidden {
			if via := reachable(role, s.rel, f.privilege); via != "" && s.rel.Owner != role.Name && via != s.rel.Owner && via != "public" {
				a.find(report.Finding{Rule: f.rule, Cause: "all rights of " + via, Object: s.name,
					Message: fmt.Sprintf("role %s may %s %s, by a grant to %s, and so %s", role.Name, f.privilege, s.name, via, f.does),
					Fix:     fmt.Sprintf("REVOKE %s ON %s FROM %s", f.privilege, s.rel.Ident(), grantee(viaRole(via)))})
			}
		}
	}
	a.sequencePrivileges(role)
}
