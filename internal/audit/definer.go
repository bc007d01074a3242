package audit

import (
	"fmt"
	"slices"
	"strings"

	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/report"
	"github.com/qarion/seedbed/internal/sqltext"
)

// functions finds those that run with more rights than their caller.
func (a *audit) functions() error {
	for _, f := range a.cat.Functions {
		name := f.Schema + "." + f.Name + "(" + f.Args + ")"
		if f.SecurityDefiner {
			a.definer(f, name)
		}
		if f.Leakproof && f.Language != "internal" && f.Language != "c" {
			a.find(report.Finding{Rule: "function-leakproof", Object: name,
				Message: fmt.Sprintf("function %s is LEAKPROOF: Postgres may run it on rows before their policy has been looked at", name),
				Fix:     fmt.Sprintf("ALTER FUNCTION %s NOT LEAKPROOF", functionIdent(f))})
		}
	}
	return nil
}

// functionIdent is the function as ALTER FUNCTION names it.
func functionIdent(f *catalog.Function) string {
	return catalog.Ident(f.Schema, f.Name) + "(" + f.Args + ")"
}

func (a *audit) definer(f *catalog.Function, name string) {
	if why := a.loosePath(f); why != "" {
		a.find(report.Finding{Rule: "definer-search-path", Cause: "search_path: " + why, Object: name,
			Message: fmt.Sprintf("function %s runs as %s (SECURITY DEFINER) with %s", name, f.Owner, why),
			Fix:     fmt.Sprintf("ALTER FUNCTION %s SET search_path = pg_catalog, pg_temp; /* and qualify the names in its body */", functionIdent(f))})
	}
	if !a.usesRLS || !a.callable(f) {
		return
	}
	if a.keepsToSession(f, 0) {
		return
	}
	for _, s := range a.touches(f, 0) {
		if f.Returns == "trigger" && !a.writesFor(f, s) {
			continue
		}
		if a.passes(f.Owner, s.rel) {
			a.find(report.Finding{Rule: "definer-bypasses-rls", Object: name,
				Message: fmt.Sprintf("function %s reaches %s as %s, to whom row-level security does not apply, and the application may have it run%s", name, s.name, f.Owner, handsOut(f)),
				Fix:     a.fixDefiner(f)})
			return
		}
	}
	passed := slices.IndexFunc(a.subjects, func(s *subject) bool { return a.passes(f.Owner, s.rel) })
	if f.Returns != "trigger" && passed >= 0 && runsArgument(f) {
		a.find(report.Finding{Rule: "definer-bypasses-rls", Object: name,
			Message: fmt.Sprintf("function %s runs a statement that its caller chooses parts of, as %s, to whom row-level security of %s does not apply", name, f.Owner, a.subjects[passed].name),
			Fix:     a.fixDefiner(f)})
	}
}

// fixDefiner is what to do about a function that passes policies. Where policies call it, it
// has to: as its caller it would meet them again.
func (a *audit) fixDefiner(f *catalog.Function) string {
	if a.calledByPolicies(f) {
		return fmt.Sprintf("compare the tenant of its rows with the session's, or look the session's user up in them; do not make it SECURITY INVOKER: policies call %s, which would meet them again", functionIdent(f))
	}
	return fmt.Sprintf("ALTER FUNCTION %s SECURITY INVOKER; /* or compare the tenant of its rows with the session's; or REVOKE EXECUTE on it from the application and PUBLIC */", functionIdent(f))
}

// handsOut says of a function that counts rows that it gives away no more than their number,
// and of one that returns nothing that it gives away none.
func handsOut(f *catalog.Function) string {
	if f.Returns == "void" {
		return ": it hands out no rows, and acts on those of any tenant"
	}
	tokens := sqltext.Tokens(f.Body)
	at := sqltext.Index(tokens, "select")
	number := slices.Contains([]string{"bigint", "integer", "numeric", "smallint"}, f.Returns)
	if number && at >= 0 && at+1 < len(tokens) && tokens[at+1].Is("count") {
		return ": it hands out a number, not the rows"
	}
	return ""
}

// runsArgument reports whether a function runs a text by EXECUTE into which an argument goes
// as more than a value: by || or by the %I or %s of format.
func runsArgument(f *catalog.Function) bool {
	for _, statement := range sqltext.TopLevel(sqltext.Tokens(f.Body), ";") {
		at := sqltext.Index(statement, "execute")
		if at < 0 || f.Language != "plpgsql" {
			continue
		}
		text := statement[at+1:]
		if using := sqltext.Index(text, "using"); using >= 0 {
			text = text[:using]
		}
		quoted := func(t sqltext.Token) bool {
			return t.Kind == sqltext.String && !strings.Contains(t.Text, "%I") && !strings.Contains(t.Text, "%s")
		}
		format := sqltext.Index(text, "format") >= 0 && slices.ContainsFunc(text, quoted)
		if namesArgument(f, text) && !format {
			return true
		}
	}
	return false
}

// showsShared reports whether a query is for rows that are marked as shared.
func showsShared(where []sqltext.Token) bool {
	for i, t := range where {
		if t.IsIdentifier() && marksShared(t.Text) && !(i+1 < len(where) && where[i+1].Is(".")) {
			return true
		}
	}
	return false
}

// namesArgument reports whether tokens have an argument of a function in them, or a
// variable that it has found by one.
func namesArgument(f *catalog.Function, tokens []sqltext.Token) bool {
	names := append(parameters(f), variables(f)...)
	for i, t := range tokens {
		if t.Kind == sqltext.Parameter {
			return true
		}
		own := i < 2 || !tokens[i-1].Is(".") || tokens[i-2].Is(f.Name)
		if t.IsIdentifier() && own && slices.ContainsFunc(names, func(n string) bool { return n != "" && strings.EqualFold(n, t.Text) }) {
			return true
		}
	}
	return false
}

// variables that a function declares.
func variables(f *catalog.Function) (names []string) {
	tokens := sqltext.Tokens(f.Body)
	from := slices.IndexFunc(tokens, func(t sqltext.Token) bool { return t.Is("DECLARE") })
	to := slices.IndexFunc(tokens, func(t sqltext.Token) bool { return t.Is("BEGIN") })
	if f.Language != "plpgsql" || from < 0 || to < from {
		return nil
	}
	for _, declaration := range sqltext.TopLevel(tokens[from+1:to], ";") {
		if len(declaration) > 1 && declaration[0].IsIdentifier() {
			names = append(names, declaration[0].Text)
		}
	}
	return names
}

// comparesSecret reports whether a column that holds secrets is compared with an argument.
func comparesSecret(f *catalog.Function, tokens []sqltext.Token) bool {
	for i, t := range tokens {
		if !t.Is("=") {
			continue
		}
		left, right := tokens[max(0, i-3):i], tokens[i+1:min(len(tokens), i+4)]
		secret := func(side []sqltext.Token) bool {
			return slices.ContainsFunc(side, func(t sqltext.Token) bool { return t.IsIdentifier() && isSecret("", t.Text) })
		}
		if secret(left) && namesArgument(f, right) || secret(right) && namesArgument(f, left) {
			return true
		}
	}
	return false
}

// fromClauses are the pieces of a statement that begin at each FROM, UPDATE or DELETE
// and go on to its end: what such a query filters by stands in it.
func fromClauses(statement []sqltext.Token) (all [][]sqltext.Token) {
	var selects []bool // of each parenthesis that is open, whether a query stands in it
	for i, t := range statement {
		switch {
		case t.Is("("):
			selects = append(selects, i+1 < len(statement) && (statement[i+1].Is("SELECT") || statement[i+1].Is("WITH")))
		case t.Is(")") && len(selects) > 0:
			selects = selects[:len(selects)-1]
		}
		compares := i > 0 && statement[i-1].Is("DISTINCT") // IS DISTINCT FROM
		extracts := len(selects) > 0 && !selects[len(selects)-1]
		if t.Is("FROM") && !compares && !extracts || t.Is("UPDATE") && (i+1 < len(statement) && statement[i+1].IsIdentifier()) {
			all = append(all, statement[i:])
		}
	}
	return all
}

// namesSession reports whether an expression has a setting or name of the session in it,
// or a function that reads one.
func (a *audit) namesSession(tokens []sqltext.Token) bool {
	return len(a.readers.In(tokens)) > 0 || slices.ContainsFunc(tokens, func(t sqltext.Token) bool {
		return t.Is("session_user") || t.Is("current_setting")
	})
}

// loosePath says how a caller gets objects of its own into a function's path; "" where
// it does not.
func (a *audit) loosePath(f *catalog.Function) string {
	path, pinned := f.Config["search_path"]
	if !pinned {
		return "the caller's search_path"
	}
	schemas := pathOf(path)
	for _, name := range schemas {
		if name == "$user" {
			return "a search_path that begins with the caller's own schema ($user)"
		}
		for _, role := range a.roles.all() {
			if s := a.schema(name); s != nil && !role.Super && slices.ContainsFunc(s.Grants, func(g catalog.Grant) bool { return g.Has("CREATE") && mayAct(role, g.Grantee) }) {
				return fmt.Sprintf("schema %s in its search_path, in which %s may create objects", name, role.Name)
			}
		}
	}
	// Unless the path says where, temporary tables are found first.
	if !slices.Contains(schemas, "pg_temp") {
		if table := a.unqualified(f, schemas); table != "" {
			return fmt.Sprintf("%s found by search_path, before which come temporary tables of the caller: pg_temp is not last in it", table)
		}
	}
	return ""
}

func (a *audit) schema(name string) *catalog.Schema {
	for _, s := range a.cat.Schemas {
		if s.Name == name {
			return s
		}
	}
	return nil
}

func pathOf(setting string) []string {
	var out []string
	for _, t := range sqltext.Tokens(setting) {
		if t.Kind != sqltext.Symbol && t.Text != "" {
			out = append(out, t.Text)
		}
	}
	return out
}

// unqualified is a table that a body names without its schema. Bodies in the form of
// the SQL standard are bound when they are created.
func (a *audit) unqualified(f *catalog.Function, schemas []string) string {
	tokens := code(f)
	if len(tokens) > 0 && (tokens[0].Is("RETURN") || f.Language == "sql" && tokens[0].Is("BEGIN")) {
		return ""
	}
	for i, t := range tokens {
		if !t.IsIdentifier() || !standsForTable(tokens, i) {
			continue
		}
		if r := a.cat.Table(t.Text); r != nil && slices.Contains(schemas, r.Schema) && (i+1 == len(tokens) || !tokens[i+1].Is(".")) {
			return t.Text
		}
	}
	return ""
}

// standsForTable reports whether a name stands where a statement names a table: after FROM,
// JOIN, UPDATE or INSERT INTO, or in the list after FROM.
func standsForTable(tokens []sqltext.Token, i int) bool {
	is := func(at int, words ...string) bool { return at >= 0 && slices.ContainsFunc(words, tokens[at].Is) }
	from := i - 1
	if is(from, ",") {
		from = lastIndex(tokens[:i], "FROM", "SELECT", "WHERE", "SET", "VALUES", "RETURNING", "INTO", ";")
	}
	switch {
	case is(from, "JOIN"), is(from, "UPDATE") && !is(from-1, "FOR", "DO"):
		return true
	case is(from, "INTO"):
		return from == i-1 && is(from-1, "INSERT", "MERGE")
	case !is(from, "FROM"):
		return false
	}
	return slices.ContainsFunc(fromClauses(tokens[:i]), func(clause []sqltext.Token) bool { return clause[0].Pos == tokens[from].Pos && clause[0].Is("FROM") })
}

// code is what a function's body says, that of the strings in it too: they may be
// run by EXECUTE.
func code(f *catalog.Function) []sqltext.Token {
	var out []sqltext.Token
	for _, t := range sqltext.Tokens(f.Body) {
		out = append(out, t)
		if t.Kind == sqltext.String && f.Language != "sql" {
			out = append(out, sqltext.Tokens(t.Text)...)
		}
	}
	return out
}

// touches are the scoped tables that a function names, also by views and by
// functions that it calls.
func (a *audit) touches(f *catalog.Function, depth int) []*subject {
	var out []*subject
	if depth > 3 {
		return nil
	}
	add := func(r *catalog.Relation) {
		if s := a.subject(r); s != nil && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	tokens := code(f)
	own := append(parameters(f), variables(f)...)
	for i, t := range tokens {
		if !t.IsIdentifier() || slices.Contains(own, t.Text) && !standsForTable(tokens, i) && !(i > 0 && tokens[i-1].Is(".")) {
			continue
		}
		for _, r := range a.named(tokens, i) {
			add(r)
			for _, below := range r.ReadsDeep() {
				add(below)
			}
		}
		if i+1 < len(tokens) && tokens[i+1].Is("(") {
			for _, g := range a.cat.Functions {
				if g.Name == t.Text && g != f && a.lendsRights(g) && !(g.SecurityDefiner && a.keepsToSession(g, depth+1)) {
					for _, s := range a.touches(g, depth+1) {
						add(s.rel)
					}
				}
			}
		}
	}
	return out
}

// callable reports whether the application can have a function run: by calling it, or
// as the trigger of a table that it may write.
func (a *audit) callable(f *catalog.Function) bool {
	if len(a.roles.all()) == 0 {
		return true
	}
	for _, role := range a.roles.all() {
		for _, g := range f.Grants {
			if g.Has("EXECUTE") && mayAct(role, g.Grantee) && f.Returns != "trigger" {
				return true
			}
		}
		for _, r := range a.cat.Relations {
			for _, t := range r.Triggers {
				if t.Function == f && t.Enabled != "D" && (t.Insert && reachable(role, r, "INSERT") != "" || t.Update && reachable(role, r, "UPDATE") != "" || t.Delete && reachable(role, r, "DELETE") != "") {
					return true
				}
			}
		}
	}
	return false
}

// passes reports whether row-level security of a table is nothing to a role.
func (a *audit) passes(role string, r *catalog.Relation) bool {
	o := a.cat.Role(role)
	if o == nil {
		return false
	}
	if o.Super || o.BypassRLS || !r.RLS || r.Owner == role && !r.ForceRLS {
		return true
	}
	// An owner's own policy for provisioning lets everything through.
	return slices.ContainsFunc(r.Policies, func(p *catalog.Policy) bool {
		return p.Permissive && slices.Contains(p.Roles, role) && p.Using == "true"
	})
}
