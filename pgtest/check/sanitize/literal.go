package sanitize

import (
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// hex4 reads the four digits of a \uXXXX that s starts with.
func hex4(s string) (rune, bool) {
	if len(s) < 6 || s[0] != '\\' || s[1] != 'u' {
		return 0, false
	}
	var r rune
	for _, c := range []byte(s[2:6]) {
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c|0x20 && c|0x20 <= 'f':
			c = c | 0x20 - 'a' + 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}

// readEscape reads the escape that s starts with; a pair of surrogates is one.
// Half of a pair is returned as it is: not a valid code point.
func readEscape(s string) (r rune, size int) {
	switch s[1] {
	case 'b':
		return '\b', 2
	case 'f':
		return '\f', 2
	case 'n':
		return '\n', 2
	case 'r':
		return '\r', 2
	case 't':
		return '\t', 2
	case 'u':
		r, _ = hex4(s)
		if utf16.IsSurrogate(r) {
			if low, ok := hex4(s[6:]); ok {
				if whole := utf16.DecodeRune(r, low); whole != utf8.RuneError {
					return whole, 12
				}
			}
		}
		return r, 6
	}
	return rune(s[1]), 2
}

// unquote returns what a string literal means; lit is what its quotes hold. Unlike a decoder's, its
// result tells apart what stands there: bytes that are not UTF-8 stay, and half
// of an escaped pair becomes the three bytes that would spell it.
func unquote(lit string, escaped bool) string { return decode(lit, escaped, spellHalf) }

// readAs returns what a decoder makes of lit.
func readAs(lit string, escaped bool) string {
	return asRead(decode(lit, escaped, func(b []byte, _ rune) []byte { return append(b, "\ufffd"...) }))
}

func spellHalf(b []byte, r rune) []byte {
	return append(b, 0xed, 0x80|byte(r>>6)&0x3f, 0x80|byte(r)&0x3f)
}

// decode unescapes lit, leaving halves of pairs to half.
func decode(lit string, escaped bool, half func([]byte, rune) []byte) string {
	if !escaped {
		return lit
	}
	b := make([]byte, 0, len(lit))
	for i := 0; i < len(lit); {
		if lit[i] != '\\' {
			next := strings.IndexByte(lit[i:], '\\')
			if next < 0 {
				next = len(lit) - i
			}
			b = append(b, lit[i:i+next]...)
			i += next
			continue
		}
		r, size := readEscape(lit[i:])
		if utf16.IsSurrogate(r) {
			b = half(b, r)
		} else {
			b = utf8.AppendRune(b, r)
		}
		i += size
	}
	return string(b)
}

// literalScan finds the flaws of a string literal, at their places in it.
type literalScan struct {
	textScan // over the raw literal; its bidi verdict is about what it means
}

func (p *Policy) scanLiteral(lit string, escaped bool) *literalScan {
	t := &literalScan{textScan{p: p, s: lit}}
	if escaped && p.Bidi == BidiBalanced {
		t.balanced = -1
		if bidiBalanced(unquote(lit, true)) {
			t.balanced = 1
		}
	}
	return t
}

// next returns the first flaw at or after byte from, which must not be in the
// middle of an escape.
func (t *literalScan) next(from int) (flaw, bool) {
	for i := from; i < len(t.s); {
		back := strings.IndexByte(t.s[i:], '\\')
		if back < 0 {
			return t.textScan.next(i)
		}
		upToEscape := textScan{p: t.p, s: t.s[:i+back], balanced: t.balanced}
		if f, found := upToEscape.next(i); found {
			return f, true
		}
		i += back
		r, size := readEscape(t.s[i:])
		if utf16.IsSurrogate(r) {
			return flaw{LoneSurrogate, i, size, r}, true
		}
		if rule := t.ruleOf(r); rule != "" {
			return flaw{rule, i, size, r}, true
		}
		i += size
	}
	return flaw{}, false
}
