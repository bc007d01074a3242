package sqltext

import "strings"

type lexer struct {
	text string
	pos  int
	out  []Token
	open string
}

func (l *lexer) run() []Token {
	for l.pos < len(l.text) {
		n := len(l.out)
		l.next()
		if len(l.out) > n {
			l.out[n].End = l.pos
		}
	}
	return l.out
}

func (l *lexer) next() {
	c := l.text[l.pos]
	switch {
	case c <= ' ':
		l.pos++
	case l.has("--"):
		l.lineComment()
	case l.has("/*"):
		l.blockComment()
	case c == '\'':
		l.quoted(String, '\'', false, "a quoted string")
	case c == '"':
		l.quoted(Quoted, '"', false, "a quoted identifier")
	case (c == 'e' || c == 'E') && l.hasAt(1, "'"):
		l.pos++
		l.quoted(String, '\'', true, "a quoted string")
	case (c == 'b' || c == 'B' || c == 'x' || c == 'X' || c == 'n' || c == 'N') && l.hasAt(1, "'"):
		l.pos++
		l.quoted(String, '\'', false, "a quoted string")
	case (c == 'u' || c == 'U') && (l.hasAt(1, "&'") || l.hasAt(1, `&"`)):
		l.pos += 2
	case c == '$' && (l.dollar() || l.parameter()):
	case isLetter(c):
		l.word()
	case isDigit(c):
		l.number()
	default:
		n := l.symbol()
		l.emit(Symbol, l.text[l.pos:l.pos+n], l.pos)
		l.pos += n
	}
}

// symbol is the length of the operator or punctuation here. As in Postgres, an
// operator ends before a comment, and in + or - only where it has one of ~!@#%^&|`?.
func (l *lexer) symbol() int {
	if l.has("::") || l.has(":=") {
		return 2
	}
	n := 0
	for rest := l.text[l.pos:]; n < len(rest) && strings.IndexByte(operators, rest[n]) >= 0; n++ {
		if n > 0 && (strings.HasPrefix(rest[n:], "--") || strings.HasPrefix(rest[n:], "/*")) {
			break
		}
	}
	for n > 1 && strings.ContainsAny(l.text[l.pos+n-1:l.pos+n], "+-") && !strings.ContainsAny(l.text[l.pos:l.pos+n], "~!@#%^&|`?") {
		n--
	}
	return max(n, 1)
}

const operators = "+-*/<>=~!@#%^&|`?"

// parameter lexes $1; false where no digit follows.
func (l *lexer) parameter() bool {
	end := l.pos + 1
	for end < len(l.text) && isDigit(l.text[end]) {
		end++
	}
	if end == l.pos+1 {
		return false
	}
	l.emit(Parameter, l.text[l.pos:end], l.pos)
	l.pos = end
	return true
}

func (l *lexer) has(s string) bool { return strings.HasPrefix(l.text[l.pos:], s) }

func (l *lexer) hasAt(n int, s string) bool {
	return l.pos+n <= len(l.text) && strings.HasPrefix(l.text[l.pos+n:], s)
}

func (l *lexer) emit(kind Kind, text string, pos int) {
	l.out = append(l.out, Token{Kind: kind, Text: text, Pos: pos})
}

func (l *lexer) lineComment() {
	if i := strings.IndexByte(l.text[l.pos:], '\n'); i >= 0 {
		l.pos += i + 1
		return
	}
	l.pos = len(l.text)
}

// blockComment: in Postgres they nest.
func (l *lexer) blockComment() {
	depth := 0
	for l.pos < len(l.text) {
		switch {
		case l.has("/*"):
			depth++
			l.pos += 2
		case l.has("*/"):
			depth--
			l.pos += 2
			if depth == 0 {
				return
			}
		default:
			l.pos++
		}
	}
	l.open = "a comment"
}

func (l *lexer) quoted(kind Kind, quote byte, escapes bool, what string) {
	start := l.pos
	var b strings.Builder
	for l.pos++; l.pos < len(l.text); l.pos++ {
		c := l.text[l.pos]
		switch {
		case escapes && c == '\\' && l.pos+1 < len(l.text):
			l.pos++
			b.WriteByte(l.text[l.pos])
		case c == quote && l.hasAt(1, string(quote)):
			l.pos++
			b.WriteByte(quote)
		case c == quote:
			l.pos++
			l.emit(kind, b.String(), start)
			return
		default:
			b.WriteByte(c)
		}
	}
	l.open = what
	l.emit(kind, b.String(), start)
}

// dollar lexes $tag$…$tag$; false where the $ begins none.
func (l *lexer) dollar() bool {
	end := l.pos + 1
	for end < len(l.text) && (isLetter(l.text[end]) || isDigit(l.text[end]) && end > l.pos+1) && l.text[end] != '$' {
		end++
	}
	if end >= len(l.text) || l.text[end] != '$' {
		return false
	}
	tag, start := l.text[l.pos:end+1], l.pos
	body := l.text[end+1:]
	n := strings.Index(body, tag)
	if n < 0 {
		l.open = "a dollar-quoted string"
		l.emit(String, body, start)
		l.pos = len(l.text)
		return true
	}
	l.emit(String, body[:n], start)
	l.pos = end + 1 + n + len(tag)
	return true
}

func (l *lexer) word() {
	start := l.pos
	for l.pos < len(l.text) && (isLetter(l.text[l.pos]) || isDigit(l.text[l.pos]) || l.text[l.pos] == '$') {
		l.pos++
	}
	l.emit(Word, strings.ToLower(l.text[start:l.pos]), start)
}

func (l *lexer) number() {
	start := l.pos
	for l.pos < len(l.text) && (isDigit(l.text[l.pos]) || isLetter(l.text[l.pos]) || l.text[l.pos] == '.') {
		l.pos++
	}
	l.emit(Number, l.text[start:l.pos], start)
}

// isLetter takes every byte of a multi-byte character, as Postgres does.
func isLetter(c byte) bool {
	return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }
