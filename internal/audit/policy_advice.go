package audit

import (
	"fmt"
	"slices"
	"strings"

	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/report"
	"github.com/qarion/seedbed/internal/sqltext"
)

// policyAdvice is about what policies cost, and about what they should not rely on.
func (a *audit) policyAdvice() error {
	for _, r := range a.tables {
		for _, p := range r.Policies {
			a.userEditable(r, p)
			a.givesAway(r, p)
			if r.RLS {
				a.perRow(r, p)
			}
		}
		if r.RLS {
			a.severalPolicies(r)
		}
	}
	return nil
}

// userEditable finds policies that go by what a user writes: Supabase's user_metadata, and
// the headers and cookies of a request.
func (a *audit) userEditable(r *catalog.Relation, p *catalog.Policy) {
	what := ""
	for _, t := range a.expanded(sqltext.Tokens(p.Using+" AND "+checkOf(p)), 0) {
		text := strings.ToLower(t.Text)
		switch {
		case (t.Kind == sqltext.String || t.IsIdentifier()) && (text == "user_metadata" || text == "raw_user_meta_data"):
			what = t.Text
		case t.Kind == sqltext.String && slices.Contains(sqltext.ArrayElements(text), "user_metadata"):
			what = "user_metadata"
		case t.Kind == sqltext.String && (strings.HasPrefix(text, "request.header") || strings.HasPrefix(text, "request.cookie")):
			what = t.Text
		}
	}
	if what != "" {
		a.find(report.Finding{Rule: "policy-user-editable", Object: a.name(r) + "." + p.Name, Evidence: []string{"USING " + p.Using, "WITH CHECK " + p.WithCheck},
			Message: fmt.Sprintf("policy %s of %s goes by %s, which a user writes", p.Name, a.name(r), what),
			Fix:     "go by what the server signs and no user edits: the subject of the token, app_metadata, a table of memberships"})
	}
}

// givesAway finds policies of tables whose tenancy no column says that let a session change only
// rows of its own, and give them to any other: WITH CHECK does not ask for whom the row is then.
func (a *audit) givesAway(r *catalog.Relation, p *catalog.Policy) {
	using := sqltext.Tokens(p.Using)
	if !r.RLS || !p.Permissive || !p.Covers("UPDATE") || p.WithCheck == "" || a.subject(r) != nil || !a.namesSession(using) || a.namesSession(sqltext.Tokens(p.WithCheck)) {
		return
	}
	columns := columnsIn(r, using)
	for _, role := range a.cat.Roles {
		may := applies(p, role) && !role.Super && !role.BypassRLS && role.Name != r.Owner && slices.ContainsFunc(columns, func(c string) bool { return mayColumn(role, r, "UPDATE", c) })
		if !may || slices.ContainsFunc(r.Policies, func(q *catalog.Policy) bool {
			return !q.Permissive && q.Covers("UPDATE") && applies(q, role) && a.namesSession(sqltext.Tokens(checkOf(q)))
		}) {
			continue
		}
		a.find(report.Finding{Rule: "policy-without-tenant", Object: a.name(r) + "." + p.Name, Evidence: []string{"USING " + p.Using, "WITH CHECK " + p.WithCheck},
			Message: fmt.Sprintf("policy %s of %s lets %s change rows of its own session, by USING, and make them rows of any other: WITH CHECK asks nothing of the session", p.Name, a.name(r), role.Name),
			Fix:     fmt.Sprintf("ALTER POLICY %s ON %s WITH CHECK (%s)", catalog.Ident(p.Name), r.Ident(), p.Using)})
		return
	}
}

// expanded are an expression's tokens, and those of the functions that it calls.
func (a *audit) expanded(tokens []sqltext.Token, depth int) []sqltext.Token {
	out := slices.Clone(tokens)
	if depth > 2 {
		return out
	}
	for _, f := range a.calledIn(tokens) {
		out = append(out, a.expanded(code(f), depth+1)...)
	}
	return out
}

// perRow finds calls of one's own functions that a policy makes for each row, where once
// would do: what has no column of the row in it, and stands in no subquery. A scan of
// 200,000 rows took 12 ms with the call in a subquery, 145 with an SQL function of
// current_setting that Postgres inlines, 220 in plpgsql, 680 with one that parses claims.
func (a *audit) perRow(r *catalog.Relation, p *catalog.Policy) {
	for _, expr := range []string{p.Using, p.WithCheck} {
		call, _, _ := a.callPerRow(r, sqltext.Tokens(expr))
		if call == "" {
			continue
		}
		a.find(report.Finding{Rule: "policy-per-row", Cause: "calls per row", Object: a.name(r) + "." + p.Name, Evidence: []string{expr},
			Message: fmt.Sprintf("policy %s of %s computes %s for each row that is looked at", p.Name, a.name(r), call),
			Fix:     a.calledOnce(r, p, call)})
		return
	}
}

// calledOnce is SQL that puts the calls of a policy into subqueries, which Postgres runs once a
// query. Prose where one gives an array to ANY, which a subquery gives as a row.
func (a *audit) calledOnce(r *catalog.Relation, p *catalog.Policy, call string) string {
	sql := fmt.Sprintf("ALTER POLICY %s ON %s", catalog.Ident(p.Name), r.Ident())
	for _, c := range []clause{{name: "USING", expr: p.Using}, {name: "WITH CHECK", expr: p.WithCheck}} {
		expr := c.expr
		for range len(expr) { // ends: each round takes one call
			tokens := sqltext.Tokens(expr)
			found, from, to := a.callPerRow(r, tokens)
			if found == "" {
				break
			}
			if from > 1 && (tokens[from-2].Is("ANY") || tokens[from-2].Is("ALL") || tokens[from-2].Is("SOME")) {
				return fmt.Sprintf("write (SELECT %s): Postgres then calls it once a query", call)
			}
			begin, end := tokens[from].Pos, tokens[to].End
			expr = expr[:begin] + "(SELECT " + expr[begin:end] + ")" + expr[end:]
		}
		if expr != c.expr {
			sql += fmt.Sprintf(" %s (%s)", c.name, expr)
		}
	}
	return sql
}

// callPerRow is the first such call, as "f()" or "s.f(…)", and its first and last token; ""
// where there is none.
func (a *audit) callPerRow(r *catalog.Relation, tokens []sqltext.Token) (shown string, from, to int) {
	depth, inside := 0, []int{} // depths at which a subquery begins
	for i, t := range tokens {
		switch {
		case t.Is("("):
			depth++
			if i+1 < len(tokens) && tokens[i+1].Is("SELECT") {
				inside = append(inside, depth)
			}
		case t.Is(")"):
			if n := len(inside); n > 0 && inside[n-1] == depth {
				inside = inside[:n-1]
			}
			depth--
		case t.IsIdentifier() && len(inside) == 0 && i+1 < len(tokens) && tokens[i+1].Is("("):
			call := tokens[i+1:]
			end := sqltext.Closing(call)
			ofRow := end < 0 || len(columnsIn(r, call[:end])) > 0
			if !ofRow && a.own(t.Text) {
				name, arguments, from := t.Text, "()", i
				if i > 1 && tokens[i-1].Is(".") {
					name, from = tokens[i-2].Text+"."+name, i-2
				}
				if end > 1 {
					arguments = "(…)"
				}
				return name + arguments, from, i + 1 + end
			}
		}
	}
	return "", 0, 0
}

// own reports whether a function is the schema's, and no immutable one: those are folded.
func (a *audit) own(name string) bool {
	return slices.ContainsFunc(a.cat.Functions, func(f *catalog.Function) bool { return f.Name == name && f.Volatility != "i" })
}

// sharesRows reports whether a policy shows rows that are marked as shared: it says why it
// stands beside others, and another rule speaks of it.
func (a *audit) sharesRows(p *catalog.Policy) bool {
	s := a.subject(p.Table)
	return s != nil && p.Using != p.WithCheck && slices.ContainsFunc(clauses(p), func(c clause) bool { return a.shares(s, c) })
}

// severalPolicies finds permissive policies of one command for the same roles: each is
// evaluated for every row, and one that is wider than it looks opens the table.
func (a *audit) severalPolicies(r *catalog.Relation) {
	for i, p := range r.Policies {
		for _, q := range r.Policies[:i] {
			if !p.Permissive || !q.Permissive || p.Command != q.Command || !slices.Equal(p.Roles, q.Roles) || a.sharesRows(p) || a.sharesRows(q) {
				continue
			}
			f := report.Finding{Object: a.name(r) + "." + p.Name, Evidence: []string{q.Name + ": " + q.Using + q.WithCheck, p.Name + ": " + p.Using + p.WithCheck}}
			if p.Using == q.Using && p.WithCheck == q.WithCheck {
				f.Rule, f.Message = "policy-duplicate", fmt.Sprintf("policies %s and %s of %s say the same", q.Name, p.Name, a.name(r))
				f.Fix = fmt.Sprintf("DROP POLICY %s ON %s", catalog.Ident(p.Name), r.Ident())
			} else {
				f.Rule, f.Cause = "policies-several", "several policies"
				f.Message = fmt.Sprintf("policies %s and %s of %s are both for %s by %s: a row that either lets through is let through", q.Name, p.Name, a.name(r), p.Command, strings.Join(p.Roles, ", "))
				f.Fix = "make one policy of them, with OR between what each says"
			}
			a.find(f)
			return
		}
	}
}
