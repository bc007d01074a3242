package sanitize

import "strings"

// lexer reads JSON text token by token, and accepts exactly what encoding/json
// does. It keeps what a decoder throws away: where things stand, the order of
// members, duplicate keys, and the bytes that are not UTF-8.
type lexer struct {
	s     string
	i     int
	stack []byte // the open brackets
	state state
}

// inside is what the quotes of a string or key hold.
func (l *lexer) inside(t token) string { return l.s[t.at+1 : t.end-1] }

// state is what the grammar wants next.
type state byte

const (
	wantValue       state = iota
	wantValueOrEnd        // after [
	wantMemberOrEnd       // after {
	wantMember            // after , in an object
	wantCommaOrEnd
	wantNothing
)

// token is one bracket, key or scalar. Colons and commas are not told.
type token struct {
	kind    kind
	at, end int
	escaped bool // a string or key that has a backslash
}

type kind byte

const (
	tokenEOF    kind = iota
	tokenOpen        // { or [
	tokenClose       // } or ]
	tokenKey         // with its quotes
	tokenString      // with its quotes
	tokenNumber
	tokenWord // true, false, null
)

// syntaxError says where a document stops being JSON.
type syntaxError struct {
	at     int
	wanted string
}

func (e *syntaxError) Error() string { return "expected " + e.wanted }

func (l *lexer) fail(wanted string) error { return &syntaxError{l.i, wanted} }

// next returns the next token, or a *syntaxError.
func (l *lexer) next() (token, error) {
	l.space()
	if l.i == len(l.s) {
		if l.state == wantNothing {
			return token{at: l.i, end: l.i}, nil
		}
		return token{}, l.fail(l.state.String() + ", found the end")
	}
	c := l.s[l.i]
	switch l.state {
	case wantNothing:
		return token{}, l.fail("the end")
	case wantCommaOrEnd:
		if c != ',' {
			return l.closeBracket()
		}
		l.i++
		l.space()
		l.state = wantValue
		if l.inObject() {
			l.state = wantMember
		}
		return l.element()
	case wantValueOrEnd, wantMemberOrEnd:
		if c == ']' || c == '}' {
			return l.closeBracket()
		}
	}
	return l.element()
}

// element reads a key or a value, whichever is due.
func (l *lexer) element() (token, error) {
	if l.i < len(l.s) && (l.state == wantMember || l.state == wantMemberOrEnd) {
		return l.key()
	}
	return l.value()
}

func (l *lexer) key() (token, error) {
	if l.s[l.i] != '"' {
		return token{}, l.fail("a key")
	}
	t, err := l.str(tokenKey)
	if err != nil {
		return token{}, err
	}
	l.space()
	if l.i == len(l.s) || l.s[l.i] != ':' {
		return token{}, l.fail("a colon")
	}
	l.i++
	l.state = wantValue
	return t, nil
}

func (l *lexer) value() (t token, err error) {
	if l.i == len(l.s) {
		return token{}, l.fail(l.state.String())
	}
	t.at = l.i
	switch c := l.s[l.i]; {
	case c == '{' || c == '[':
		return l.openBracket(c), nil
	case c == '"':
		t, err = l.str(tokenString)
	case c == '-' || c >= '0' && c <= '9':
		t.kind, err = tokenNumber, l.number()
	default:
		t.kind, err = tokenWord, l.word()
	}
	t.end = l.i
	l.valueDone()
	return t, err
}

func (l *lexer) openBracket(c byte) token {
	l.stack = append(l.stack, c)
	l.state = wantValueOrEnd
	if c == '{' {
		l.state = wantMemberOrEnd
	}
	l.i++
	return token{kind: tokenOpen, at: l.i - 1, end: l.i}
}

func (l *lexer) closeBracket() (token, error) {
	wanted := byte(']')
	if l.inObject() {
		wanted = '}'
	}
	if l.s[l.i] != wanted {
		return token{}, l.fail("a comma or " + string(wanted))
	}
	l.stack = l.stack[:len(l.stack)-1]
	l.i++
	l.valueDone()
	return token{kind: tokenClose, at: l.i - 1, end: l.i}, nil
}

func (l *lexer) valueDone() {
	l.state = wantCommaOrEnd
	if len(l.stack) == 0 {
		l.state = wantNothing
	}
}

func (l *lexer) inObject() bool {
	return len(l.stack) > 0 && l.stack[len(l.stack)-1] == '{'
}

func (l *lexer) space() {
	for l.i < len(l.s) {
		switch l.s[l.i] {
		case ' ', '\t', '\n', '\r':
			l.i++
		default:
			return
		}
	}
}

// str reads a string literal. Bytes that are not UTF-8 are not its business.
func (l *lexer) str(kind kind) (token, error) {
	t := token{kind: kind, at: l.i}
	for l.i++; ; {
		l.i = skipUnescaped(l.s, l.i)
		if l.i == len(l.s) {
			return t, l.fail("a closing quote")
		}
		switch c := l.s[l.i]; {
		case c == '"':
			l.i++
			t.end = l.i
			return t, nil
		case c < ' ':
			return t, l.fail("an escape for the control character")
		case c == '\\':
			t.escaped = true
			if err := l.escape(); err != nil {
				return t, err
			}
		default:
			l.i++
		}
	}
}

func (l *lexer) escape() error {
	size := escapeLen(l.s[l.i:])
	if size == 0 {
		return l.fail(`an escape as in \n or \u00e9`)
	}
	l.i += size
	return nil
}

// escapeLen is the length of the escape that s starts with, 0 if it is none.
func escapeLen(s string) int {
	if len(s) < 2 {
		return 0
	}
	if s[1] != 'u' {
		if strings.IndexByte(`"\/bfnrt`, s[1]) < 0 {
			return 0
		}
		return 2
	}
	if _, ok := hex4(s); !ok {
		return 0
	}
	return 6
}

func (l *lexer) number() error {
	if l.s[l.i] == '-' {
		l.i++
	}
	if l.i < len(l.s) && l.s[l.i] == '0' {
		l.i++
	} else if l.digits() == 0 {
		return l.fail("a digit")
	}
	if l.i < len(l.s) && l.s[l.i] == '.' {
		l.i++
		if l.digits() == 0 {
			return l.fail("a digit after the point")
		}
	}
	if l.i < len(l.s) && l.s[l.i]|0x20 == 'e' {
		l.i++
		if l.i < len(l.s) && (l.s[l.i] == '+' || l.s[l.i] == '-') {
			l.i++
		}
		if l.digits() == 0 {
			return l.fail("a digit in the exponent")
		}
	}
	return nil
}

func (l *lexer) digits() int {
	from := l.i
	for l.i < len(l.s) && '0' <= l.s[l.i] && l.s[l.i] <= '9' {
		l.i++
	}
	return l.i - from
}

func (l *lexer) word() error {
	for _, w := range []string{"true", "false", "null"} {
		if strings.HasPrefix(l.s[l.i:], w) {
			l.i += len(w)
			return nil
		}
	}
	return l.fail("a value")
}

func (s state) String() string {
	switch s {
	case wantMember:
		return "a key"
	case wantMemberOrEnd:
		return "a key or }"
	case wantValueOrEnd:
		return "a value or ]"
	case wantCommaOrEnd:
		return "a comma or the closing bracket"
	}
	return "a value"
}
