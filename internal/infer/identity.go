package infer

import (
	"strings"

	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/sqltext"
)

func (x Identity) key() string { return x.Setting + "\x00" + strings.Join(x.Claim, "\x00") }

// functions are what the functions of a database tell of the session, by name with
// and without schema: policies often hide current_setting behind one.
type functions struct {
	identities map[string]Identity
	members    map[string][]membership
}

// membership is a table in which a query looks for the session's user.
type membership struct {
	table *table
	user  *catalog.Column
	Identity
}

// readFunctions follows functions that call others, such as current_space_or_fail,
// as deep as five calls.
func (n *inference) readFunctions() functions {
	n.calls = functions{identities: map[string]Identity{}, members: map[string][]membership{}}
	type body struct {
		names  []string
		tokens []sqltext.Token
	}
	var open []body
	for _, f := range n.cat.Functions {
		open = append(open, body{[]string{f.Schema + "." + f.Name, f.Name}, sqltext.Tokens(f.Body)})
	}
	for range 5 {
		var rest []body
		found := functions{identities: map[string]Identity{}, members: map[string][]membership{}}
		for _, b := range open {
			identity, members, ok := n.read(b.tokens)
			if !ok {
				rest = append(rest, b)
				continue
			}
			for _, name := range b.names {
				if identity.Setting != "" {
					found.identities[name] = identity
				}
				if members != nil {
					found.members[name] = members
				}
			}
		}
		if len(rest) == len(open) {
			break
		}
		open = rest
		for name, x := range found.identities {
			if _, known := n.calls.identities[name]; !known {
				n.calls.identities[name] = x
			}
		}
		for name, m := range found.members {
			if _, known := n.calls.members[name]; !known {
				n.calls.members[name] = m
			}
		}
	}
	return n.calls
}

// read says what a function's body tells: who the session is, or in which tables it
// looks for the session's user. A query for one row by the session's key gives an
// identity, one for a user's rows gives memberships.
func (n *inference) read(tokens []sqltext.Token) (Identity, []membership, bool) {
	var members []membership
	for _, q := range n.queries(tokens) {
		for _, m := range q.members {
			if column := q.selected(m.table); column != nil && m.table.single(m.user) && m.Session.Table == nil {
				x := m.Identity
				x.Session = Ref{Columns: []string{column.Name}, Table: m.table.Relation, Key: []string{m.user.Name}}
				return x, nil, true
			}
			members = append(members, m)
		}
	}
	if members != nil {
		return Identity{}, members, true
	}
	x, ok := n.identity(tokens)
	return x, nil, ok
}

// single reports whether a column alone is a key: then a query by it gives one row.
func (t *table) single(column *catalog.Column) bool {
	for _, ix := range t.Indexes {
		if columns := ix.Columns(); ix.Unique && ix.Predicate == "" && len(columns) == 1 && len(ix.Keys) == 1 && columns[0] == column.Name {
			return true
		}
	}
	return false
}

// identity is the custom setting that tokens read, themselves or through a function,
// and the claim that they take out of it.
func (n *inference) identity(tokens []sqltext.Token) (Identity, bool) {
	for i := range tokens {
		x, end := Identity{}, 0
		if setting := sqltext.CustomSetting(tokens, i); setting != "" {
			x, end = Identity{Setting: setting}, call(tokens, i+1)
		} else {
			name, open := called(tokens, i)
			if known, ok := n.calls.identities[name]; ok {
				x, end = known, call(tokens, open)
			}
		}
		if end > 0 {
			if claim := claims(tokens[end:]); len(claim) > 0 {
				x.Claim = append(x.Claim[:len(x.Claim):len(x.Claim)], claim...)
			}
			return x, true
		}
	}
	return Identity{}, false
}

// called is the name of the function that is called at i, with its schema where that
// is written, and where its parenthesis opens; "" where none is.
func called(tokens []sqltext.Token, i int) (name string, open int) {
	if !tokens[i].Name() || i > 0 && tokens[i-1].Is(".") {
		return "", 0
	}
	name = tokens[i].Text
	if i+2 < len(tokens) && tokens[i+1].Is(".") && tokens[i+2].Name() {
		name += "." + tokens[i+2].Text
		i += 2
	}
	if i+1 >= len(tokens) || !tokens[i+1].Is("(") {
		return "", 0
	}
	return name, i + 1
}

// call is the index behind the parenthesis that closes the one at open.
func call(tokens []sqltext.Token, open int) int {
	if end := sqltext.Closing(tokens[open:]); end >= 0 {
		return open + end + 1
	}
	return len(tokens)
}

// claims is the path that follows a value: ->> 'sub', through casts and parentheses,
// and through the end of a nullif that the value stands in.
func claims(tokens []sqltext.Token) []string {
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
