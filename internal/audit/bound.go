package audit

import (
	"slices"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/sqltext"
)

// bound reports whether an expression is true for rows of the session's tenant
// only: of an OR all sides must be, of an AND one, or several that each compare one
// column of a tenant's key.
func (a *audit) bound(tokens []sqltext.Token, s *subject, accepted []seedbed.Scoped) bool {
	return a.boundBy(tokens, s, accepted, nil)
}

// boundBy is bound, where also a comparison will do of which also says so.
func (a *audit) boundBy(tokens []sqltext.Token, s *subject, accepted []seedbed.Scoped, also func([]sqltext.Token, *subject) bool) bool {
	return a.boundWithin(tokens, s, accepted, also, 0)
}

func (a *audit) boundWithin(tokens []sqltext.Token, s *subject, accepted []seedbed.Scoped, also func([]sqltext.Token, *subject) bool, depth int) bool {
	tokens = bare(tokens)
	if len(tokens) == 0 || depth > 20 {
		return false
	}
	if len(tokens) == 1 && tokens[0].Is("false") {
		return true // of no row
	}
	bound := func(side []sqltext.Token) bool { return a.boundWithin(side, s, accepted, also, depth+1) }
	if sides := sqltext.TopLevel(tokens, "OR"); len(sides) > 1 {
		return !slices.ContainsFunc(sides, func(side []sqltext.Token) bool { return !bound(side) })
	}
	if sides := sqltext.TopLevel(tokens, "AND"); len(sides) > 1 {
		return slices.ContainsFunc(sides, bound) || a.boundTogether(sides, s, accepted)
	}
	if body := a.inline(tokens, s); body != nil {
		if f, _ := a.called(tokens); f.SecurityDefiner && sqltext.Index(body, "from") >= 0 && !a.namesSession(body) {
			return false // its owner's rights show it the rows of all
		}
		return bound(body)
	}
	return a.comparison(tokens, s, accepted) || also != nil && also(tokens, s)
}

// bare takes off what does not change when an expression is true: parentheses, a
// SELECT without FROM, IS TRUE, = true, coalesce(…, false).
func bare(tokens []sqltext.Token) []sqltext.Token {
	for {
		tokens = sqltext.Unwrap(tokens)
		n := len(tokens)
		alone := func() bool {
			return len(sqltext.TopLevel(tokens, "OR")) == 1 && len(sqltext.TopLevel(tokens, "AND")) == 1
		}
		switch {
		case n > 2 && tokens[0].Is("SELECT") && len(sqltext.TopLevel(tokens, "FROM")) == 1:
			tokens = sqltext.TopLevel(tokens[1:], "AS")[0]
		case n > 3 && tokens[n-2].Is("IS") && tokens[n-1].Is("TRUE") && alone():
			tokens = tokens[:n-2]
		case n > 3 && tokens[n-2].Is("=") && tokens[n-1].Is("TRUE") && alone():
			tokens = tokens[:n-2]
		case n > 3 && tokens[0].Is("TRUE") && tokens[1].Is("=") && alone():
			tokens = tokens[2:]
		case n > 5 && tokens[0].Is("coalesce") && sqltext.Closing(tokens) == n-1 && tokens[n-2].Is("false") && tokens[n-3].Is(",") && len(arguments(tokens[1:])) == 2:
			tokens = tokens[2 : n-3]
		default:
			return tokens
		}
	}
}

// boundTogether reports whether the sides of an AND compare every column of a
// composite tenant key with something of the session.
func (a *audit) boundTogether(sides [][]sqltext.Token, s *subject, accepted []seedbed.Scoped) bool {
	return slices.ContainsFunc(accepted, func(sc seedbed.Scoped) bool {
		return len(sc.Columns) > 1 && !slices.ContainsFunc(sc.Columns, func(column string) bool {
			return !slices.ContainsFunc(sides, func(side []sqltext.Token) bool { return a.ties(bare(side), s, column, "") })
		})
	})
}

// ties reports whether a comparison holds one column to something of the session.
func (a *audit) ties(tokens []sqltext.Token, s *subject, column, setting string) bool {
	left, op, right := compare(tokens)
	return op != "" && a.tenantSide(s, left, column) && a.sessionSide(s, right, column, setting) ||
		op == "=" && a.tenantSide(s, right, column) && a.sessionSide(s, left, column, setting)
}

func (a *audit) comparison(tokens []sqltext.Token, s *subject, accepted []seedbed.Scoped) bool {
	if tokens[0].Is("EXISTS") || a.userAmong(tokens, s) {
		columns := a.correlated(tokens, s)
		return len(columns) > 0 && a.stray(s, columns, accepted) == nil && (len(a.readers.In(tokens)) > 0 || slices.ContainsFunc(a.readThrough(tokens), a.showsOwn))
	}
	left, op, right := compare(tokens)
	if op == "" {
		return slices.ContainsFunc(accepted, func(sc seedbed.Scoped) bool { return a.opaque(tokens, sc.Columns) })
	}
	for _, sc := range accepted {
		t, _ := a.model.Tenant(sc.Tenant)
		if len(sc.Columns) == 1 && a.ties(tokens, s, sc.Columns[0], t.Setting) || a.tiesSessionRow(tokens, s, sc, t) || len(sc.Columns) > 1 && a.tiesRow(left, right, s, sc.Columns) {
			return true
		}
	}
	// A row without tenant columns is compared by what it references.
	return len(s.scopes) == 0 && (a.mentionsSubject(right) || a.mentionsSubject(left)) && a.stray(s, columnsIn(s.rel, left), accepted) == nil
}

// userAmong reports whether a comparison looks for the session among the users that a query
// finds by the row: auth.uid() IN (SELECT m.user_id FROM members m WHERE m.firm_id =
// folders.firm_id), which says the same as EXISTS.
func (a *audit) userAmong(tokens []sqltext.Token, s *subject) bool {
	left, op, right := compare(tokens)
	left = bare(left)
	return op != "" && len(columnsIn(s.rel, left)) == 0 && len(a.readers.In(left)) > 0 && sqltext.Index(right, "from") >= 0
}

// findsMembership reports whether an expression finds the tenants of which the session's user
// is a member, by a function that looks it up among them.
func (a *audit) findsMembership(side []sqltext.Token) bool {
	whole := a.expanded(side, 0)
	return slices.ContainsFunc(a.model.Memberships, func(m seedbed.Membership) bool {
		table := a.cat.Table(m.Table)
		return table != nil && m.Setting != "" && slices.Contains(a.tablesIn(whole), table) && a.saysWho(whole, m.Setting)
	})
}

// tiesSessionRow reports whether a comparison on the table of tenants holds the column by
// which a session finds its tenant there, such as the database role, to the session.
func (a *audit) tiesSessionRow(tokens []sqltext.Token, s *subject, sc seedbed.Scoped, t seedbed.Tenant) bool {
	return len(t.Session.Key) == 1 && a.cat.Table(t.Session.Table) == s.rel && slices.Equal(t.Session.Columns, sc.Columns) &&
		a.ties(tokens, s, t.Session.Key[0], t.Setting)
}

// correlated are the columns of the row that a subquery names: one without any is true
// for every row, or for none.
func (a *audit) correlated(tokens []sqltext.Token, s *subject) (columns []string) {
	for _, r := range a.withPartitions(s.rel) {
		for i := range tokens {
			if i+2 < len(tokens) && tokens[i].IsIdentifier() && tokens[i].Text == r.Name && tokens[i+1].Is(".") && r.Column(tokens[i+2].Text) != nil {
				columns = append(columns, tokens[i+2].Text)
			}
		}
	}
	return columns
}

// tiesRow is (a, b) IN (SELECT …), for all columns of a tenant's key.
func (a *audit) tiesRow(left, right []sqltext.Token, s *subject, columns []string) bool {
	return !slices.ContainsFunc(columns, func(c string) bool {
		return !slices.ContainsFunc(left, func(t sqltext.Token) bool { return t.IsIdentifier() && t.Text == c })
	}) && a.sessionSide(s, right, "", "")
}

// tenantSide is the tenant column alone, with casts at most: a function of it may
// be the same for two tenants.
func (a *audit) tenantSide(s *subject, side []sqltext.Token, column string) bool {
	found := false
	side = sqltext.Unwrap(side)
	for i, t := range side {
		if t.Kind == sqltext.Symbol && !slices.Contains([]string{"(", ")", "::", ".", "[", "]"}, t.Text) {
			return false // arithmetic: the same for two tenants
		}
		if !t.IsIdentifier() {
			continue
		}
		if s.rel.Column(t.Text) != nil && (i+1 == len(side) || !side[i+1].Is(".")) {
			if t.Text != column {
				return false
			}
			found = true
		}
		if t.Is("SELECT") || t.Is("CASE") || i+1 < len(side) && side[i+1].Is("(") && !typeModifier(side, i) {
			return false
		}
	}
	return found
}

// typeModifier reports whether a name before a parenthesis is a type: varchar(10).
func typeModifier(side []sqltext.Token, i int) bool {
	for ; i > 0; i-- {
		if side[i-1].Kind == sqltext.Symbol && side[i-1].Text != "." {
			return side[i-1].Text == "::"
		}
	}
	return false
}

// sessionSide is something of the session: its setting, or a query or function by
// which it is found.
func (a *audit) sessionSide(s *subject, side []sqltext.Token, column, setting string) bool {
	settings := a.readers.In(side)
	if sqltext.IsRoleSetting(setting) && sqltext.ReadsRole(side) {
		settings = append(settings, setting)
	}
	query := slices.ContainsFunc(side, func(t sqltext.Token) bool { return t.Is("FROM") })
	if query {
		if read := a.readThrough(side); len(settings) == 0 && len(read) > 0 {
			return slices.ContainsFunc(read, a.showsOwn)
		}
		return len(settings) > 0 || setting == ""
	}
	if slices.ContainsFunc(side, func(t sqltext.Token) bool { return t.IsIdentifier() && t.Text == column }) {
		return false
	}
	if setting != "" {
		return a.saysWho(side, setting) || a.findsMembership(side)
	}
	if len(settings) > 0 {
		return true
	}
	return a.asksSession(side, 0)
}

// asksSession reports whether an expression depends on who asks: by a name of the
// session's, or by a function of one's own that does, or whose body cannot be read.
func (a *audit) asksSession(tokens []sqltext.Token, depth int) bool {
	for i, t := range tokens {
		switch {
		case t.Is("current_user") || t.Is("session_user") || t.Is("current_role") || t.Is("current_setting") || t.Is("FROM"):
			return true
		case !t.IsIdentifier() || i+1 == len(tokens) || !tokens[i+1].Is("(") || depth > 3:
			continue
		}
		known := false
		for _, f := range a.cat.Functions {
			if f.Name != t.Text {
				continue
			}
			known = true
			if f.Language != "sql" && f.Language != "plpgsql" || a.asksSession(code(f), depth+1) {
				return true
			}
		}
		if !known && i > 0 && tokens[i-1].Is(".") {
			return true // of an extension
		}
	}
	return false
}

func (a *audit) mentionsSubject(tokens []sqltext.Token) bool { return len(a.readThrough(tokens)) > 0 }

// readThrough are the scoped tables that an expression looks into under their own policies.
func (a *audit) readThrough(tokens []sqltext.Token) (out []*subject) {
	for i := range tokens {
		for _, r := range a.named(tokens, i) {
			if s := a.subject(r); s != nil && r.RLS && !slices.Contains(out, s) {
				out = append(out, s)
			}
		}
	}
	return out
}

// showsOwn reports whether the policies of a table show the application rows of its tenant,
// or of its user, and no others: what is found through it is the session's then.
func (a *audit) showsOwn(s *subject) bool {
	own, known := a.ownOnly[s]
	if known {
		return own
	}
	a.ownOnly[s] = true // while its policies are read, which may look into it
	accepted := a.accepted(s, true)
	own = !slices.ContainsFunc(s.rel.Policies, func(p *catalog.Policy) bool {
		met := slices.ContainsFunc(a.roles.app, func(r *catalog.Role) bool { return mayMeet(p, r) })
		if !p.Permissive || !p.Covers("SELECT") || !met {
			return false
		}
		c := clause{name: "USING", expr: p.Using, reads: []string{"SELECT"}}
		return !a.bound(sqltext.Tokens(c.expr), s, accepted) && !a.ofUser(s, c, accepted) && !a.guarded(s, p, c, accepted)
	})
	a.ownOnly[s] = own
	return own
}
