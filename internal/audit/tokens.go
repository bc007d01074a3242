package audit

import (
	"slices"
	"strings"

	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/sqltext"
)

// compare splits a = b, or a IN (…), at the top level.
func compare(tokens []sqltext.Token) (left []sqltext.Token, op string, right []sqltext.Token) {
	depth := 0
	for i, t := range tokens {
		switch {
		case t.Is("(") || t.Is("["):
			depth++
		case t.Is(")") || t.Is("]"):
			depth--
		case depth == 0 && (t.Is("=") || t.Is("in")) && i > 0 && !tokens[i-1].Is("not") && !tokens[0].Is("not"):
			return tokens[:i], strings.ToUpper(t.Text), tokens[i+1:]
		case depth == 0 && (t.Is("is") || t.Kind == sqltext.Symbol && strings.ContainsAny(t.Text, "<>!~")):
			return nil, "", nil
		}
	}
	return nil, "", nil
}

// symbol is a token that stands in no text.
func symbol(text string) sqltext.Token { return sqltext.Token{Kind: sqltext.Symbol, Text: text} }

// columnsIn are the columns of a relation that an expression names.
func columnsIn(r *catalog.Relation, tokens []sqltext.Token) (names []string) {
	for _, t := range tokens {
		if t.IsIdentifier() && r.Column(t.Text) != nil && !slices.Contains(names, t.Text) {
			names = append(names, t.Text)
		}
	}
	return names
}
