package audit

import "strings"

type tokenKind int

const (
	nameToken tokenKind = iota
	stringToken
	numberToken
	symbolToken
)

// token of an expression as Postgres prints it: no comments, known quoting.
type token struct {
	kind tokenKind
	text string // unquoted
	raw  string
}

func (t token) is(text string) bool { return t.kind != stringToken && strings.EqualFold(t.text, text) }

// lex splits an expression of the catalog into tokens.
func lex(s string) []token {
	var out []token
	for i := 0; i < len(s); {
		switch c := s[i]; {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
			i++
		case c == '\'' || (c == 'E' && i+1 < len(s) && s[i+1] == '\''):
			end := stringEnd(s, i)
			out = append(out, token{stringToken, unquote(s[i:end]), s[i:end]})
			i = end
		case c == '"':
			end := quotedEnd(s, i)
			out = append(out, token{nameToken, strings.ReplaceAll(strings.TrimSuffix(s[i+1:end], `"`), `""`, `"`), s[i:end]})
			i = end
		case letter(c):
			j := i
			for j < len(s) && (letter(s[j]) || digit(s[j])) {
				j++
			}
			out = append(out, token{nameToken, s[i:j], s[i:j]})
			i = j
		case digit(c):
			j := i
			for j < len(s) && (digit(s[j]) || s[j] == '.') {
				j++
			}
			out = append(out, token{numberToken, s[i:j], s[i:j]})
			i = j
		case strings.IndexByte("(),.;[]", c) >= 0:
			out = append(out, token{symbolToken, s[i : i+1], s[i : i+1]})
			i++
		default:
			j := i + 1
			for j < len(s) && strings.IndexByte("+-*/<>=~!@#%^&|`?:", s[j]) >= 0 {
				j++
			}
			out = append(out, token{symbolToken, s[i:j], s[i:j]})
			i = j
		}
	}
	return out
}

func letter(c byte) bool {
	return c == '_' || c == '$' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}

func digit(c byte) bool { return c >= '0' && c <= '9' }

func stringEnd(s string, i int) int {
	escapes := s[i] == 'E'
	if escapes {
		i++
	}
	for i++; i < len(s); i++ {
		switch {
		case escapes && s[i] == '\\':
			i++
		case s[i] == '\'' && i+1 < len(s) && s[i+1] == '\'':
			i++
		case s[i] == '\'':
			return i + 1
		}
	}
	return len(s)
}

func quotedEnd(s string, i int) int {
	for i++; i < len(s); i++ {
		if s[i] == '"' {
			if i+1 < len(s) && s[i+1] == '"' {
				i++
				continue
			}
			return i + 1
		}
	}
	return len(s)
}

func unquote(s string) string {
	s = strings.TrimPrefix(s, "E")
	return strings.ReplaceAll(strings.Trim(s, "'"), "''", "'")
}

// withoutComments is a function's body without what nobody runs: an apostrophe in a
// comment would begin a string.
func withoutComments(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); {
		switch end := i; {
		case s[i] == '\'':
			end = stringEnd(s, i)
			b.WriteString(s[i:end])
			i = end
		case s[i] == '"':
			end = quotedEnd(s, i)
			b.WriteString(s[i:end])
			i = end
		case strings.HasPrefix(s[i:], "--"):
			line, _, _ := strings.Cut(s[i:], "\n")
			i += len(line)
		case strings.HasPrefix(s[i:], "/*"):
			i = commentEnd(s, i)
			b.WriteByte(' ')
		default:
			b.WriteByte(s[i])
			i++
		}
	}
	return b.String()
}

// commentEnd of a block comment, which may hold others.
func commentEnd(s string, i int) int {
	depth := 0
	for i < len(s) {
		switch {
		case strings.HasPrefix(s[i:], "/*"):
			depth++
			i += 2
		case strings.HasPrefix(s[i:], "*/"):
			depth--
			i += 2
		default:
			i++
		}
		if depth == 0 {
			break
		}
	}
	return i
}
