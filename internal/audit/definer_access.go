package audit

import (
	"slices"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/sqltext"
)

// access is a statement's, of rows of a tenant: what chooses them stands in it.
type access struct {
	tokens []sqltext.Token
	filter []sqltext.Token // from WHERE or ON on; nil: there is none
	list   []sqltext.Token // what a SELECT is of; nil: it is none
	tests  bool            // it stands in the condition of an IF
	people bool            // its rows are those of users, not of what they are members of
}

// accesses are a statement's of rows of tenants. Queries within a query are part of it.
func (b *definerBody) accesses(statement []sqltext.Token) (all []access) {
	for _, from := range fromClauses(statement) {
		if end := closingOf(from); end >= 0 {
			from = from[:end]
		}
		if slices.ContainsFunc(all, func(x access) bool { return within(from, x.tokens) }) {
			continue
		}
		at := slices.IndexFunc(from, func(t sqltext.Token) bool { return t.Is("WHERE") || t.Is("ON") || t.Is("USING") })
		x := access{tokens: from}
		before := statement[:slices.IndexFunc(statement, func(t sqltext.Token) bool { return t.Pos == from[0].Pos })]
		if i := lastIndex(before, "SELECT"); from[0].Is("FROM") && len(before) > i && before[i].Is("SELECT") {
			x.list = before[i+1:]
		}
		then := sqltext.Index(statement[len(before):], "then")
		x.tests = then > 0 && slices.ContainsFunc(before, func(t sqltext.Token) bool { return t.Is("IF") || t.Is("ELSIF") })
		tables := from
		if at >= 0 {
			x.filter, tables = from[at:], from[:at]
		}
		reached := slices.DeleteFunc(append(b.a.tablesIn(tables), b.a.viewsIn(tables)...), func(r *catalog.Relation) bool { return b.a.subject(r) == nil })
		x.people = !slices.ContainsFunc(reached, func(r *catalog.Relation) bool { return !b.a.ofPeople(b.a.subject(r)) })
		if len(reached) > 0 {
			all = append(all, x)
		}
	}
	return all
}

// within reports whether tokens stand in others.
func within(inner, outer []sqltext.Token) bool {
	return len(inner) > 0 && len(outer) > 0 && inner[0].Pos > outer[0].Pos && inner[len(inner)-1].End <= outer[len(outer)-1].End
}

// viewsIn are the tables that the views read which an expression names.
func (a *audit) viewsIn(tokens []sqltext.Token) (out []*catalog.Relation) {
	for i := range tokens {
		for _, r := range a.named(tokens, i) {
			if r.IsView() {
				out = append(out, r.ReadsDeep()...)
			}
		}
	}
	return out
}

// ofPeople reports whether the rows of a table are users, or theirs, where users are members of
// tenants.
func (a *audit) ofPeople(s *subject) bool {
	level, _ := a.model.Tenant(s.innermost())
	_, member := a.model.Membership(level.Name)
	return !member && slices.ContainsFunc(a.model.Memberships, func(m seedbed.Membership) bool { return m.Setting != "" && m.Setting == level.Setting })
}

// boundBySession reports whether an access goes by the session, or by what stands for it.
func (b *definerBody) boundBySession(x access) bool {
	if x.filter == nil {
		return false
	}
	own := slices.ContainsFunc(b.namesIn(x.filter), func(n string) bool { return b.made[n] })
	return own || b.asksWho(x.filter) && !b.opensAside(x.tokens) || comparesSecret(b.f, x.filter) || b.f.Returns != "trigger" && showsShared(x.filter)
}

// asked reports whether all that an access gives away is what a question about the session
// says: whether a guard is met, or what it returns of a row.
func (b *definerBody) asked(x access) bool {
	if x.tests {
		return slices.ContainsFunc(b.guards, func(guard []sqltext.Token) bool {
			return slices.ContainsFunc(conditions(guard), func(side []sqltext.Token) bool { return b.asksWho(side) && len(b.namesIn(side)) > 0 })
		})
	}
	if len(x.list) > 0 && len(sqltext.TopLevel(x.list, ",")) == 1 && b.asksWho(x.list) {
		return true
	}
	chosen := b.namesIn(x.filter)
	return x.list != nil && slices.ContainsFunc(b.returns, func(value []sqltext.Token) bool {
		return b.asksWho(value) && slices.ContainsFunc(b.namesIn(value), func(n string) bool { return slices.Contains(chosen, n) })
	})
}

// insertsGuarded reports whether a statement inserts rows of tenants, and whether they go to
// no tenant that a caller names without a guard.
func (b *definerBody) insertsGuarded(statement []sqltext.Token) (inserts, ok bool) {
	at := sqltext.Index(statement, "insert", "into")
	if at < 0 {
		return false, true
	}
	return true, b.a.insertsOwn(b.f, statement[at:]) || b.guarded(statement[at:])
}

// reachingCalls are a statement's calls of other functions by which it reaches rows of tenants.
func (b *definerBody) reachingCalls(statement []sqltext.Token, depth int) (calls [][]sqltext.Token) {
	for i, t := range statement {
		if !t.IsIdentifier() || i+1 == len(statement) || !statement[i+1].Is("(") {
			continue
		}
		end := sqltext.Closing(statement[i+1:])
		for _, g := range b.a.cat.Functions {
			if g.Name == t.Text && g != b.f && end > 0 && b.a.lendsRights(g) && len(b.a.touches(g, depth+1)) > 0 && !b.a.keepsToSession(g, depth+1) {
				calls = append(calls, statement[i:i+end+2])
			}
		}
	}
	return calls
}

// lendsRights reports whether a function that another one calls reaches what the application
// does not by calling it itself: it runs with the rights of its caller, or as its owner where
// the application may not call it.
func (a *audit) lendsRights(g *catalog.Function) bool {
	return !g.SecurityDefiner || !a.callable(g)
}
