package infer

import (
	"slices"
	"strings"

	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/sqltext"
)

// comparison is a column that a policy holds against the session: against who it is,
// or against the tenants that its user is a member of.
type comparison struct {
	column   *catalog.Column
	identity Identity
	members  []membership
}

// comparisons reads what the policies of a table hold against the session.
func (n *inference) comparisons(t *table) []comparison {
	var out []comparison
	for _, p := range t.Policies {
		for _, expr := range []string{p.Using, p.WithCheck} {
			if expr == "" {
				continue
			}
			tokens := sqltext.Tokens(expr)
			sides(tokens, func(left, right []sqltext.Token) {
				out = append(out, n.compare(t, left, right)...)
				out = append(out, n.compare(t, right, left)...)
			})
			out = append(out, n.passed(t, tokens)...)
			out = append(out, n.joined(t, tokens)...)
		}
	}
	return out
}

// compare gives the columns of t on one side of an equality whose other side is of
// the session.
func (n *inference) compare(t *table, side, other []sqltext.Token) []comparison {
	columns := columnsIn(t, side)
	if len(columns) == 0 {
		return nil
	}
	x := comparison{members: n.membersIn(other)}
	if len(x.members) == 0 && !asksRows(other) {
		x.identity, _ = n.identity(other)
	}
	if x.members == nil && x.identity.Setting == "" {
		return nil
	}
	var out []comparison
	for _, c := range columns {
		x.column = c
		out = append(out, x)
	}
	return out
}

// asksRows reports whether tokens look into a table.
func asksRows(tokens []sqltext.Token) bool {
	return slices.ContainsFunc(tokens, func(t sqltext.Token) bool { return t.Is("from") })
}

// membersIn are the memberships that an expression asks for: a query of its own, or
// a function that has one.
func (n *inference) membersIn(tokens []sqltext.Token) []membership {
	if qs := n.queries(tokens); len(qs) > 0 {
		return qs[0].members
	}
	for i := range tokens {
		if name, _ := called(tokens, i); name != "" && n.calls.members[name] != nil {
			return n.calls.members[name]
		}
	}
	return nil
}

// passed gives the columns that a policy passes to a function which looks for the
// session's user, or compares with it: is_member(organization_id).
func (n *inference) passed(t *table, tokens []sqltext.Token) []comparison {
	var out []comparison
	for i := range tokens {
		name, open := called(tokens, i)
		if name == "" {
			continue
		}
		x := comparison{members: n.calls.members[name], identity: n.calls.identities[name]}
		if x.members == nil && x.identity.Setting == "" {
			continue
		}
		for _, c := range columnsIn(t, tokens[open+1:max(open+1, call(tokens, open)-1)]) {
			x.column = c
			out = append(out, x)
		}
	}
	return out
}

// joined gives the columns of t that a policy's own queries compare with those of a
// table in which they look for the session's user: EXISTS (… WHERE m.team_id = docs.team_id …).
func (n *inference) joined(t *table, tokens []sqltext.Token) []comparison {
	var out []comparison
	for _, q := range n.queries(tokens) {
		if len(q.members) == 0 {
			continue
		}
		sides(q.tokens, func(left, right []sqltext.Token) {
			for _, pair := range [][2][]sqltext.Token{{left, right}, {right, left}} {
				column := qualified(t, pair[0])
				inner := q.column(pair[1])
				if column == nil || inner == nil || slices.ContainsFunc(q.members, func(m membership) bool { return m.user == inner }) {
					continue
				}
				if slices.ContainsFunc(q.members, func(m membership) bool { return m.table.Relation == inner.Table }) {
					out = append(out, comparison{column: column, members: q.members})
				}
			}
		})
	}
	return out
}

// qualified is the column of t that tokens name with the table's name before it.
func qualified(t *table, tokens []sqltext.Token) *catalog.Column {
	tokens = sqltext.Unwrap(tokens)
	if len(tokens) == 3 && tokens[0].Name() && tokens[0].Text == t.Name && tokens[1].Is(".") && tokens[2].Name() {
		return t.Column(tokens[2].Text)
	}
	return nil
}

// columnsIn are the columns of t that an operand names; a subquery's are not.
func columnsIn(t *table, side []sqltext.Token) []*catalog.Column {
	if asksRows(side) {
		return nil
	}
	var out []*catalog.Column
	for i, token := range side {
		cast := i > 0 && side[i-1].Is("::")
		other := i > 1 && side[i-1].Is(".") && side[i-2].Text != t.Name
		call := i+1 < len(side) && (side[i+1].Is("(") || side[i+1].Is("."))
		if c := t.Column(token.Text); token.Name() && c != nil && !cast && !call && !other {
			out = append(out, c)
		}
	}
	return out
}

// sides cuts an expression at each equality, and gives its two sides: as far as the
// enclosing parentheses and the nearest AND or OR reach.
func sides(tokens []sqltext.Token, visit func(left, right []sqltext.Token)) {
	for i, t := range tokens {
		if t.Is("=") || t.Is("in") {
			visit(operand(tokens, i-1, -1), operand(tokens, i+1, 1))
		}
	}
}

func operand(tokens []sqltext.Token, from, step int) []sqltext.Token {
	depth, end := 0, from
	for ; end >= 0 && end < len(tokens); end += step {
		t := tokens[end]
		switch {
		case t.Is("("):
			depth += step
		case t.Is(")"):
			depth -= step
		case depth == 0 && (t.Is("and") || t.Is("or") || t.Is("where") || t.Is("on") || t.Is(";") || t.Is("group") || t.Is("limit")):
			depth = -1
		}
		if depth < 0 {
			break
		}
	}
	if step < 0 {
		return tokens[end+1 : from+1]
	}
	return tokens[from:end]
}

// query is a SELECT inside an expression or a function's body, less its subqueries.
type query struct {
	tokens  []sqltext.Token
	from    int
	aliases map[string]*table
	members []membership
}

// queries finds the SELECTs in tokens, outer ones first, and in which tables each
// looks for the session's user.
func (n *inference) queries(tokens []sqltext.Token) []query {
	var out []query
	for i := 0; i < len(tokens); i++ {
		if !tokens[i].Is("select") {
			continue
		}
		end := extent(tokens, i)
		q := query{tokens: flat(tokens[i:end]), aliases: map[string]*table{}}
		if q.from = sqltext.Index(q.tokens, "from"); q.from >= 0 {
			n.resolve(&q)
			out = append(out, q)
		}
	}
	return out
}

// extent is where a SELECT ends: at the parenthesis that encloses it, or a semicolon.
func extent(tokens []sqltext.Token, from int) int {
	depth := 0
	for i := from; i < len(tokens); i++ {
		switch t := tokens[i]; {
		case t.Is("("):
			depth++
		case t.Is(")"):
			if depth--; depth < 0 {
				return i
			}
		case t.Is(";"):
			return i
		}
	}
	return len(tokens)
}

// flat leaves out the subqueries that stand in parentheses.
func flat(tokens []sqltext.Token) []sqltext.Token {
	var out []sqltext.Token
	for i := 0; i < len(tokens); i++ {
		if tokens[i].Is("(") && i+1 < len(tokens) && tokens[i+1].Is("select") {
			if end := sqltext.Closing(tokens[i:]); end > 0 {
				i += end
				continue
			}
		}
		out = append(out, tokens[i])
	}
	return out
}

// resolve finds the tables of a query and the columns that it compares with the session.
func (n *inference) resolve(q *query) {
	for i := q.from; i < len(q.tokens); i++ {
		if t := q.tokens[i]; !t.Is("from") && !t.Is("join") && !t.Is(",") {
			if t.Is("where") || t.Is("group") || t.Is("order") {
				break
			}
			continue
		}
		n.alias(q, i+1)
	}
	sides(q.tokens[q.from:], func(left, right []sqltext.Token) {
		for _, pair := range [][2][]sqltext.Token{{left, right}, {right, left}} {
			column := q.column(pair[0])
			if column == nil || asksRows(pair[1]) {
				continue
			}
			if x, ok := n.identity(pair[1]); ok {
				q.members = append(q.members, membership{n.tableOf[column.Table.Root()], column, x})
			}
		}
	})
}

// alias records what a query calls the table that is named at i.
func (n *inference) alias(q *query, i int) {
	for i < len(q.tokens) && (q.tokens[i].Is("(") || q.tokens[i].Is("only")) {
		i++
	}
	if i >= len(q.tokens) || !q.tokens[i].Name() {
		return
	}
	name := q.tokens[i].Text
	full := quoted(name)
	if i+2 < len(q.tokens) && q.tokens[i+1].Is(".") {
		name = q.tokens[i+2].Text
		full += "." + quoted(name)
		i += 2
	}
	r := n.cat.Table(full)
	if r == nil {
		return
	}
	t := n.tableOf[r.Root()]
	if t == nil {
		return
	}
	q.aliases[name] = t
	if i+1 < len(q.tokens) && q.tokens[i+1].Is("as") {
		i++
	}
	if i+1 < len(q.tokens) && q.tokens[i+1].Name() && !keyword(q.tokens[i+1]) {
		q.aliases[q.tokens[i+1].Text] = t
	}
}

// quoted writes a name as the catalog's Table reads it.
func quoted(name string) string {
	if strings.ContainsAny(name, `."`) {
		return `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
	}
	return name
}

func keyword(t sqltext.Token) bool {
	return slices.ContainsFunc([]string{"where", "join", "left", "right", "inner", "outer", "full", "cross", "on", "group", "order", "limit", "natural", "using", "for", "union", "having"}, t.Is)
}

// column is the column of one of a query's tables that tokens name, through casts.
func (q *query) column(tokens []sqltext.Token) *catalog.Column {
	tokens = sqltext.Unwrap(tokens)
	for len(tokens) > 2 && tokens[len(tokens)-2].Is("::") {
		tokens = sqltext.Unwrap(tokens[:len(tokens)-2])
	}
	switch {
	case len(tokens) == 3 && tokens[0].Name() && tokens[1].Is(".") && tokens[2].Name():
		if t := q.aliases[tokens[0].Text]; t != nil {
			return t.Column(tokens[2].Text)
		}
	case len(tokens) == 1 && tokens[0].Name():
		for _, t := range q.aliases {
			if c := t.Column(tokens[0].Text); c != nil {
				return c
			}
		}
	}
	return nil
}

// selected is the one column of t that a query gives back, or nil.
func (q *query) selected(t *table) *catalog.Column {
	list := q.tokens[1:q.from]
	if i := sqltext.Index(list, "into"); i >= 0 {
		list = list[:i]
	}
	if c := q.column(list); c != nil && c.Table == t.Relation {
		return c
	}
	return nil
}
