package infer

import (
	"slices"
	"strings"

	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/sqltext"
)

// comparison is a policy's comparison of a column with the session: with its identity, or
// with the tenants that a lookup of its user finds.
type comparison struct {
	column   *catalog.Column
	identity Identity
	lookups  []userLookup
}

// comparisonsOf returns what the policies of a table compare with the session.
func (n *inference) comparisonsOf(t *table) []comparison {
	var out []comparison
	for _, p := range t.Policies {
		for _, expr := range []string{p.Using, p.WithCheck} {
			if expr == "" {
				continue
			}
			tokens := sqltext.Tokens(expr)
			eachEquality(tokens, func(left, right []sqltext.Token) {
				out = append(out, n.compareSides(t, left, right)...)
				out = append(out, n.compareSides(t, right, left)...)
			})
			out = append(out, n.passedToFunctions(t, tokens)...)
			out = append(out, n.comparedInQueries(t, tokens)...)
		}
	}
	return out
}

// compareSides returns the columns of t on one side of an equality, if the other side
// depends on the session.
func (n *inference) compareSides(t *table, side, other []sqltext.Token) []comparison {
	columns := columnsIn(t, side)
	if len(columns) == 0 {
		return nil
	}
	x := comparison{lookups: n.lookupsIn(other)}
	if len(x.lookups) == 0 && !hasSubquery(other) {
		x.identity, _ = n.identityIn(other)
	}
	unknown := x.lookups == nil && x.identity.Setting == ""
	if unknown && !n.asksFunction(other) {
		return nil
	}
	var out []comparison
	for _, c := range columns {
		if x.column = c; !unknown || len(n.referencesOf[c]) > 0 {
			out = append(out, x)
		}
	}
	return out
}

// asksFunction reports whether tokens are a call of a function of the schema without arguments:
// one that is to say who the session is, though it reads nothing of it.
func (n *inference) asksFunction(tokens []sqltext.Token) bool {
	tokens = sqltext.Unwrap(tokens)
	if len(tokens) > 2 && tokens[0].Is("select") {
		tokens = tokens[1:]
	}
	name, open := "", 0
	if len(tokens) > 2 {
		name, open = functionCall(tokens, 0)
	}
	return name != "" && open+1 < len(tokens) && tokens[open+1].Is(")") && slices.ContainsFunc(n.catalog.Functions, func(f *catalog.Function) bool {
		return f.Extension == "" && (f.Name == name || f.Schema+"."+f.Name == name)
	})
}

// hasSubquery reports whether tokens read a table.
func hasSubquery(tokens []sqltext.Token) bool {
	return slices.ContainsFunc(tokens, func(t sqltext.Token) bool { return t.Is("from") })
}

// lookupsIn returns the lookups of the session's user in an expression: those of its first
// query, or of a function that it calls.
func (n *inference) lookupsIn(tokens []sqltext.Token) []userLookup {
	if qs := n.queries(tokens); len(qs) > 0 {
		return qs[0].lookups
	}
	for i := range tokens {
		if name, _ := functionCall(tokens, i); name != "" && n.functions.userLookups[name] != nil {
			return n.functions.userLookups[name]
		}
	}
	return nil
}

// passedToFunctions returns the columns that a policy passes to a function that depends on
// the session, such as is_member(organization_id).
func (n *inference) passedToFunctions(t *table, tokens []sqltext.Token) []comparison {
	var out []comparison
	for i := range tokens {
		name, open := functionCall(tokens, i)
		if name == "" {
			continue
		}
		x := comparison{lookups: n.functions.userLookups[name], identity: n.functions.identities[name]}
		if x.lookups == nil && x.identity.Setting == "" {
			continue
		}
		for _, c := range columnsIn(t, tokens[open+1:max(open+1, callEnd(tokens, open)-1)]) {
			x.column = c
			out = append(out, x)
		}
	}
	return out
}

// comparedInQueries returns the columns of t that a policy's queries compare with columns
// of a table in which they look up the session's user: EXISTS (… WHERE m.team_id =
// docs.team_id …).
func (n *inference) comparedInQueries(t *table, tokens []sqltext.Token) []comparison {
	var out []comparison
	for _, q := range n.queries(tokens) {
		if len(q.lookups) == 0 {
			continue
		}
		eachEquality(q.tokens, func(left, right []sqltext.Token) {
			for _, pair := range [][2][]sqltext.Token{{left, right}, {right, left}} {
				column := qualifiedColumn(t, pair[0])
				inner := q.column(pair[1])
				if column == nil || inner == nil || slices.ContainsFunc(q.lookups, func(m userLookup) bool { return m.user == inner }) {
					continue
				}
				if slices.ContainsFunc(q.lookups, func(m userLookup) bool { return m.table.Relation == inner.Table }) {
					out = append(out, comparison{column: column, lookups: q.lookups})
				}
			}
		})
	}
	return out
}

// qualifiedColumn returns the column of t that tokens are, written with the table's name,
// or nil.
func qualifiedColumn(t *table, tokens []sqltext.Token) *catalog.Column {
	tokens = sqltext.Unwrap(tokens)
	if len(tokens) == 3 && tokens[0].IsIdentifier() && tokens[0].Text == t.Name && tokens[1].Is(".") && tokens[2].IsIdentifier() {
		return t.Column(tokens[2].Text)
	}
	return nil
}

// columnsIn returns the columns of t in an operand without a subquery.
func columnsIn(t *table, side []sqltext.Token) []*catalog.Column {
	if hasSubquery(side) {
		return nil
	}
	var out []*catalog.Column
	for i, token := range side {
		cast := i > 0 && side[i-1].Is("::")
		other := i > 1 && side[i-1].Is(".") && side[i-2].Text != t.Name
		call := i+1 < len(side) && (side[i+1].Is("(") || side[i+1].Is("."))
		if c := t.Column(token.Text); token.IsIdentifier() && c != nil && !cast && !call && !other {
			out = append(out, c)
		}
	}
	return out
}

// eachEquality calls visit with the two sides of each = and IN. A side ends at the
// enclosing parenthesis or the nearest AND or OR.
func eachEquality(tokens []sqltext.Token, visit func(left, right []sqltext.Token)) {
	for i, t := range tokens {
		if t.Is("=") || t.Is("in") {
			visit(operand(tokens, i-1, -1), operand(tokens, i+1, 1))
		}
	}
}

// operand returns the tokens from an index to the end of the operand, in the direction of
// step.
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

// query is a SELECT in an expression or a function's body, without its subqueries.
type query struct {
	tokens  []sqltext.Token
	from    int // index of FROM
	aliases map[string]*table
	lookups []userLookup
}

// queries returns the SELECTs in tokens, outer ones first, with their lookups of the
// session's user.
func (n *inference) queries(tokens []sqltext.Token) []query {
	var out []query
	for i := 0; i < len(tokens); i++ {
		if !tokens[i].Is("select") {
			continue
		}
		end := selectEnd(tokens, i)
		q := query{tokens: withoutSubqueries(tokens[i:end]), aliases: map[string]*table{}}
		if q.from = sqltext.Index(q.tokens, "from"); q.from >= 0 {
			n.resolveTables(&q)
			out = append(out, q)
		}
	}
	return out
}

// selectEnd returns the index where a SELECT ends: at the parenthesis that encloses it, a
// semicolon, or the next SELECT of a UNION.
func selectEnd(tokens []sqltext.Token, from int) int {
	depth := 0
	for i := from; i < len(tokens); i++ {
		switch t := tokens[i]; {
		case t.Is("("):
			depth++
		case t.Is(")"):
			if depth--; depth < 0 {
				return i
			}
		case t.Is(";"), depth == 0 && (t.Is("union") || t.Is("intersect") || t.Is("except")):
			return i
		}
	}
	return len(tokens)
}

// withoutSubqueries removes the subqueries in parentheses that read a table: one around a
// call alone, (SELECT auth.uid()), is that call.
func withoutSubqueries(tokens []sqltext.Token) []sqltext.Token {
	var out []sqltext.Token
	for i := 0; i < len(tokens); i++ {
		if tokens[i].Is("(") && i+1 < len(tokens) && tokens[i+1].Is("select") {
			if end := sqltext.Closing(tokens[i:]); end > 0 && hasSubquery(tokens[i:i+end]) {
				i += end
				continue
			}
		}
		out = append(out, tokens[i])
	}
	return out
}

// resolveTables finds the tables of a query, and the columns that it compares with the
// session.
func (n *inference) resolveTables(q *query) {
	for i := q.from; i < len(q.tokens); i++ {
		if t := q.tokens[i]; !t.Is("from") && !t.Is("join") && !t.Is(",") {
			if t.Is("where") || t.Is("group") || t.Is("order") {
				break
			}
			continue
		}
		n.addAlias(q, i+1)
	}
	eachEquality(q.tokens[q.from:], func(left, right []sqltext.Token) {
		for _, pair := range [][2][]sqltext.Token{{left, right}, {right, left}} {
			column := q.column(pair[0])
			if column == nil || hasSubquery(pair[1]) {
				continue
			}
			if x, ok := n.identityIn(pair[1]); ok {
				q.lookups = append(q.lookups, userLookup{n.tableOf[column.Table.Root()], column, x})
			}
		}
	})
}

// addAlias records the name and the alias of the table at tokens[i].
func (n *inference) addAlias(q *query, i int) {
	for i < len(q.tokens) && (q.tokens[i].Is("(") || q.tokens[i].Is("only")) {
		i++
	}
	if i >= len(q.tokens) || !q.tokens[i].IsIdentifier() {
		return
	}
	name := q.tokens[i].Text
	full := quoteIfNeeded(name)
	if i+2 < len(q.tokens) && q.tokens[i+1].Is(".") {
		name = q.tokens[i+2].Text
		full += "." + quoteIfNeeded(name)
		i += 2
	}
	r := n.catalog.Table(full)
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
	if i+1 < len(q.tokens) && q.tokens[i+1].IsIdentifier() && !isKeyword(q.tokens[i+1]) {
		q.aliases[q.tokens[i+1].Text] = t
	}
}

// quoteIfNeeded writes a name as catalog.Table reads it.
func quoteIfNeeded(name string) string {
	if strings.ContainsAny(name, `."`) {
		return `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
	}
	return name
}

// isKeyword reports whether a token after a table's name is not an alias.
func isKeyword(t sqltext.Token) bool {
	return slices.ContainsFunc([]string{"where", "join", "left", "right", "inner", "outer", "full", "cross", "on", "group", "order", "limit", "natural", "using", "for", "union", "having"}, t.Is)
}

// column returns the column of one of a query's tables that tokens are, apart from casts,
// or nil.
func (q *query) column(tokens []sqltext.Token) *catalog.Column {
	tokens = sqltext.Unwrap(tokens)
	for len(tokens) > 2 && tokens[len(tokens)-2].Is("::") {
		tokens = sqltext.Unwrap(tokens[:len(tokens)-2])
	}
	switch {
	case len(tokens) == 3 && tokens[0].IsIdentifier() && tokens[1].Is(".") && tokens[2].IsIdentifier():
		if t := q.aliases[tokens[0].Text]; t != nil {
			return t.Column(tokens[2].Text)
		}
	case len(tokens) == 1 && tokens[0].IsIdentifier():
		for _, t := range q.aliases {
			if c := t.Column(tokens[0].Text); c != nil {
				return c
			}
		}
	}
	return nil
}

// selectedColumn returns the column of t that is all that the query selects, or nil.
func (q *query) selectedColumn(t *table) *catalog.Column {
	list := q.tokens[1:q.from]
	if i := sqltext.Index(list, "into"); i >= 0 {
		list = list[:i]
	}
	if c := q.column(list); c != nil && c.Table == t.Relation {
		return c
	}
	return nil
}
