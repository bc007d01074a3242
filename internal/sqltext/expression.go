package sqltext

import (
	"slices"
	"strings"
)

// Literals returns the strings that an expression compares for equality: the members of an
// IN list, the cases of a CASE. It leaves out patterns and the empty string.
func Literals(expr string) []string {
	tokens := Tokens(expr)
	var out []string
	for i, t := range tokens {
		if t.Kind != String || t.Text == "" {
			continue
		}
		if i > 0 && tokens[i-1].Kind == Symbol && strings.ContainsAny(tokens[i-1].Text, "~<>!@?-+") {
			continue
		}
		for _, value := range ArrayElements(t.Text) {
			if !slices.Contains(out, value) {
				out = append(out, value)
			}
		}
	}
	return out
}

// ArrayElements returns the elements of an array literal, '{a,"b,c"}'. Any other text is
// its only element.
func ArrayElements(text string) []string {
	if !strings.HasPrefix(text, "{") || !strings.HasSuffix(text, "}") {
		return []string{text}
	}
	var out []string
	var item strings.Builder
	quoted := false
	body := text[1 : len(text)-1]
	for i := 0; i < len(body); i++ {
		switch c := body[i]; {
		case c == '"':
			quoted = !quoted
		case c == '\\' && i+1 < len(body):
			i++
			item.WriteByte(body[i])
		case c == ',' && !quoted:
			out = append(out, item.String())
			item.Reset()
		default:
			item.WriteByte(c)
		}
	}
	return slices.DeleteFunc(append(out, item.String()), func(s string) bool { return s == "" })
}

// Mentions reports whether an expression has all of these names as identifiers.
func Mentions(expr string, names ...string) bool {
	tokens := Tokens(expr)
	return !slices.ContainsFunc(names, func(name string) bool {
		return !slices.ContainsFunc(tokens, func(t Token) bool { return t.IsIdentifier() && t.Text == name })
	})
}

// TopLevel splits tokens at a keyword or comma outside parentheses, brackets and CASE.
func TopLevel(tokens []Token, word string) [][]Token {
	var out [][]Token
	depth, start := 0, 0
	for i, t := range tokens {
		switch {
		case t.Is("(") || t.Is("[") || t.Is("case"):
			depth++
		case t.Is(")") || t.Is("]") || t.Is("end"):
			depth--
		case depth == 0 && t.Is(word):
			out = append(out, tokens[start:i])
			start = i + 1
		}
	}
	return append(out, tokens[start:])
}

// Unwrap removes parentheses around all of the tokens.
func Unwrap(tokens []Token) []Token {
	for len(tokens) >= 2 && tokens[0].Is("(") && Closing(tokens) == len(tokens)-1 {
		tokens = tokens[1 : len(tokens)-1]
	}
	return tokens
}

// Closing returns the index of the parenthesis that closes the first one, or -1.
func Closing(tokens []Token) int {
	depth := 0
	for i, t := range tokens {
		if t.Is("(") {
			depth++
		}
		if t.Is(")") {
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return -1
}
