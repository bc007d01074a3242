package audit

import (
	"fmt"
	"slices"
	"strings"

	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/report"
	"github.com/qarion/seedbed/internal/sqltext"
)

// tenantTriggers finds triggers of scoped tables that put a row into a tenant that neither the
// row nor the session names: by assigning the tenant's column, or by inserting elsewhere.
func (a *audit) tenantTriggers() error {
	var unread []string
	for _, s := range a.subjects {
		for _, t := range s.rel.Triggers {
			if t.Function == nil || t.Inherited || t.Enabled == "D" || t.Enabled == "R" || t.Function.Extension != "" {
				continue
			}
			object := s.name + "." + t.Name
			if t.Function.Language != "plpgsql" && t.Function.Language != "internal" {
				unread = append(unread, fmt.Sprintf("%s (in %s)", object, t.Function.Language))
				continue
			}
			message := a.movesRow(s, t)
			if message == "" {
				message = a.insertsForOthers(s, t.Function)
			}
			if message != "" {
				a.find(report.Finding{Rule: "trigger-crosses", Cause: "trigger function " + t.Function.Schema + "." + t.Function.Name, Object: object,
					Message: fmt.Sprintf("trigger %s of %s %s", t.Name, s.name, message), Evidence: []string{t.Definition},
					Fix: "take the tenant from the row that fires the trigger, or from what that row references"})
			}
		}
	}
	if len(unread) > 0 {
		a.unchecked("triggers", "what they write is not known, for only PL/pgSQL is read: %s", report.Several(unread))
	}
	return nil
}

// movesRow says that a trigger assigns the tenant of the row that fires it something that
// is not of the row. "": it does not.
func (a *audit) movesRow(s *subject, t *catalog.Trigger) string {
	if !t.Row || !t.Before {
		return ""
	}
	all := statements(sqltext.Tokens(t.Function.Body))
	for _, statement := range all {
		to, value := assigned(statement)
		if len(to) != 3 || !to[0].Is("new") || !to[1].Is(".") {
			continue
		}
		for _, sc := range s.direct() {
			if contains(sc.Columns, to[2].Text) && a.namesAnother(t.Function, all, value) && !a.filtered(t.Function, s, value) {
				return fmt.Sprintf("sets %s to what neither the row nor the session says: the row lands with %s that is not its own", to[2].Text, withArticle(sc.Tenant))
			}
		}
	}
	return ""
}

// insertsForOthers says that a trigger's function inserts rows whose tenant does not come
// from the row that fires it. "": none. Of functions that run with their owner's rights
// past row-level security another rule says it.
func (a *audit) insertsForOthers(s *subject, f *catalog.Function) string {
	if f.SecurityDefiner && a.usesRLS {
		return ""
	}
	all := statements(sqltext.Tokens(f.Body))
	for _, statement := range all {
		if len(statement) < 3 || !sqltext.At(statement, 0, "INSERT", "INTO") {
			continue
		}
		into := statement[2]
		if len(statement) > 4 && statement[3].Is(".") {
			into = statement[4]
		}
		for _, r := range a.relations[into.Text] {
			target := a.subject(r)
			if !into.IsIdentifier() || target == nil || len(target.direct()) == 0 || len(a.shared(s.rel, target.rel)) == 0 {
				continue
			}
			if a.follows(f, source(statement)) || a.filtered(f, target, source(statement)) {
				continue
			}
			if a.tenantWritten(target, statement, func(value []sqltext.Token) bool {
				read := len(source(statement)) > 0 && !isConstant(value)
				return a.namesAnother(f, all, value) || read && a.namesAnother(f, all, source(statement)) && !a.follows(f, value)
			}) {
				return fmt.Sprintf("inserts into %s for %s that neither the row nor the session names", target.name, withArticle(target.innermost()))
			}
		}
	}
	return ""
}

// source is what an INSERT reads its rows from: all from the FROM of its SELECT on, to what is
// to be done about conflicts.
func source(insert []sqltext.Token) []sqltext.Token {
	parts := sqltext.TopLevel(insert, "FROM")
	if len(parts) < 2 {
		return nil
	}
	from := append([]sqltext.Token{{Text: "SELECT"}, {Text: "FROM"}}, insert[len(parts[0])+1:]...)
	for i := range from {
		if sqltext.At(from, i, "ON", "CONFLICT") {
			return from[:i]
		}
	}
	return from
}

// filtered reports whether policies choose what a function reads: it runs as the caller.
func (a *audit) filtered(f *catalog.Function, s *subject, value []sqltext.Token) bool {
	return !f.SecurityDefiner && s.rel.RLS && len(value) > 0 && !isConstant(value)
}

// namesAnother reports whether a value is a constant, or is read from tables without a word of
// the row that fires the trigger, of the session, of a variable that holds one of them, or of
// an argument of the trigger.
func (a *audit) namesAnother(f *catalog.Function, all [][]sqltext.Token, value []sqltext.Token) bool {
	value = sqltext.Unwrap(value)
	if isConstant(value) {
		return true
	}
	if len(value) == 1 && value[0].IsIdentifier() {
		return a.holdsAnother(f, all, value[0].Text)
	}
	reads := slices.ContainsFunc(value, func(t sqltext.Token) bool { return strings.EqualFold(t.Text, "SELECT") }) &&
		slices.ContainsFunc(value, func(t sqltext.Token) bool { return strings.EqualFold(t.Text, "FROM") })
	own := a.follows(f, value) || slices.ContainsFunc(value, func(t sqltext.Token) bool { return t.Is("TG_ARGV") }) || a.namesSession(value)
	if !own && slices.ContainsFunc(value, ofRow) && !unlike(value) {
		return true // of its document
	}
	if own || !reads {
		return false
	}
	for _, name := range variables(f) {
		if mentions(value, name) && !isTarget(value, name) && !a.holdsAnother(f, all, name) {
			return false
		}
	}
	return true
}

// isTarget reports whether a SELECT … INTO name gives a variable its value.
func isTarget(value []sqltext.Token, name string) bool {
	at := sqltext.Index(value, "INTO")
	return at >= 0 && at+1 < len(value) && value[at+1].Text == name
}

// holdsAnother reports whether all that a variable is assigned is of no row that fires the
// trigger.
func (a *audit) holdsAnother(f *catalog.Function, all [][]sqltext.Token, name string) bool {
	if !contains(variables(f), name) {
		return false
	}
	found := false
	for _, statement := range all {
		if to, value := assigned(statement); len(to) == 1 && to[0].Text == name {
			if mentionsOther(f, value, name) || !a.namesAnother(f, nil, value) {
				return false
			}
			found = true
		}
	}
	return found
}

// mentionsOther reports whether a value has a variable in it, beside the one that it is for.
func mentionsOther(f *catalog.Function, value []sqltext.Token, name string) bool {
	return slices.ContainsFunc(without(variables(f), []string{name}), func(other string) bool { return mentions(value, other) })
}

// isConstant reports whether a value is one literal, with a cast or without.
func isConstant(value []sqltext.Token) bool {
	value = sqltext.Unwrap(value)
	if len(value) == 0 || value[0].Kind != sqltext.String && value[0].Kind != sqltext.Number {
		return false
	}
	return len(value) == 1 || value[1].Is("::") || value[1].Is(":")
}

// statements are those of a body in PL/pgSQL, in whichever branch or loop they stand.
func statements(body []sqltext.Token) (out [][]sqltext.Token) {
	var statement []sqltext.Token
	for i, t := range body {
		switch {
		case t.Is(";"):
			out = append(out, statement)
			statement = nil
		case t.Is("THEN") || t.Is("ELSE") || t.Is("LOOP") || t.Is("BEGIN") && (i == 0 || !body[i-1].Is("END")):
			statement = nil
		default:
			statement = append(statement, t)
		}
	}
	return out
}
