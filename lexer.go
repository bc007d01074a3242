package seedbed

import (
	"slices"
	"strings"

	"github.com/qarion/seedbed/internal/catalog"
)

// token of an expression as Postgres writes it back. That form is regular: names
// are quoted where they must be, and every operator is spelled out.
type token struct {
	kind tokenKind
	text string // a name unquoted, a string without quotes
}

type tokenKind int

const (
	nameToken tokenKind = iota
	stringToken
	symbolToken
)

func lex(expr string) []token {
	var out []token
	for i := 0; i < len(expr); {
		c := expr[i]
		switch {
		case c == ' ' || c == '\n' || c == '\t' || c == '\r':
			i++
		case c == '\'' || c == '"':
			text, n := lexQuoted(expr[i:], c)
			kind := stringToken
			if c == '"' {
				kind = nameToken
			}
			out = append(out, token{kind, text})
			i += n
		case nameByte(c):
			j := i
			for j < len(expr) && (nameByte(expr[j]) || expr[j] == '$') {
				j++
			}
			out = append(out, token{nameToken, expr[i:j]})
			i = j
		default:
			n := lexSymbol(expr[i:])
			out = append(out, token{symbolToken, expr[i : i+n]})
			i += n
		}
	}
	return out
}

func nameByte(c byte) bool {
	return c == '_' || c >= 0x80 || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

// lexQuoted reads to the closing quote, doubled ones inside.
func lexQuoted(s string, quote byte) (text string, n int) {
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		if s[i] != quote {
			b.WriteByte(s[i])
			continue
		}
		if i+1 < len(s) && s[i+1] == quote {
			b.WriteByte(quote)
			i++
			continue
		}
		return b.String(), i + 1
	}
	return b.String(), len(s)
}

func lexSymbol(s string) int {
	if !strings.ContainsRune("<>=!~@#%^&|?+-*/:", rune(s[0])) {
		return 1
	}
	n := 1
	for n < len(s) && strings.ContainsRune("<>=!~@#%^&|?*:", rune(s[n])) {
		n++
	}
	return n
}

func (t token) is(text string) bool { return t.kind != stringToken && strings.EqualFold(t.text, text) }

// literals are the strings that an expression compares for equality: the members
// of an IN list, the cases of a CASE. Patterns and the empty string are left out.
func literals(expr string) []string {
	tokens := lex(expr)
	var out []string
	for i, t := range tokens {
		if t.kind != stringToken || t.text == "" {
			continue
		}
		if i > 0 && tokens[i-1].kind == symbolToken && strings.ContainsAny(tokens[i-1].text, "~<>!@?-+") {
			continue
		}
		for _, value := range members(t.text) {
			if !slices.Contains(out, value) {
				out = append(out, value)
			}
		}
	}
	return out
}

// members opens an array literal, '{a,b}'; other text is one value.
func members(text string) []string {
	if !strings.HasPrefix(text, "{") || !strings.HasSuffix(text, "}") {
		return []string{text}
	}
	var out []string
	for item := range strings.SplitSeq(text[1:len(text)-1], ",") {
		if item = strings.Trim(item, `"`); item != "" {
			out = append(out, item)
		}
	}
	return out
}

// mentions reports whether an expression names all of the columns.
func mentions(expr string, columns ...string) bool {
	tokens := lex(expr)
	for _, c := range columns {
		if !slices.ContainsFunc(tokens, func(t token) bool { return t.kind == nameToken && t.text == c }) {
			return false
		}
	}
	return true
}

// operands cuts an expression at each equality, and gives its two sides: as far
// as the enclosing parentheses and the nearest AND or OR reach.
func operands(expr string, visit func(left, right []token)) {
	tokens := lex(expr)
	for i, t := range tokens {
		if t.is("=") || t.is("IN") {
			visit(operand(tokens, i-1, -1), operand(tokens, i+1, 1))
		}
	}
}

func operand(tokens []token, from, step int) []token {
	depth, end := 0, from
	for ; end >= 0 && end < len(tokens); end += step {
		t := tokens[end]
		switch {
		case t.is("("):
			depth += step
		case t.is(")"):
			depth -= step
		case depth == 0 && (t.is("AND") || t.is("OR") || t.is("WHERE")):
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

// columnsIn are the columns of r that an operand names; a subquery's are not.
func columnsIn(r *catalog.Relation, side []token) []string {
	if slices.ContainsFunc(side, func(t token) bool { return t.is("FROM") }) {
		return nil
	}
	var out []string
	for i, t := range side {
		cast := i > 0 && side[i-1].is("::")
		call := i+1 < len(side) && (side[i+1].is("(") || side[i+1].is("."))
		if t.kind == nameToken && !cast && !call && r.Column(t.text) != nil {
			out = append(out, t.text)
		}
	}
	return out
}
