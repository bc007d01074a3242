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

// views finds what shows scoped rows with its owner's rights.
func (a *audit) views() error {
	for _, v := range a.cat.Relations {
		if v.Kind == catalog.ForeignTable {
			a.foreignTable(v)
		}
		if !v.IsView() {
			continue
		}
		var shows []string
		for _, r := range v.ReadsDeep() {
			if s := a.subject(r); s != nil && !slices.Contains(shows, s.name) {
				shows = append(shows, s.name)
			}
		}
		if len(shows) == 0 {
			continue
		}
		if v.Kind == catalog.MaterializedView {
			a.matview(v, shows)
		} else {
			a.view(v, shows)
		}
	}
	return a.rewriteRules()
}

func (a *audit) view(v *catalog.Relation, shows []string) {
	if v.Option("security_invoker") {
		return
	}
	keeps := a.viewKeeps(v)
	if keeps {
		a.checkOption(v)
	}
	if a.usesRLS && !keeps {
		a.find(report.Finding{Rule: "view-security-invoker", Cause: "views of owners", Object: a.name(v),
			Message: fmt.Sprintf("view %s reads %s as its owner, %s, not as the role that queries it", a.name(v), strings.Join(shows, ", "), v.Owner),
			Fix:     fmt.Sprintf("ALTER VIEW %s SET (security_invoker = true)", v.Ident())})
	}
	if a.filters(v) && !v.Option("security_barrier") {
		a.find(report.Finding{Rule: "view-security-barrier", Object: a.name(v),
			Message: fmt.Sprintf("view %s filters tenants, and a function in a query's WHERE may see the rows before that", a.name(v)),
			Fix:     fmt.Sprintf("ALTER VIEW %s SET (security_barrier = true)", v.Ident())})
	}
}

// viewKeeps reports whether a view shows rows of the session's tenant only, whichever role its
// owner is: its one WHERE compares the tenant of what it reads.
func (a *audit) viewKeeps(v *catalog.Relation) bool {
	tokens := sqltext.Tokens(strings.TrimSuffix(strings.TrimSpace(v.Definition), ";"))
	parts := sqltext.TopLevel(tokens, "WHERE")
	if len(parts) != 2 || len(sqltext.TopLevel(tokens, "UNION")) > 1 {
		return false
	}
	where := parts[1]
	for _, end := range []string{"GROUP", "ORDER", "LIMIT", "HAVING", "WINDOW"} {
		where = sqltext.TopLevel(where, end)[0]
	}
	found := false
	for _, r := range v.Reads {
		s := a.subject(r)
		if r.IsView() || s == nil {
			continue
		}
		if !a.bound(where, s, s.scopes) {
			return false
		}
		found = true
	}
	return found
}

// checkOption: through a view that filters, rows can be written that it does not show.
func (a *audit) checkOption(v *catalog.Relation) {
	open := slices.ContainsFunc(v.Reads, func(r *catalog.Relation) bool { return a.subject(r) != nil && a.passes(v.Owner, r) })
	if v.Options["check_option"] != "" || len(v.Triggers) > 0 || !open {
		return
	}
	for _, role := range a.roles.all() {
		for _, command := range []string{"INSERT", "UPDATE"} {
			if !role.Super && privilege(role, v, command) != "" {
				a.find(report.Finding{Rule: "view-check-option", Object: a.name(v),
					Message: fmt.Sprintf("role %s may %s rows of any tenant through view %s, which shows one's own only", role.Name, command, a.name(v)),
					Fix:     fmt.Sprintf("ALTER VIEW %s SET (check_option = cascaded)", v.Ident())})
				return
			}
		}
	}
}

// filters reports whether a view looks at who asks.
func (a *audit) filters(v *catalog.Relation) bool {
	return len(a.settingsIn(v.Definition)) > 0 || slices.ContainsFunc(sqltext.Tokens(v.Definition), func(t sqltext.Token) bool {
		return t.Is("current_user") || t.Is("session_user") || t.Is("current_role") || t.Is("user")
	})
}

// matview: no policy applies to a materialized view, whichever role reads it.
func (a *audit) matview(v *catalog.Relation, shows []string) {
	if who := a.readersOf(v); len(who) > 0 {
		a.find(report.Finding{Rule: "matview-granted", Object: a.name(v),
			Message: fmt.Sprintf("%s may read materialized view %s, which holds rows of %s of every tenant", strings.Join(who, ", "), a.name(v), strings.Join(shows, ", ")),
			Fix:     fmt.Sprintf("REVOKE SELECT ON %s FROM %s; /* and grant a view with security_barrier over it that filters by tenant */", v.Ident(), grantees(who))})
	}
}

// everyRole stands for PUBLIC among readers.
const everyRole = "every role"

// readersOf are the application's roles that may read a relation, and PUBLIC.
func (a *audit) readersOf(r *catalog.Relation) []string {
	var who []string
	for _, role := range a.roles.all() {
		if !role.Super && reachable(role, r, "SELECT") != "" {
			who = append(who, role.Name)
		}
	}
	for _, g := range publicGrants(r) {
		if strings.HasPrefix(strings.Join(g.Privileges, " "), "SELECT") {
			who = append(who, everyRole)
		}
	}
	slices.Sort(who)
	return slices.Compact(who)
}

// foreignTable: where a foreign table has a tenant's column, or is a partition of a
// scoped table, its rows are other tenants' as well.
func (a *audit) foreignTable(f *catalog.Relation) {
	who := a.readersOf(f)
	if len(who) == 0 || !a.usesRLS {
		return
	}
	for _, s := range a.subjects {
		for _, sc := range s.direct() {
			held := f.Root() == s.rel
			for i, name := range sc.Columns {
				c, own := f.Column(name), s.rel.Column(name)
				held = held || c != nil && own != nil && c.Type.Underlying() == own.Type.Underlying() && i == len(sc.Columns)-1
			}
			if held {
				a.find(report.Finding{Rule: "foreign-table-granted", Object: a.name(f),
					Message: fmt.Sprintf("%s may read foreign table %s, which has %s and can have no row-level security", strings.Join(who, ", "), a.name(f), strings.Join(sc.Columns, ", ")),
					Fix:     fmt.Sprintf("REVOKE SELECT ON %s FROM %s; /* and grant a view with security_barrier over it that filters by tenant */", f.Ident(), grantees(who))})
				return
			}
		}
	}
}

// rewriteRules act as the owner of the table or view that they are on, or throw away what is
// written there.
func (a *audit) rewriteRules() error {
	rows, err := a.bypass.tx.Query(a.ctx, `SELECT w.rulename::text, w.ev_class, d.refobjid, pg_get_ruledef(w.oid)
		FROM pg_rewrite w JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid AND d.refclassid = 'pg_class'::regclass
		WHERE w.ev_type <> '1' ORDER BY 1, 2, 3`)
	if err != nil {
		return err
	}
	var name, definition string
	var on, refers uint32
	seen := map[string]bool{}
	_, err = pgx.ForEachRow(rows, []any{&name, &on, &refers, &definition}, func() error {
		r, target := a.cat.Relation(on), a.cat.Relation(refers)
		if r != nil && r == target && !seen[a.name(r)+"."+name] {
			seen[a.name(r)+"."+name] = a.discards(r, name, definition)
		}
		if r == nil || target == nil || target == r && !actsOn(definition, r) {
			return nil
		}
		object := a.name(r) + "." + name
		if !a.usesRLS {
			return nil
		}
		for _, reached := range append([]*catalog.Relation{target}, target.ReadsDeep()...) {
			s := a.subject(reached)
			if s == nil || seen[object] || !a.passes(r.Owner, s.rel) {
				continue
			}
			seen[object] = true
			a.find(report.Finding{Rule: "rewrite-rule", Object: object, Evidence: []string{definition},
				Message: fmt.Sprintf("rule %s of %s reaches %s as %s, to whom row-level security does not apply", name, a.name(r), s.name, r.Owner),
				Fix:     "replace the rule by a trigger, which runs as the role that sent the statement"})
		}
		return nil
	})
	return err
}

// actsOn reports whether the actions of a rule read or write a relation: that a rule is on it,
// and goes by its NEW and OLD rows, does not.
func actsOn(definition string, r *catalog.Relation) bool {
	tokens := sqltext.Tokens(definition)
	actions := tokens[max(0, sqltext.Index(tokens, "do")):]
	for i, t := range actions {
		if !t.IsIdentifier() || t.Text != r.Name || i == 0 {
			continue
		}
		before := actions[i-1]
		if before.Is(".") && i > 1 && actions[i-2].Text == r.Schema {
			before = actions[max(0, i-3)]
		}
		if slices.ContainsFunc([]string{"UPDATE", "FROM", "INTO", "JOIN", "USING", "ONLY", ","}, before.Is) {
			return true
		}
	}
	return false
}

// discards finds the rule that throws away what is written to a tenant's table.
func (a *audit) discards(r *catalog.Relation, rule, definition string) bool {
	s := a.subject(r)
	tokens := sqltext.Tokens(definition)
	at := sqltext.Index(tokens, "do")
	if s == nil || !r.IsTable() || at < 0 || !sqltext.At(tokens, at, "DO", "INSTEAD", "NOTHING") || sqltext.Index(tokens[:at], "where") >= 0 {
		return false
	}
	on := sqltext.Index(tokens, "on")
	command := strings.ToUpper(tokens[on+1].Text)
	f := report.Finding{Rule: "rewrite-rule", Cause: "rules that discard: " + a.name(r), Object: a.name(r) + "." + rule, Evidence: []string{definition},
		Message: fmt.Sprintf("rule %s of %s throws every %s away: the statement succeeds and does nothing", rule, a.name(r), command),
		Fix:     fmt.Sprintf("DROP RULE %s ON %s; /* or let a trigger raise an error in its place */", catalog.Ident(rule), r.Ident())}
	if command == "DELETE" && s.tenant == "" {
		f.Message += fmt.Sprintf("; the rows stay when their %s goes", s.innermost())
	}
	if isLog(s.rel) && command != "INSERT" {
		f.Severity, f.Cause = report.Advice, "logs that keep their rows"
	}
	a.find(f)
	return true
}
