package sqltext

import "strings"

type lexer struct {
	text     string
	pos      int
	tokens   []Token
	unclosed string // as Result.Unclosed
}

// run lexes the whole text.
func (l *lexer) run() []Token {
	for l.pos < len(l.text) {
		n := len(l.tokens)
		l.next()
		if len(l.tokens) > n {
			l.tokens[n].End = l.pos
		}
	}
	return l.tokens
}

// next lexes one token, or skips white space, a comment or the U& before a quote.
func (l *lexer) next() {
	c := l.text[l.pos]
	switch {
	case c <= ' ':
		l.pos++
	case l.hasPrefix("--"):
		l.skipLineComment()
	case l.hasPrefix("/*"):
		l.skipBlockComment()
	case c == '\'':
		l.lexQuoted(String, '\'', false, "a quoted string")
	case c == '"':
		l.lexQuoted(Quoted, '"', false, "a quoted identifier")
	case (c == 'e' || c == 'E') && l.hasPrefixAt(1, "'"):
		l.pos++
		l.lexQuoted(String, '\'', true, "a quoted string")
	case (c == 'b' || c == 'B' || c == 'x' || c == 'X' || c == 'n' || c == 'N') && l.hasPrefixAt(1, "'"):
		l.pos++
		l.lexQuoted(String, '\'', false, "a quoted string")
	case (c == 'u' || c == 'U') && (l.hasPrefixAt(1, "&'") || l.hasPrefixAt(1, `&"`)):
		l.pos += 2
	case c == '$' && (l.lexDollar() || l.lexParameter()):
	case isLetter(c):
		l.lexWord()
	case isDigit(c):
		l.lexNumber()
	default:
		n := l.symbolLength()
		l.emit(Symbol, l.text[l.pos:l.pos+n], l.pos)
		l.pos += n
	}
}

// symbolLength returns the length of the operator or punctuation at pos. As in Postgres,
// an operator ends before a comment, and ends in + or - only if it contains one of
// ~!@#%^&|`?.
func (l *lexer) symbolLength() int {
	if l.hasPrefix("::") || l.hasPrefix(":=") {
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

// lexParameter lexes $1; false if no digit follows.
func (l *lexer) lexParameter() bool {
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

func (l *lexer) hasPrefix(s string) bool { return strings.HasPrefix(l.text[l.pos:], s) }

func (l *lexer) hasPrefixAt(n int, s string) bool {
	return l.pos+n <= len(l.text) && strings.HasPrefix(l.text[l.pos+n:], s)
}

func (l *lexer) emit(kind Kind, text string, pos int) {
	l.tokens = append(l.tokens, Token{Kind: kind, Text: text, Pos: pos})
}

func (l *lexer) skipLineComment() {
	if i := strings.IndexByte(l.text[l.pos:], '\n'); i >= 0 {
		l.pos += i + 1
		return
	}
	l.pos = len(l.text)
}

// skipBlockComment skips a comment with the comments nested in it.
func (l *lexer) skipBlockComment() {
	depth := 0
	for l.pos < len(l.text) {
		switch {
		case l.hasPrefix("/*"):
			depth++
			l.pos += 2
		case l.hasPrefix("*/"):
			depth--
			l.pos += 2
			if depth == 0 {
				return
			}
		default:
			l.pos++
		}
	}
	l.unclosed = "a comment"
}

// lexQuoted lexes a string or an identifier. escapes: \ escapes the next character.
// name is what Unclosed is if the text ends before the closing quote.
func (l *lexer) lexQuoted(kind Kind, quote byte, escapes bool, name string) {
	start := l.pos
	var b strings.Builder
	for l.pos++; l.pos < len(l.text); l.pos++ {
		c := l.text[l.pos]
		switch {
		case escapes && c == '\\' && l.pos+1 < len(l.text):
			l.pos++
			b.WriteByte(l.text[l.pos])
		case c == quote && l.hasPrefixAt(1, string(quote)):
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
	l.unclosed = name
	l.emit(kind, b.String(), start)
}

// lexDollar lexes $tag$…$tag$; false if the $ begins none.
func (l *lexer) lexDollar() bool {
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
		l.unclosed = "a dollar-quoted string"
		l.emit(String, body, start)
		l.pos = len(l.text)
		return true
	}
	l.emit(String, body[:n], start)
	l.pos = end + 1 + n + len(tag)
	return true
}

func (l *lexer) lexWord() {
	start := l.pos
	for l.pos < len(l.text) && (isLetter(l.text[l.pos]) || isDigit(l.text[l.pos]) || l.text[l.pos] == '$') {
		l.pos++
	}
	l.emit(Word, strings.ToLower(l.text[start:l.pos]), start)
}

func (l *lexer) lexNumber() {
	start := l.pos
	for l.pos < len(l.text) && (isDigit(l.text[l.pos]) || isLetter(l.text[l.pos]) || l.text[l.pos] == '.') {
		l.pos++
	}
	l.emit(Number, l.text[start:l.pos], start)
}

// isLetter accepts every byte of a multi-byte character, as Postgres does.
func isLetter(c byte) bool {
	return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }
