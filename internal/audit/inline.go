package audit

import (
	"slices"
	"strings"

	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/sqltext"
)

// inline is the body of the one SQL function that an expression calls, with the
// arguments in the place of its parameters: policies often hide their comparison in
// a function. Nil where the expression is anything else.
func (a *audit) inline(tokens []sqltext.Token, s *subject) []sqltext.Token {
	f, args := a.called(tokens)
	if f == nil {
		return nil
	}
	for i := range args {
		args[i] = qualified(args[i], s)
	}
	return substitute(f.Name, result(f), parameters(f), args)
}

// opaque reports whether an expression is a call, with a tenant's column, of a
// function that has more to it than an expression and reads something of the
// session: whether that is the right thing is left to the probes.
func (a *audit) opaque(tokens []sqltext.Token, columns []string) bool {
	f, args := a.called(tokens)
	if f == nil || result(f) != nil {
		return false
	}
	body := sqltext.Tokens(f.Body)
	return (len(a.readers.In(body)) > 0 || a.mentionsSubject(body)) && slices.ContainsFunc(args, func(arg []sqltext.Token) bool {
		return slices.ContainsFunc(arg, func(t sqltext.Token) bool { return t.IsIdentifier() && contains(columns, t.Text) })
	})
}

// called is the function that an expression is a call of, and nothing else.
func (a *audit) called(tokens []sqltext.Token) (*catalog.Function, [][]sqltext.Token) {
	call := tokens
	for len(call) > 3 && call[0].IsIdentifier() && call[1].Is(".") {
		call = call[2:]
	}
	if len(call) < 3 || !call[0].IsIdentifier() || call[0].Is("EXISTS") || !call[1].Is("(") || sqltext.Closing(call) != len(call)-1 {
		return nil, nil
	}
	args := arguments(call[1:])
	for _, f := range a.cat.Functions {
		if n := len(parameters(f)); f.Name == call[0].Text && len(args) <= n && len(args) >= n-f.Defaults && (f.Language == "sql" || f.Language == "plpgsql") {
			return f, args
		}
	}
	return nil, nil
}

// qualified writes the columns of the row with their table, as a subquery would.
func qualified(tokens []sqltext.Token, s *subject) []sqltext.Token {
	var out []sqltext.Token
	for i, t := range tokens {
		if t.IsIdentifier() && s.rel.Column(t.Text) != nil && (i == 0 || !tokens[i-1].Is(".")) {
			out = append(out, sqltext.Token{Kind: sqltext.Quoted, Text: s.rel.Name}, symbol("."))
		}
		out = append(out, t)
	}
	return out
}

// arguments of a call, from its opening parenthesis on.
func arguments(tokens []sqltext.Token) [][]sqltext.Token {
	inner := tokens[1 : len(tokens)-1]
	if len(inner) == 0 {
		return nil
	}
	return sqltext.TopLevel(inner, ",")
}

// parameters are the names of a function's arguments, "" where they have none.
func parameters(f *catalog.Function) []string {
	if f.Args == "" {
		return nil
	}
	var out []string
	for _, p := range sqltext.TopLevel(sqltext.Tokens(f.Args), ",") {
		name := ""
		if len(p) > 1 && p[0].IsIdentifier() && !p[1].Is("(") && !p[1].Is("[") && !p[0].Is("double") && !p[0].Is("character") && !p[0].Is("timestamp") && !p[0].Is("time") {
			name = p[0].Text
		}
		out = append(out, name)
	}
	return out
}

// result is the expression that a function of one statement returns; nil where
// there is more to it.
func result(f *catalog.Function) []sqltext.Token {
	tokens := sqltext.Tokens(f.Body)
	if len(tokens) > 1 && tokens[0].Is("BEGIN") {
		tokens = tokens[1 : len(tokens)-1]
		if len(tokens) > 0 && tokens[0].Is("ATOMIC") {
			tokens = tokens[1:]
		}
	}
	for len(tokens) > 0 && (tokens[len(tokens)-1].Is(";") || tokens[len(tokens)-1].Is("END")) {
		tokens = tokens[:len(tokens)-1]
	}
	if slices.ContainsFunc(tokens, func(t sqltext.Token) bool { return t.Is(";") }) || len(tokens) < 2 || !tokens[0].Is("SELECT") && !tokens[0].Is("RETURN") {
		return nil
	}
	if tokens[0].Is("RETURN") {
		return tokens[1:]
	}
	if len(sqltext.TopLevel(tokens, "FROM")) > 1 { // of a row or none: the same as EXISTS
		exists := append([]sqltext.Token{{Kind: sqltext.Word, Text: "exists"}, symbol("(")}, tokens...)
		return append(exists, symbol(")"))
	}
	return tokens
}

// substitute puts arguments in the place of parameters, which a body may qualify with the
// function's name. Those that a call leaves out stay.
func substitute(function string, body []sqltext.Token, names []string, args [][]sqltext.Token) []sqltext.Token {
	var out []sqltext.Token
	names = names[:min(len(names), len(args))]
	for i := 0; i < len(body); i++ {
		t := body[i]
		of := func(n string) bool { return n != "" && i+2 < len(body) && strings.EqualFold(n, body[i+2].Text) }
		if t.IsIdentifier() && strings.EqualFold(t.Text, function) && i+2 < len(body) && body[i+1].Is(".") && slices.ContainsFunc(names, of) {
			i += 2
			t = sqltext.Token{Kind: t.Kind, Text: body[i].Text}
			body = slices.Clone(body)
			body[i-1] = symbol(",") // so that it stands alone
		}
		at := slices.IndexFunc(names, func(n string) bool {
			return n != "" && t.IsIdentifier() && strings.EqualFold(n, t.Text) && (i == 0 || !body[i-1].Is("."))
		})
		if t.Kind == sqltext.Parameter && len(t.Text) == 2 && int(t.Text[1]-'1') < len(args) {
			at = int(t.Text[1] - '1')
		}
		if at < 0 {
			out = append(out, t)
			continue
		}
		out = append(out, symbol("("))
		out = append(out, args[at]...)
		out = append(out, symbol(")"))
	}
	return out
}
