package audit

import (
	"slices"
	"strings"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/graph"
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
			if at < 0 || a.choosesByValue(f, s, statement[:at], statement[at+1:]) {
				return true
			}
			statement = statement[at:]
		}
		if !slices.ContainsFunc(statement, a.firedBy(f)) || t.Is("INTO") && a.writesElsewhere(f, s, statement) {
			return true
		}
	}
	return false
}

// choosesByValue reports whether an UPDATE or DELETE chooses rows by what they have in common
// with the row that fired it, such as a name, and not by whose they are or which.
func (a *audit) choosesByValue(f *catalog.Function, s *subject, head, where []sqltext.Token) bool {
	if slices.ContainsFunc(head[1:], func(t sqltext.Token) bool { return t.Is("FROM") || t.Is("USING") }) {
		return false // by rows of other tables
	}
	fired, compared := a.firedBy(f), false
	for _, side := range sqltext.TopLevel(bare(where), "AND") {
		side = bare(side)
		left, op, right := compare(side)
		if slices.ContainsFunc(left, fired) {
			left, right = right, left
		}
		known := slices.ContainsFunc(right, fired) || a.namesSession(right) || namesArgument(f, right)
		columns := columnsIn(s.rel, left)
		switch {
		case op == "" && slices.ContainsFunc(side, fired) && !unlike(side):
			return false
		case op == "" || !known:
		case len(columns) != 1 || s.identifies(columns[0]):
			return false
		default:
			compared = compared || slices.ContainsFunc(right, fired)
		}
	}
	return compared
}

// unlike reports whether a comparison is for what differs.
func unlike(tokens []sqltext.Token) bool {
	return slices.ContainsFunc(tokens, func(t sqltext.Token) bool { return t.Is("<>") || t.Is("!=") || t.Is("DISTINCT") })
}

// identifies reports whether a column says which row it is, whose, or of what.
func (s *subject) identifies(column string) bool {
	if pk := s.rel.PrimaryKey(); pk != nil && contains(pk.Columns, column) {
		return true
	}
	return slices.ContainsFunc(s.rel.Uniques(), func(k *catalog.Constraint) bool { return slices.Equal(k.Columns, []string{column}) }) ||
		slices.ContainsFunc(s.node.ForeignKeys, func(fk *graph.ForeignKey) bool { return fk.Has(column) }) ||
		slices.ContainsFunc(slices.Concat(s.scopes, s.via), func(sc seedbed.Scoped) bool { return contains(sc.Columns, column) || contains(sc.Via.Columns, column) })
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

// follows reports whether an expression goes by the row that fired a trigger: not by what differs
// from it, nor by a document in it, in which a session that may write the row puts any tenant.
func (a *audit) follows(f *catalog.Function, tokens []sqltext.Token) bool {
	fired := a.firedBy(f)
	for i, t := range tokens {
		end := min(i+3, len(tokens))
		differs := i > 0 && unlike(tokens[i-1:i]) || end < len(tokens) && unlike(tokens[end:end+1])
		if fired(t) && !differs && !(ofRow(t) && end == i+3 && a.isDocument(f, tokens[i+2].Text)) {
			return true
		}
	}
	return false
}

// isDocument reports whether the rows that fire a trigger have JSON in a column.
func (a *audit) isDocument(f *catalog.Function, column string) bool {
	return slices.ContainsFunc(a.cat.Relations, func(r *catalog.Relation) bool {
		c := r.Column(column)
		return c != nil && strings.HasPrefix(c.Type.Underlying().Name, "json") && slices.ContainsFunc(r.Triggers, func(t *catalog.Trigger) bool { return t.Function == f })
	})
}

// writesElsewhere reports whether an INSERT takes the tenant of what it writes from neither
// the row that fired the trigger, the session nor a variable, nor from rows that it finds by one
// of these.
func (a *audit) writesElsewhere(f *catalog.Function, s *subject, statement []sqltext.Token) bool {
	own := func(tokens []sqltext.Token) bool {
		return a.follows(f, tokens) || a.namesSession(tokens) || namesArgument(f, tokens)
	}
	from := source(statement)
	return a.tenantWritten(s, statement, func(value []sqltext.Token) bool {
		return !own(value) && (!own(from) || isConstant(value) || slices.ContainsFunc(value, ofRow))
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
