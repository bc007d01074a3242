package audit

import "strings"

// compare splits a = b, or a IN (…), at the top level.
func compare(tokens []token) (left []token, op string, right []token) {
	depth := 0
	for i, t := range tokens {
		switch {
		case t.is("(") || t.is("["):
			depth++
		case t.is(")") || t.is("]"):
			depth--
		case depth == 0 && (t.is("=") || t.is("IN")) && i > 0 && !tokens[i-1].is("NOT") && !tokens[0].is("NOT"):
			return tokens[:i], strings.ToUpper(t.text), tokens[i+1:]
		case depth == 0 && (t.is("IS") || t.kind == symbolToken && strings.ContainsAny(t.text, "<>!~")):
			return nil, "", nil
		}
	}
	return nil, "", nil
}

// unwrap takes parentheses off that hold everything.
func unwrap(tokens []token) []token {
	for len(tokens) >= 2 && tokens[0].is("(") && closing(tokens) == len(tokens)-1 {
		tokens = tokens[1 : len(tokens)-1]
	}
	return tokens
}

func closing(tokens []token) int {
	depth := 0
	for i, t := range tokens {
		if t.is("(") {
			depth++
		}
		if t.is(")") {
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return -1
}

// split cuts at a word, or a comma, on the top level.
func split(tokens []token, word string) [][]token {
	var out [][]token
	depth, start := 0, 0
	for i, t := range tokens {
		switch {
		case t.is("(") || t.is("[") || t.is("CASE"):
			depth++
		case t.is(")") || t.is("]") || t.is("END"):
			depth--
		case depth == 0 && t.is(word):
			out = append(out, tokens[start:i])
			start = i + 1
		}
	}
	return append(out, tokens[start:])
}
