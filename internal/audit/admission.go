package audit

import (
	"slices"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/graph"
	"github.com/qarion/seedbed/internal/sqltext"
)

// lookup is a query for what the session has: rows of a table in which a column is who it is.
type lookup struct {
	table *catalog.Relation
	user  string
	query []sqltext.Token // from its FROM on
}

// lookups are those in an expression and in the functions that it calls.
func (a *audit) lookups(tokens []sqltext.Token) (out []lookup) {
	tokens = slices.Clone(tokens)
	for _, f := range a.calledIn(tokens) {
		tokens = append(append(tokens, symbol(";")), code(f)...)
	}
	for i, t := range tokens {
		if !t.Is("FROM") {
			continue
		}
		query := innermost(tokens[i:])
		parts := sqltext.TopLevel(query, "WHERE")
		if len(parts) != 2 || len(sqltext.TopLevel(bare(parts[1]), "OR")) > 1 {
			continue
		}
		for _, side := range sqltext.TopLevel(bare(parts[1]), "AND") {
			left, op, right := compare(bare(side))
			if a.namesSession(left) {
				left, right = right, left
			}
			left = sqltext.Unwrap(left)
			if op != "=" || len(left) == 0 || a.namesSession(left) || !a.namesSession(right) || sqltext.Index(right, "from") >= 0 {
				continue
			}
			for _, r := range a.tablesIn(parts[0]) {
				if user := left[len(left)-1]; user.IsIdentifier() && r.Column(user.Text) != nil {
					out = append(out, lookup{r, user.Text, query})
					break
				}
			}
		}
	}
	return out
}

// innermost are the tokens up to the parenthesis that closes around them, or the statement's end.
func innermost(tokens []sqltext.Token) []sqltext.Token {
	depth := 0
	for i, t := range tokens {
		switch {
		case t.Is("("):
			depth++
		case t.Is(")"):
			depth--
		}
		if depth < 0 || t.Is(";") {
			return tokens[:i]
		}
	}
	return tokens
}

// ofOwn reports whether a comparison chooses the rows of what the session's tenant has: by a
// column that leads to another row, looked up where that tenant is named. That tenant was given
// a part in them, whosever they are.
func (a *audit) ofOwn(tokens []sqltext.Token, s *subject) bool {
	left, op, right := compare(tokens)
	columns := columnsIn(s.rel, left)
	if op == "" || len(columns) != 1 || len(s.scopes) == 0 || contains(s.scopes[0].Columns, columns[0]) || !a.tenantSide(s, left, columns[0]) {
		return false
	}
	leads := slices.ContainsFunc(s.node.ForeignKeys, func(fk *graph.ForeignKey) bool {
		return fk.Has(columns[0]) && fk.To != nil && fk.To.HasTenant()
	})
	return leads && slices.ContainsFunc(a.lookups(right), func(l lookup) bool { return a.namesTenant(l, s.innermost()) })
}

// namesTenant reports whether what a lookup compares with the session is the tenant of the rows.
func (a *audit) namesTenant(l lookup, level string) bool {
	s := a.subject(l.table)
	if s == nil {
		return false
	}
	sc, direct := s.at(level)
	return direct && slices.Equal(sc.Columns, []string{l.user})
}

// admission is the key by which rows of a table let the tenant that they name in on rows of
// others: policies of other tables look there for the session, and go by it.
func (a *audit) admission(s *subject) *graph.ForeignKey {
	if a.admissions == nil {
		a.admissions = map[*catalog.Relation]*graph.ForeignKey{}
		for _, other := range a.subjects {
			for _, p := range other.rel.Policies {
				for _, l := range a.lookups(sqltext.Tokens(p.Using)) {
					if p.Permissive && l.table != other.rel && a.namesTenant(l, a.subject(l.table).innermost()) {
						a.admissions[l.table] = a.partner(l)
					}
				}
			}
		}
	}
	return a.admissions[s.rel.Root()]
}

// partner is the key of a lookup's table that each tenant has once for each row that it leads to,
// as members of a thing are listed; nil: there is none.
func (a *audit) partner(l lookup) *graph.ForeignKey {
	for _, fk := range a.graph.DeclaredAt(l.table) {
		if len(fk.Columns) == 1 && fk.Columns[0] != l.user && slices.ContainsFunc(l.table.Uniques(), func(k *catalog.Constraint) bool {
			return len(k.Columns) == 2 && contains(k.Columns, l.user) && contains(k.Columns, fk.Columns[0])
		}) {
			return fk
		}
	}
	return nil
}

// admitsAnyone reports whether a clause, which keeps to the tenant, lets each tenant write what it has
// a part in: it leaves out of what.
func (a *audit) admitsAnyone(s *subject, c clause) bool {
	fk := a.admission(s)
	return fk != nil && len(c.writes) > 0 && !mentions(sqltext.Tokens(c.expr), fk.Columns[0])
}

// ofMembers narrows the scopes by which a clause may keep tenants apart where it judges what is
// written to a membership: that it names the session's user says nothing of the tenant.
func (a *audit) ofMembers(s *subject, c clause, accepted []seedbed.Scoped) []seedbed.Scoped {
	if len(c.writes) == 0 {
		return accepted
	}
	return slices.DeleteFunc(slices.Clone(accepted), func(sc seedbed.Scoped) bool {
		return slices.ContainsFunc(a.model.Memberships, func(m seedbed.Membership) bool {
			return m.Table == s.name && m.Tenant != sc.Tenant && slices.Equal(m.User, sc.Columns)
		})
	})
}
