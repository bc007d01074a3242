package infer

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/sqltext"
)

// key identifies the setting and the claim, for counting.
func (x Identity) key() string { return x.Setting + "\x00" + strings.Join(x.Claim, "\x00") }

// sessionFunctions are the database's functions that return an Identity or look up the
// session's user, by name with and without schema. Policies often call one instead of
// current_setting.
type sessionFunctions struct {
	identities  map[string]Identity
	userLookups map[string][]userLookup
}

// userLookup is a query that looks up the session's user, whose Identity it compares with
// the column user of a table.
type userLookup struct {
	table *table
	user  *catalog.Column
	Identity
}

// readFunctions reads the bodies of all functions. It finds functions that call others,
// such as current_space_or_fail, through up to five calls.
func (n *inference) readFunctions() sessionFunctions {
	n.functions = sessionFunctions{identities: map[string]Identity{}, userLookups: map[string][]userLookup{}}
	type body struct {
		names   []string
		returns string
		tokens  []sqltext.Token
	}
	var unread []body
	for _, f := range n.catalog.Functions {
		if f.Returns == "trigger" {
			continue // no policy can call it
		}
		unread = append(unread, body{[]string{f.Schema + "." + f.Name, f.Name}, f.Returns, sqltext.Tokens(f.Body)})
	}
	for range 5 {
		var rest []body
		found := sessionFunctions{identities: map[string]Identity{}, userLookups: map[string][]userLookup{}}
		for _, b := range unread {
			identity, members, ok := n.readBody(b.tokens, b.returns)
			if !ok {
				rest = append(rest, b)
				continue
			}
			for _, name := range b.names {
				if identity.Setting != "" {
					found.identities[name] = identity
				}
				if members != nil {
					found.userLookups[name] = members
				}
			}
		}
		if len(rest) == len(unread) {
			break
		}
		unread = rest
		for name, x := range found.identities {
			if _, known := n.functions.identities[name]; !known {
				n.functions.identities[name] = x
			}
		}
		for name, m := range found.userLookups {
			if _, known := n.functions.userLookups[name]; !known {
				n.functions.userLookups[name] = m
			}
		}
	}
	return n.functions
}

// readBody returns the identity that a function's body returns, or the lookups of the
// session's user in it; ok is false if it has neither. A query that finds one row by the
// session's key returns an identity; a query for rows of the session's user is a lookup. What
// says yes or no by rows of which it is not clear whose they are is neither.
func (n *inference) readBody(tokens []sqltext.Token, returns string) (identity Identity, lookups []userLookup, ok bool) {
	for _, q := range n.queries(tokens) {
		for _, l := range q.lookups {
			if column := q.selectedColumn(l.table); column != nil && l.table.isUniqueColumn(l.user) && l.Session.Table == nil {
				identity = l.Identity
				identity.Session = Ref{Columns: []string{column.Name}, Table: l.table.Relation, Key: []string{l.user.Name}}
				return identity, nil, true
			}
			lookups = append(lookups, l)
		}
	}
	if lookups != nil {
		return Identity{}, lookups, true
	}
	if returns == "boolean" && slices.ContainsFunc(n.queries(tokens), func(q query) bool { return len(q.aliases) > 0 }) {
		return Identity{}, nil, false
	}
	identity, ok = n.identityIn(tokens)
	return identity, nil, ok
}

// isUniqueColumn reports whether the column by itself is a key, so that a query by it
// finds one row.
func (t *table) isUniqueColumn(column *catalog.Column) bool {
	for _, ix := range t.Indexes {
		if columns := ix.Columns(); ix.Unique && ix.Predicate == "" && len(columns) == 1 && len(ix.Keys) == 1 && columns[0] == column.Name {
			return true
		}
	}
	return false
}

// identityIn returns the first custom setting that tokens read, directly or through a
// function, with the claim that they take from it; or the session's database role, if they
// name that.
func (n *inference) identityIn(tokens []sqltext.Token) (Identity, bool) {
	for i := range tokens {
		x, end := Identity{}, 0
		if setting := sqltext.CustomSetting(tokens, i); setting != "" {
			x, end = Identity{Setting: setting}, callEnd(tokens, i+1)
		} else {
			name, open := functionCall(tokens, i)
			if known, ok := n.functions.identities[name]; ok {
				x, end = known, callEnd(tokens, open)
			}
		}
		if end > 0 {
			if claim := claimPath(tokens[end:]); len(claim) > 0 {
				x.Claim = append(x.Claim[:len(x.Claim):len(x.Claim)], claim...)
			}
			return x, true
		}
	}
	for i := range tokens {
		if setting := sqltext.NamesRole(tokens, i); setting != "" {
			return Identity{Setting: setting}, true
		}
	}
	return Identity{}, false
}

// isRole reports whether the session's database role says who it is.
func (x Identity) isRole() bool { return sqltext.IsRoleSetting(x.Setting) }

// functionCall returns the name of the function called at tokens[i], with the schema if
// that is written, and the index of its parenthesis; "" if tokens[i] begins no call.
func functionCall(tokens []sqltext.Token, i int) (name string, open int) {
	if !tokens[i].IsIdentifier() || i > 0 && tokens[i-1].Is(".") {
		return "", 0
	}
	name = tokens[i].Text
	if i+2 < len(tokens) && tokens[i+1].Is(".") && tokens[i+2].IsIdentifier() {
		name += "." + tokens[i+2].Text
		i += 2
	}
	if i+1 >= len(tokens) || !tokens[i+1].Is("(") {
		return "", 0
	}
	return name, i + 1
}

// callEnd returns the index after the parenthesis that closes the one at open.
func callEnd(tokens []sqltext.Token, open int) int {
	if end := sqltext.Closing(tokens[open:]); end >= 0 {
		return open + end + 1
	}
	return len(tokens)
}

// claimPath returns the JSON path that is applied to a value, as by ->> 'sub'. It skips
// casts, closing parentheses, and the second argument of a nullif around the value.
func claimPath(tokens []sqltext.Token) []string {
	var path []string
	for i := 0; i < len(tokens); i++ {
		switch t := tokens[i]; {
		case t.Is(")"):
		case t.Is("::") && i+1 < len(tokens):
			i++
		case t.Is(",") && i+2 < len(tokens) && tokens[i+1].Kind == sqltext.String && len(path) == 0:
			for i++; i+1 < len(tokens) && !tokens[i+1].Is(")"); i++ {
				continue
			}
		case (t.Is("->") || t.Is("->>")) && i+1 < len(tokens) && tokens[i+1].Kind == sqltext.String:
			path = append(path, tokens[i+1].Text)
			i++
		case (t.Is("#>") || t.Is("#>>")) && i+1 < len(tokens) && tokens[i+1].Kind == sqltext.String:
			path = append(path, sqltext.ArrayElements(tokens[i+1].Text)...)
			i++
		default:
			return path
		}
	}
	return path
}

// findMemberships finds, for each level, the table in which policies look up whether the
// session's user belongs to a tenant.
func (n *inference) findMemberships() {
	for _, l := range n.levels {
		if m, tables := n.membershipOf(l); m != nil {
			n.result.Memberships = append(n.result.Memberships, m)
			why := fmt.Sprintf("policies on %s look for the session's user there", shortList(tables))
			n.addReason("membership "+n.catalog.Name(m.Table), why)
			if m.Setting != "" {
				n.addReason("membership "+n.catalog.Name(m.Table), "the user is "+m.Identity.describe())
			}
		}
	}
	for _, l := range n.levels {
		if slices.ContainsFunc(n.result.Memberships, func(m *Membership) bool { return m.names(l) }) {
			l.Identity = Identity{}
		}
	}
}

// names reports whether what identifies a level in policies is the user of a membership, by
// whom they find the level's tenants: no key of these.
func (m *Membership) names(l *Level) bool {
	if l.candidate.isUsersTable() || l.Identity.Setting != m.Setting || l.Identity.key() != m.Identity.key() || l.Identity.Session.Table != nil {
		return false
	}
	user := slices.ContainsFunc(m.Table.ForeignKeys(), func(fk *catalog.Constraint) bool {
		return slices.Equal(fk.Columns, m.User) && l.candidate.table != nil && fk.Ref == l.candidate.table.Relation
	})
	return !user && (m.Level == l || l.hasAncestor(m.Level) || m.Level.hasAncestor(l))
}

// membershipOf returns the table that most of the level's policies look up users in, and
// the tables of these policies.
func (n *inference) membershipOf(l *Level) (*Membership, []string) {
	type use struct {
		userLookup
		column *catalog.Column
	}
	policyTables := map[*catalog.Column][]string{} // by user column
	uses := map[*catalog.Column]use{}
	note := func(t *table, m userLookup) {
		u, ok := l.candidate.keyColumns[m.table]
		tenant := slices.ContainsFunc(n.levels, func(o *Level) bool { // and no user
			return (o == l || !o.candidate.isUsersTable()) && (o.candidate.keyColumns[m.table].column == m.user || o.candidate.ownKeyColumn == m.user)
		})
		if ok && !tenant && !slices.Contains(policyTables[m.user], t.name) {
			uses[m.user] = use{m, u.column}
			policyTables[m.user] = append(policyTables[m.user], t.name)
		}
	}
	for _, t := range l.candidate.evidence.policyTables {
		for _, x := range t.comparisons {
			for _, m := range x.lookups {
				note(t, m)
			}
		}
	}
	if len(uses) == 0 && l.Identity.Setting == "" {
		for t, u := range l.candidate.keyColumns {
			for _, m := range t.ownRows(u.column) {
				note(t, m)
			}
		}
	}
	var users []*catalog.Column
	for user := range uses {
		users = append(users, user)
	}
	if len(users) == 0 {
		return nil, nil
	}
	slices.SortFunc(users, func(a, b *catalog.Column) int {
		return cmp.Or(-cmp.Compare(len(policyTables[a]), len(policyTables[b])), -cmp.Compare(boolOrder(a.Required()), boolOrder(b.Required())), cmp.Compare(a.Table.Name, b.Table.Name))
	})
	best := uses[users[0]]
	return &Membership{Table: best.table.Relation, Level: l, Columns: n.columnsFor(l, best.table, best.column),
		User: []string{best.user.Name}, Identity: best.Identity}, policyTables[users[0]]
}

// ownRows are the columns by which policies show the session's user its own rows of a table
// that has each pair of a tenant and a user once: members, though no other policy looks there.
func (t *table) ownRows(tenant *catalog.Column) (out []userLookup) {
	for _, x := range t.comparisons {
		pair := slices.ContainsFunc(t.Indexes, func(ix *catalog.Index) bool {
			columns := ix.Columns()
			return ix.Unique && len(columns) == 2 && slices.Contains(columns, tenant.Name) && slices.Contains(columns, x.column.Name)
		})
		if x.identity.Setting != "" && x.column != tenant && pair {
			out = append(out, userLookup{t, x.column, x.identity})
		}
	}
	return out
}

// boolOrder orders false before true.
func boolOrder(b bool) int {
	if b {
		return 1
	}
	return 0
}

// describe says in words how the session is identified.
func (x Identity) describe() string {
	s := "setting " + x.Setting
	switch x.Setting {
	case sqltext.RoleSetting:
		s = "the session's database role (current_user)"
	case sqltext.LoginSetting:
		s = "the role that the session logged in as (session_user)"
	}
	for i, claim := range x.Claim {
		if i == 0 {
			s += ", claim " + claim
		} else {
			s += "." + claim
		}
	}
	if x.Session.Table != nil {
		s += fmt.Sprintf(", which is the key %s of a row of %s that has it in %s", columnList(x.Session.Key), x.Session.Table.Name, columnList(x.Session.Columns))
	}
	return s
}
