package audit

import (
	"slices"
	"strings"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/sqltext"
)

// insertsOwn reports whether no row that a function inserts goes to a tenant that its caller
// names: it makes a tenant, or names the session or what it has found itself.
func (a *audit) insertsOwn(f *catalog.Function, tokens []sqltext.Token) bool {
	for i, t := range tokens {
		if !t.Is("INTO") || i == 0 || !tokens[i-1].Is("INSERT") {
			continue
		}
		statement := sqltext.TopLevel(tokens[i:], ";")[0]
		for _, name := range statement[1:min(4, len(statement))] {
			for _, r := range a.relations[name.Text] {
				if s := a.subject(r); s != nil && s.tenant == "" && a.writesArgument(f, s, statement) {
					return false
				}
			}
		}
	}
	return true
}

// writesFor reports whether a trigger's function writes a scoped table without naming the
// row that fired it: rows of other tenants change with it.
func (a *audit) writesFor(f *catalog.Function, s *subject) bool {
	tokens := code(f)
	for i, t := range tokens {
		into := t.Is("INTO") && i > 0 && tokens[i-1].Is("INSERT") || t.Is("UPDATE") || t.Is("FROM") && i > 0 && tokens[i-1].Is("DELETE")
		if !into || !slices.ContainsFunc(tokens[i+1:min(i+5, len(tokens))], func(t sqltext.Token) bool { return t.IsIdentifier() && t.Text == s.rel.Name }) {
			continue
		}
		statement := sqltext.TopLevel(tokens[i:], ";")[0]
		if !t.Is("INTO") { // of UPDATE and DELETE, what chooses the rows
			at := slices.IndexFunc(statement, func(t sqltext.Token) bool { return t.Is("WHERE") })
			statement = statement[max(at, 0):]
			if at < 0 {
				return true
			}
		}
		if !slices.ContainsFunc(statement, a.firedBy(f)) || t.Is("INTO") && a.writesElsewhere(f, s, statement) {
			return true
		}
	}
	return false
}

// firedBy tells the row that fired a trigger, and the table of all such rows that a trigger
// for a statement names.
func (a *audit) firedBy(f *catalog.Function) func(sqltext.Token) bool {
	var transition []string
	for _, r := range a.cat.Relations {
		for _, t := range r.Triggers {
			if t.Function != f {
				continue
			}
			tokens := sqltext.Tokens(t.Definition)
			for i := range tokens {
				if i > 1 && i+1 < len(tokens) && tokens[i].Is("AS") && tokens[i-1].Is("TABLE") && ofRow(tokens[i-2]) {
					transition = append(transition, tokens[i+1].Text)
				}
			}
		}
	}
	return func(t sqltext.Token) bool { return ofRow(t) || t.IsIdentifier() && slices.Contains(transition, t.Text) }
}

// ofRow reports whether a token is the row that fired a trigger.
func ofRow(t sqltext.Token) bool { return t.Is("NEW") || t.Is("OLD") }

// writesElsewhere reports whether an INSERT takes the tenant of what it writes from neither
// the row that fired the trigger, the session nor a variable.
func (a *audit) writesElsewhere(f *catalog.Function, s *subject, statement []sqltext.Token) bool {
	return a.tenantWritten(s, statement, func(value []sqltext.Token) bool {
		return !slices.ContainsFunc(value, ofRow) && !a.namesSession(value) && !namesArgument(f, value)
	})
}

// writesArgument reports whether an INSERT takes the tenant of what it writes from an argument.
func (a *audit) writesArgument(f *catalog.Function, s *subject, statement []sqltext.Token) bool {
	given := parameters(f)
	return a.tenantWritten(s, statement, func(value []sqltext.Token) bool {
		return slices.ContainsFunc(value, func(t sqltext.Token) bool {
			return t.Kind == sqltext.Parameter || t.IsIdentifier() && slices.ContainsFunc(given, func(n string) bool { return strings.EqualFold(n, t.Text) })
		})
	})
}

// tenantWritten reports whether an INSERT writes such a value into a column that carries the
// tenant.
func (a *audit) tenantWritten(s *subject, statement []sqltext.Token, such func(value []sqltext.Token) bool) bool {
	at := slices.IndexFunc(statement, func(t sqltext.Token) bool { return t.Is("(") })
	if at < 0 || sqltext.Closing(statement[at:]) < 0 {
		return false
	}
	columns := arguments(statement[at : at+sqltext.Closing(statement[at:])+1])
	rest := statement[at+sqltext.Closing(statement[at:])+1:]
	var values [][]sqltext.Token
	switch {
	case len(rest) > 1 && rest[0].Is("VALUES") && rest[1].Is("(") && sqltext.Closing(rest[1:]) > 0:
		values = arguments(rest[1 : sqltext.Closing(rest[1:])+2])
	case len(rest) > 1 && rest[0].Is("SELECT"):
		values = sqltext.TopLevel(sqltext.TopLevel(rest[1:], "FROM")[0], ",")
	}
	if len(values) != len(columns) {
		return false
	}
	for i, column := range columns {
		carries := len(column) == 1 && slices.ContainsFunc(s.scopes, func(sc seedbed.Scoped) bool { return contains(sc.Columns, column[0].Text) })
		if carries && such(values[i]) {
			return true
		}
	}
	return false
}
