package audit

import (
	"slices"
	"strings"

	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/graph"
	"github.com/qarion/seedbed/internal/sqltext"
)

// setByTrigger reports whether a trigger gives each row the tenant of the row that a
// foreign key leads to: it fires before every INSERT and UPDATE, and assigns the tenant's
// column whatever the row says.
func (a *audit) setByTrigger(s *subject, fk *graph.ForeignKey) bool {
	for _, t := range s.rel.Root().Triggers {
		if !t.Row || !t.Before || !t.Insert || !t.Update || t.Function == nil || t.Enabled == "D" || t.Enabled == "R" || strings.Contains(t.Definition, " UPDATE OF ") {
			continue
		}
		for _, sc := range s.direct() {
			if !slices.ContainsFunc(sc.Columns, func(c string) bool { return !assigns(t.Function, c, fk) }) {
				return true
			}
		}
	}
	return false
}

// assigns reports whether a trigger function sets a column of the new row from the row that
// a foreign key leads to, in every case: itself, or through a variable.
func assigns(f *catalog.Function, column string, fk *graph.ForeignKey) bool {
	var from [][]sqltext.Token // variables that hold something of the referenced row
	for _, statement := range unconditional(sqltext.Tokens(f.Body)) {
		to, value := assigned(statement)
		if len(to) == 0 {
			continue
		}
		reads := mentions(value, fk.Ref.Name) && !slices.ContainsFunc(without(fk.Columns, []string{column}), func(c string) bool { return !mentionsNew(value, c) })
		for _, variable := range from {
			reads = reads || same(sqltext.Unwrap(value), variable)
		}
		switch {
		case reads && len(to) == 3 && to[0].Is("new") && to[2].Text == column:
			return true
		case reads:
			from = append(from, to)
		}
	}
	return false
}

// unconditional are the statements of a body in PL/pgSQL that run in every call: those
// before the first that returns, and within no IF, CASE or loop.
func unconditional(body []sqltext.Token) (out [][]sqltext.Token) {
	if at := slices.IndexFunc(body, func(t sqltext.Token) bool { return t.Is("BEGIN") }); at >= 0 {
		body = body[at+1:]
	}
	depth := 0
	var statement []sqltext.Token
	for i, t := range body {
		ends := i > 0 && body[i-1].Is("END")
		switch {
		case t.Is("RETURN") || t.Is("EXCEPTION"):
			return out
		case (t.Is("IF") || t.Is("LOOP")) && ends, t.Is("CASE") && ends:
			depth--
		case t.Is("IF") && len(statement) == 0, t.Is("CASE") && len(statement) == 0, t.Is("LOOP"):
			depth++
		}
		if t.Is(";") {
			if depth == 0 {
				out = append(out, statement)
			}
			statement = nil
			continue
		}
		statement = append(statement, t)
		if t.Is("THEN") || t.Is("ELSE") || t.Is("LOOP") {
			statement = nil
		}
	}
	return out
}

// assigned are the two sides of x := value, or of SELECT value INTO x FROM …
func assigned(statement []sqltext.Token) (to, value []sqltext.Token) {
	if len(statement) == 0 {
		return nil, nil
	}
	if into := sqltext.Index(statement, "INTO"); statement[0].Is("SELECT") && into > 0 {
		rest := statement[into+1:]
		if len(rest) > 0 && rest[0].Is("STRICT") {
			rest = rest[1:]
		}
		end := slices.IndexFunc(rest, func(t sqltext.Token) bool { return t.Is("FROM") })
		if end < 0 {
			end = len(rest)
		}
		if to = rest[:end]; len(to) > 1 && ofRow(to[0]) { // which says nothing of the row
			return to, slices.Concat(statement[:into], rest[end:])
		}
		return to, statement
	}
	for i, t := range statement {
		if t.Is("=") || t.Is(":=") {
			return statement[:i], statement[i+1:]
		}
		if t.Is(":") && i+1 < len(statement) && statement[i+1].Is("=") {
			return statement[:i], statement[i+2:]
		}
	}
	return nil, nil
}

func same(a, b []sqltext.Token) bool {
	return slices.EqualFunc(a, b, func(x, y sqltext.Token) bool { return x.Text == y.Text })
}

func mentions(tokens []sqltext.Token, name string) bool {
	return slices.ContainsFunc(tokens, func(t sqltext.Token) bool { return t.IsIdentifier() && t.Text == name })
}

// mentionsNew reports whether an expression reads a column of the new row.
func mentionsNew(tokens []sqltext.Token, column string) bool {
	for i := range tokens {
		if i+2 < len(tokens) && tokens[i].Is("new") && tokens[i+1].Is(".") && tokens[i+2].Text == column {
			return true
		}
	}
	return false
}
