package audit

import (
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/report"
	"github.com/qarion/seedbed/internal/sqltext"
)

// grantRules are about what stands in no table's own list of privileges.
func (a *audit) grantRules() error {
	for _, rule := range []func(*audit) error{(*audit).replication, (*audit).databaseRights, (*audit).statistics, (*audit).defaultPrivileges} {
		if err := rule(a); err != nil {
			return err
		}
	}
	for _, role := range a.roles.all() {
		a.grantOptions(role)
		a.columnGrants(role)
		a.ownsCode(role)
	}
	return nil
}

// appNames are the application's roles and what each can become.
func (a *audit) appNames() []string {
	var out []string
	for _, role := range a.roles.all() {
		for _, r := range becomes(role) {
			if !slices.Contains(out, r.Name) {
				out = append(out, r.Name)
			}
		}
	}
	return out
}

// replication reads the log of every change of every tenant.
func (a *audit) replication() error {
	names, err := a.texts("SELECT rolname::text FROM pg_roles WHERE rolreplication AND NOT rolsuper AND rolname = ANY ($1) ORDER BY 1", a.appNames())
	for _, name := range names {
		for _, role := range a.roles.all() {
			if slices.ContainsFunc(becomes(role), func(r *catalog.Role) bool { return r.Name == name }) {
				a.find(report.Finding{Rule: "role-privileged", Object: role.Name,
					Message: fmt.Sprintf("the application's role %s has REPLICATION, by %s: it can copy every row, past every policy", role.Name, name),
					Fix:     fmt.Sprintf("ALTER ROLE %s NOREPLICATION", catalog.Ident(name))})
			}
		}
	}
	return err
}

// migrator is the role that should own what the application uses: the owner of most
// tables that the application does not own, else the superuser.
func (a *audit) migrator() string {
	owns, best := map[string]int{}, ""
	for _, r := range a.tables {
		if slices.Contains(a.appNames(), r.Owner) {
			continue
		}
		if owns[r.Owner]++; best == "" || owns[r.Owner] > owns[best] {
			best = r.Owner
		}
	}
	if best != "" {
		return catalog.Ident(best)
	}
	for _, r := range a.cat.Roles {
		if r.Super && r.Login {
			return catalog.Ident(r.Name) + " /* or the role that migrates */"
		}
	}
	return "CURRENT_USER"
}

// databaseRights: a role that owns the database, or may create schemas in it, puts objects
// where other roles look for theirs.
func (a *audit) databaseRights() error {
	rows, err := a.bypass.tx.Query(a.ctx, `SELECT r.rolname::text, d.datname::text, d.datdba = r.oid FROM pg_roles r, pg_database d
		WHERE d.datname = current_database() AND r.rolname = ANY ($1) AND NOT r.rolsuper AND has_database_privilege(r.oid, d.oid, 'CREATE') ORDER BY 1`, names(a.roles.all()))
	if err != nil {
		return err
	}
	var role, database string
	var owns bool
	_, err = pgx.ForEachRow(rows, []any{&role, &database, &owns}, func() error {
		f := report.Finding{Rule: "privilege-create", Object: "database " + database,
			Message: fmt.Sprintf("role %s may create schemas in the database", role),
			Fix:     fmt.Sprintf("REVOKE CREATE ON DATABASE %s FROM %s", catalog.Ident(database), catalog.Ident(role))}
		if owns {
			f.Rule, f.Object, f.Message = "role-owner", role, fmt.Sprintf("the application's role %s owns the database %s", role, database)
			f.Fix = fmt.Sprintf("ALTER DATABASE %s OWNER TO %s", catalog.Ident(database), a.migrator())
		}
		a.find(f)
		return nil
	})
	return err
}

func names(roles []*catalog.Role) []string {
	out := []string{}
	for _, r := range roles {
		out = append(out, r.Name)
	}
	return out
}

// statistics: pg_stats shows a column's values to those only whom no policy binds;
// the table behind it to the roles that were granted it.
func (a *audit) statistics() error {
	if !a.usesRLS {
		return nil
	}
	tables, err := a.texts(`SELECT DISTINCT c.relname::text FROM pg_class c, pg_roles r
		WHERE c.oid IN ('pg_statistic'::regclass, 'pg_statistic_ext_data'::regclass) AND r.rolname = ANY ($1) AND NOT r.rolsuper
		AND has_any_column_privilege(r.oid, c.oid, 'SELECT') ORDER BY 1`, names(a.roles.all()))
	for _, t := range tables {
		a.find(report.Finding{Rule: "privilege-statistics", Object: t,
			Message: fmt.Sprintf("the application may read %s: the commonest values of every column, of all tenants", t),
			Fix:     fmt.Sprintf("REVOKE SELECT ON %s FROM %s, PUBLIC; /* the view pg_stats shows what policies allow */", t, catalog.Idents(names(a.roles.all())))})
	}
	return err
}

// defaultPrivileges are those that ALTER DEFAULT PRIVILEGES gives to what is created later.
func (a *audit) defaultPrivileges() error {
	rows, err := a.bypass.tx.Query(a.ctx, `SELECT pg_get_userbyid(d.defaclrole)::text,
			CASE x.grantee WHEN 0 THEN 'public' ELSE pg_get_userbyid(x.grantee)::text END, d.defaclobjtype::text, coalesce(n.nspname::text, ''),
			string_agg(x.privilege_type, ', ' ORDER BY x.privilege_type)
		FROM pg_default_acl d LEFT JOIN pg_namespace n ON n.oid = d.defaclnamespace CROSS JOIN aclexplode(d.defaclacl) x
		WHERE d.defaclobjtype IN ('r', 'S', 'f') AND x.grantee <> d.defaclrole GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, array_position('{r,S,f}'::text[], d.defaclobjtype::text), 5, 4`)
	if err != nil {
		return err
	}
	app := a.appNames()
	type target struct{ owner, grantee string }
	var order []target
	given := map[target][]defaultGrant{}
	var t target
	var g defaultGrant
	_, err = pgx.ForEachRow(rows, []any{&t.owner, &t.grantee, &g.kind, &g.schema, &g.privileges}, func() error {
		if t.grantee == "public" && g.kind != "f" || slices.Contains(app, t.grantee) {
			if given[t] == nil {
				order = append(order, t)
			}
			given[t] = append(given[t], g)
		}
		return nil
	})
	for _, t := range order {
		if slices.ContainsFunc(given[t], func(g defaultGrant) bool { return g.risky(t.grantee) != "" }) {
			a.defaultPrivilege(t.owner, t.grantee, given[t])
		}
	}
	return err
}

// defaultGrant is what comes with each new object of a kind, in one schema or in all.
type defaultGrant struct{ kind, schema, privileges string }

// risky are the privileges that lead past row-level security, or that everybody would get;
// EXECUTE on functions everybody has anyway.
func (g defaultGrant) risky(grantee string) string {
	if g.kind == "r" && grantee == "public" {
		return g.privileges
	}
	past := map[string][]string{"r": {"TRUNCATE", "REFERENCES", "TRIGGER"}, "S": {"SELECT", "UPDATE"}}[g.kind]
	return strings.Join(slices.DeleteFunc(strings.Split(g.privileges, ", "), func(p string) bool { return !slices.Contains(past, p) }), ", ")
}

func (a *audit) defaultPrivilege(owner, grantee string, given []defaultGrant) {
	to := "PUBLIC"
	if grantee != "public" {
		to = catalog.Ident(grantee)
	}
	var what, schemas, fix []string
	for i, g := range given {
		in, things := "", map[string]string{"r": "TABLES", "S": "SEQUENCES", "f": "FUNCTIONS"}[g.kind]
		if g.schema != "" {
			in = " IN SCHEMA " + catalog.Ident(g.schema)
			schemas = append(schemas, g.schema)
		}
		if risky := g.risky(grantee); risky != "" {
			fix = append(fix, fmt.Sprintf("ALTER DEFAULT PRIVILEGES FOR ROLE %s%s REVOKE %s ON %s FROM %s", catalog.Ident(owner), in, risky, things, to))
		}
		if i+1 < len(given) && given[i+1].kind == g.kind && given[i+1].privileges == g.privileges {
			continue
		}
		text := g.privileges + " on " + strings.ToLower(things)
		if len(schemas) > 0 {
			text += " in " + strings.Join(schemas, ", ")
		}
		what, schemas = append(what, text), nil
	}
	severity := report.Severity("")
	if grantee != "public" && !slices.ContainsFunc(given, func(g defaultGrant) bool { return g.kind == "r" && g.risky(grantee) != "" }) {
		severity = report.Advice // of sequences, which count
	}
	a.find(report.Finding{Rule: "privilege-default", Severity: severity, Cause: "all rights of " + grantee, Object: owner,
		Message: fmt.Sprintf("what role %s creates will be granted to %s: %s", owner, strings.Trim(to, `"`), strings.Join(what, "; ")),
		Fix:     strings.Join(fix, "; ")})
}

// grantOptions: what was granted WITH GRANT OPTION goes on to others.
func (a *audit) grantOptions(role *catalog.Role) {
	for _, s := range a.allPieces() {
		grants := slices.Clone(s.rel.Grants)
		for _, c := range s.rel.Columns {
			grants = append(grants, c.Grants...)
		}
		for _, g := range grants {
			if len(g.Grantable) > 0 && g.Grantee != s.rel.Owner && g.Grantee != "public" && !role.Super && belongs(role, g.Grantee) {
				a.find(report.Finding{Rule: "privilege-grant-option", Cause: "grant option of " + g.Grantee, Object: s.name,
					Message: fmt.Sprintf("role %s may grant %s on %s to any role", role.Name, strings.Join(g.Grantable, ", "), s.name),
					Fix:     fmt.Sprintf("REVOKE GRANT OPTION FOR %s ON %s FROM %s", strings.Join(g.Grantable, ", "), s.rel.Ident(), catalog.Ident(g.Grantee))})
				break
			}
		}
	}
}

// columnGrants reports tables on which a role may write some columns by a grant on these, and
// all of them by one on the table.
func (a *audit) columnGrants(role *catalog.Role) {
	for _, s := range a.allPieces() {
		for _, command := range []string{"INSERT", "UPDATE"} {
			whole := slices.IndexFunc(s.rel.Grants, func(g catalog.Grant) bool {
				return g.Has(command) && g.Grantee != s.rel.Owner && belongs(role, g.Grantee)
			})
			var named, others []string
			for _, c := range s.rel.Columns {
				if slices.ContainsFunc(c.Grants, func(g catalog.Grant) bool { return g.Has(command) && belongs(role, g.Grantee) }) {
					named = append(named, c.Name)
				} else {
					others = append(others, c.Name)
				}
			}
			if role.Super || whole < 0 || len(named) == 0 || len(others) == 0 {
				continue
			}
			grantedTo := s.rel.Grants[whole].Grantee
			// REVOKE on the table takes the privileges on its columns along.
			a.find(report.Finding{Rule: "privilege-columns", Object: s.name,
				Message: fmt.Sprintf("role %s may %s %s of %s by grants on these columns, and by one on the table also %s", role.Name, command, strings.Join(named, ", "), s.name, report.Several(others)),
				Fix: fmt.Sprintf("REVOKE %s ON %s FROM %s; GRANT %[1]s (%s) ON %[2]s TO %s", command, s.rel.Ident(), grantee(grantedTo),
					catalog.Idents(named), grantee(grantedTo))})
		}
	}
}

// ownsCode reports schemas, and functions that protection rests on, which a role
// owns: it can drop or replace them.
func (a *audit) ownsCode(role *catalog.Role) {
	if role.Super {
		return
	}
	reach := names(becomes(role))
	own := func(owner string) bool {
		r := a.cat.Role(owner)
		return slices.Contains(reach, owner) && r != nil && !r.Super
	}
	var owned, fix []string
	cause := ownedBy(role)
	mend := func(owner, what string) {
		sql := fmt.Sprintf("ALTER %s OWNER TO %s", what, a.migrator())
		if owner != role.Name {
			cause, sql = chainOf(role, a.cat.Role(owner)), roleFix(role, a.cat.Role(owner), "")
		}
		if !slices.Contains(fix, sql) {
			fix = append(fix, sql)
		}
	}
	for _, s := range a.cat.Schemas {
		if own(s.Owner) && slices.ContainsFunc(a.subjects, func(t *subject) bool { return t.rel.Schema == s.Name }) {
			owned = append(owned, "schema "+s.Name)
			mend(s.Owner, "SCHEMA "+catalog.Ident(s.Name))
		}
	}
	trusted := a.trusted()
	for _, f := range a.cat.Functions {
		if own(f.Owner) && trusted[f] {
			owned = append(owned, "function "+f.Schema+"."+f.Name+"("+f.Args+")")
			mend(f.Owner, "FUNCTION "+functionIdent(f))
		}
	}
	if len(owned) > 0 {
		a.find(report.Finding{Rule: "role-owner", Cause: cause, Object: role.Name,
			Message:  fmt.Sprintf("the application's role %s owns what protects the tables, and can replace or drop it", role.Name),
			Evidence: []string{strings.Join(owned, ", ")},
			Fix:      strings.Join(fix, "; ")})
	}
}

// trusted are the functions that policies call, and those of triggers on scoped tables.
func (a *audit) trusted() map[*catalog.Function]bool {
	called := map[string]bool{}
	out := map[*catalog.Function]bool{}
	for _, s := range a.subjects {
		for _, r := range a.withPartitions(s.rel) {
			for _, p := range r.Policies {
				for _, t := range sqltext.Tokens(p.Using + " " + p.WithCheck) {
					called[t.Text] = called[t.Text] || t.IsIdentifier()
				}
			}
			for _, t := range r.Triggers {
				if t.Function != nil {
					out[t.Function] = true
				}
			}
		}
	}
	for _, f := range a.cat.Functions {
		if called[f.Name] || len(a.readers[f.Name]) > 0 {
			out[f] = true
		}
	}
	return out
}

// texts reads one column of texts.
func (a *audit) texts(sql string, args ...any) ([]string, error) {
	rows, err := a.bypass.tx.Query(a.ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}
