package audit

import (
	"slices"
	"strings"

	"github.com/qarion/seedbed/internal/catalog"
)

// inline is the body of the one SQL function that an expression calls, with the
// arguments in the place of its parameters: policies often hide their comparison in
// a function. Nil where the expression is anything else.
func (a *audit) inline(tokens []token, s *subject) []token {
	f, args := a.called(tokens)
	if f == nil {
		return nil
	}
	for i := range args {
		args[i] = qualified(args[i], s)
	}
	return substitute(result(f), parameters(f), args)
}

// opaque reports whether an expression is a call, with a tenant's column, of a
// function that has more to it than an expression and reads something of the
// session: whether that is the right thing is left to the probes.
func (a *audit) opaque(tokens []token, columns []string) bool {
	f, args := a.called(tokens)
	if f == nil || result(f) != nil {
		return false
	}
	body := lex(withoutComments(f.Body))
	return (len(readSettings(body, a.readers)) > 0 || a.mentionsSubject(body)) && slices.ContainsFunc(args, func(arg []token) bool {
		return slices.ContainsFunc(arg, func(t token) bool { return t.kind == nameToken && contains(columns, t.text) })
	})
}

// called is the function that an expression is a call of, and nothing else.
func (a *audit) called(tokens []token) (*catalog.Function, [][]token) {
	call := tokens
	for len(call) > 3 && call[0].kind == nameToken && call[1].is(".") {
		call = call[2:]
	}
	if len(call) < 3 || call[0].kind != nameToken || call[0].is("EXISTS") || !call[1].is("(") || closing(call) != len(call)-1 {
		return nil, nil
	}
	args := arguments(call[1:])
	for _, f := range a.cat.Functions {
		if f.Name == call[0].text && len(parameters(f)) == len(args) && (f.Language == "sql" || f.Language == "plpgsql") {
			return f, args
		}
	}
	return nil, nil
}

// qualified writes the columns of the row with their table, as a subquery would.
func qualified(tokens []token, s *subject) []token {
	var out []token
	for i, t := range tokens {
		if t.kind == nameToken && s.rel.Column(t.text) != nil && (i == 0 || !tokens[i-1].is(".")) {
			out = append(out, token{nameToken, s.rel.Name, s.rel.Name}, token{symbolToken, ".", "."})
		}
		out = append(out, t)
	}
	return out
}

// arguments of a call, from its opening parenthesis on.
func arguments(tokens []token) [][]token {
	inner := tokens[1 : len(tokens)-1]
	if len(inner) == 0 {
		return nil
	}
	return split(inner, ",")
}

// parameters are the names of a function's arguments, "" where they have none.
func parameters(f *catalog.Function) []string {
	if f.Args == "" {
		return nil
	}
	var out []string
	for _, p := range split(lex(f.Args), ",") {
		name := ""
		if len(p) > 1 && p[0].kind == nameToken && !p[1].is("(") && !p[1].is("[") && !p[0].is("double") && !p[0].is("character") && !p[0].is("timestamp") && !p[0].is("time") {
			name = p[0].text
		}
		out = append(out, name)
	}
	return out
}

// result is the expression that a function of one statement returns; nil where
// there is more to it.
func result(f *catalog.Function) []token {
	tokens := lex(withoutComments(f.Body))
	if len(tokens) > 1 && tokens[0].is("BEGIN") {
		tokens = tokens[1 : len(tokens)-1]
		if len(tokens) > 0 && tokens[0].is("ATOMIC") {
			tokens = tokens[1:]
		}
	}
	for len(tokens) > 0 && (tokens[len(tokens)-1].is(";") || tokens[len(tokens)-1].is("END")) {
		tokens = tokens[:len(tokens)-1]
	}
	if slices.ContainsFunc(tokens, func(t token) bool { return t.is(";") }) || len(tokens) < 2 || !tokens[0].is("SELECT") && !tokens[0].is("RETURN") {
		return nil
	}
	if tokens[0].is("RETURN") {
		return tokens[1:]
	}
	if len(split(tokens, "FROM")) > 1 { // of a row or none: the same as EXISTS
		exists := append([]token{{nameToken, "EXISTS", "EXISTS"}, {symbolToken, "(", "("}}, tokens...)
		return append(exists, token{symbolToken, ")", ")"})
	}
	return tokens
}

func substitute(body []token, names []string, args [][]token) []token {
	var out []token
	for i, t := range body {
		at := slices.IndexFunc(names, func(n string) bool {
			return n != "" && t.kind == nameToken && strings.EqualFold(n, t.text) && (i == 0 || !body[i-1].is("."))
		})
		if t.kind == nameToken && len(t.text) == 2 && t.text[0] == '$' && int(t.text[1]-'1') < len(args) {
			at = int(t.text[1] - '1')
		}
		if at < 0 {
			out = append(out, t)
			continue
		}
		out = append(out, token{symbolToken, "(", "("})
		out = append(out, args[at]...)
		out = append(out, token{symbolToken, ")", ")"})
	}
	return out
}
