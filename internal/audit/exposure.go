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

// exposure finds what belongs to no tenant and still is not for every session: the users of
// an authentication schema behind a view, and columns of secrets without policies.
func (a *audit) exposure() error {
	for _, v := range a.cat.Relations {
		if v.IsView() && !v.Option("security_invoker") {
			a.showsUsers(v)
		}
	}
	if !a.usesRLS {
		return nil
	}
	for _, r := range a.tables {
		switch {
		case r.Bookkeeping() || a.subject(r) != nil:
		case r.RLS:
			a.openedBeside(r)
		default:
			a.showsSecrets(r)
		}
	}
	return nil
}

func (a *audit) showsUsers(v *catalog.Relation) {
	users := slices.ContainsFunc(v.ReadsDeep(), func(r *catalog.Relation) bool { return r.Schema == "auth" && r.Name == "users" })
	who := a.readersOf(v)
	if !users || len(who) == 0 || a.namesSession(sqltext.Tokens(v.Definition)) {
		return
	}
	a.find(report.Finding{Rule: "auth-users-exposed", Object: a.name(v),
		Message: fmt.Sprintf("%s may read view %s, which shows auth.users of every tenant", strings.Join(who, ", "), a.name(v)),
		Fix:     fmt.Sprintf("REVOKE SELECT ON %s FROM %s; /* or keep what is public of a user in a table of its own */", v.Ident(), grantees(who))})
}

// grantees are readers as REVOKE names them.
func grantees(readers []string) string {
	roles := slices.DeleteFunc(slices.Clone(readers), func(name string) bool { return name == everyRole })
	return strings.TrimPrefix(catalog.Idents(roles)+", PUBLIC", ", ")
}

func (a *audit) showsSecrets(r *catalog.Relation) {
	who := a.readersOf(r)
	if len(who) == 0 {
		return
	}
	var columns []string
	for _, c := range r.Columns {
		if isSensitive(c.Name) {
			columns = append(columns, c.Name)
		}
	}
	if len(columns) > 0 {
		a.find(report.Finding{Rule: "sensitive-exposed", Object: a.name(r),
			Message: fmt.Sprintf("%s may read every row of %s, which has %s", strings.Join(who, ", "), a.name(r), strings.Join(columns, ", ")),
			Fix:     fmt.Sprintf("ALTER TABLE %s ENABLE ROW LEVEL SECURITY; /* and CREATE POLICY; or REVOKE SELECT, and GRANT it on the other columns */", r.Ident())})
	}
}

// openedBeside finds, in a table of no tenant, policies that ask nothing of the session beside
// others which hold the row against it for the same command: those are in vain.
func (a *audit) openedBeside(r *catalog.Relation) {
	for _, p := range r.Policies {
		if !p.Permissive || p.Using == "" || p.Using == "false" || a.holdsRow(r, sqltext.Tokens(p.Using)) {
			continue
		}
		for _, q := range r.Policies {
			command := commonCommand(p, q)
			reader := slices.IndexFunc(a.roles.app, func(role *catalog.Role) bool { return applies(p, role) && applies(q, role) })
			if !q.Permissive || command == "" || reader < 0 || !a.holdsRow(r, sqltext.Tokens(q.Using)) || apart(r, p, q) {
				continue
			}
			a.find(report.Finding{Rule: "policy-without-tenant", Cause: "opened beside others: " + a.name(r), Object: a.name(r) + "." + p.Name,
				Message:  fmt.Sprintf("policy %s of %s lets %s %s rows whoever asks, though policy %s holds them against the session", p.Name, a.name(r), a.roles.app[reader].Name, command, q.Name),
				Evidence: []string{p.Name + ": USING " + p.Using, q.Name + ": USING " + q.Using},
				Fix:      fmt.Sprintf("DROP POLICY %s ON %s; /* or let it compare the row with the session as well */", catalog.Ident(p.Name), r.Ident())})
			break
		}
	}
}

// commonCommand is what two policies choose rows for, the worst first; "" where nothing.
func commonCommand(p, q *catalog.Policy) string {
	for _, command := range []string{"DELETE", "UPDATE", "SELECT"} {
		if p.Covers(command) && q.Covers(command) {
			return command
		}
	}
	return ""
}

// holdsRow reports whether an expression is true only where something of the row is
// compared with something of the session.
func (a *audit) holdsRow(r *catalog.Relation, tokens []sqltext.Token) bool {
	tokens = bare(tokens)
	if sides := sqltext.TopLevel(tokens, "OR"); len(sides) > 1 {
		return !slices.ContainsFunc(sides, func(side []sqltext.Token) bool { return !a.holdsRow(r, side) })
	}
	if sides := sqltext.TopLevel(tokens, "AND"); len(sides) > 1 {
		return slices.ContainsFunc(sides, func(side []sqltext.Token) bool { return a.holdsRow(r, side) })
	}
	return len(columnsIn(r, tokens)) > 0 && a.namesSession(tokens)
}

// apart reports whether two policies are for rows with different values in a column: two
// buckets, say.
func apart(r *catalog.Relation, p, q *catalog.Policy) bool {
	of := literals(r, q)
	for column, value := range literals(r, p) {
		if other, both := of[column]; both && other != value {
			return true
		}
	}
	return false
}

// literals are the columns that a policy wants to have one value, written in it.
func literals(r *catalog.Relation, p *catalog.Policy) map[string]string {
	out := map[string]string{}
	for _, side := range sqltext.TopLevel(bare(sqltext.Tokens(p.Using)), "AND") {
		left, op, right := compare(bare(side))
		left, right = sqltext.Unwrap(left), sqltext.Unwrap(right)
		if op == "=" && len(left) > 0 && left[0].IsIdentifier() && r.Column(left[0].Text) != nil && len(right) > 0 && right[0].Kind == sqltext.String {
			out[left[0].Text] = right[0].Text
		}
	}
	return out
}

// isSensitive reports whether a column's name says that its values are secrets or identify
// a person to the state or a bank.
func isSensitive(column string) bool {
	w := words(column)
	joined := strings.Join(w, "")
	return slices.ContainsFunc([]string{"password", "passwd", "secret", "ssn", "socialsecurity", "creditcard", "cardnumber", "cvv", "iban", "passport", "apikey", "privatekey", "accesstoken", "refreshtoken", "taxid"},
		func(s string) bool { return strings.Contains(joined, s) && !strings.HasSuffix(joined, "at") })
}

// presets finds settings of roles and of the database that put every session into a
// tenant, or make it some user's.
func (a *audit) presets() error {
	var settings []string
	for _, t := range a.model.Tenants {
		settings = append(settings, t.Setting)
	}
	for _, m := range a.model.Memberships {
		settings = append(settings, m.Setting)
	}
	settings = slices.DeleteFunc(settings, func(s string) bool { return s == "" })
	rows, err := a.bypass.tx.Query(a.ctx, `SELECT coalesce(r.rolname::text, ''), coalesce(d.datname::text, ''), split_part(c, '=', 1), c
		FROM pg_db_role_setting s CROSS JOIN unnest(s.setconfig) c LEFT JOIN pg_roles r ON r.oid = s.setrole LEFT JOIN pg_database d ON d.oid = s.setdatabase
		WHERE (s.setdatabase = 0 OR d.datname = current_database()) AND lower(split_part(c, '=', 1)) = ANY ($1) AND c !~ '=("")?$'
		ORDER BY 1, 2, 3`, lowered(settings))
	if err != nil {
		return err
	}
	var role, database, setting, config string
	_, err = pgx.ForEachRow(rows, []any{&role, &database, &setting, &config}, func() error {
		object, alter := role, "ROLE "+catalog.Ident(role)
		switch {
		case role == "" && database == "":
			object, alter = "ALL", "ROLE ALL"
		case role == "":
			object, alter = "database "+database, "DATABASE "+catalog.Ident(database)
		case database != "":
			alter += " IN DATABASE " + catalog.Ident(database)
		}
		a.find(report.Finding{Rule: "tenant-preset", Object: object, Evidence: []string{config},
			Message: fmt.Sprintf("every session of %s begins with %s set: one that forgets to say which tenant it is for sees that one's rows", object, setting),
			Fix:     fmt.Sprintf("ALTER %s RESET %s", alter, setting)})
		return nil
	})
	return err
}

func lowered(all []string) []string {
	out := []string{}
	for _, s := range all {
		out = append(out, strings.ToLower(s))
	}
	return out
}
