package sanitize

import (
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// literalScan finds the flaws of what stands between the quotes of a JSON string that
// has escapes, at their places there.
type literalScan struct {
	textScan // over the literal; its verdict on bidi is about what that means
}

func (p *Policy) scanLiteral(t *text) *literalScan {
	scan := &literalScan{textScan{p: p, s: t.s}}
	if p.Bidi == BidiBalanced {
		scan.balanced = balance(t.meaning())
	}
	return scan
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
			return flaw{loneSurrogate, i, size, r}, true
		}
		if rule := t.ruleOf(r); rule != "" {
			return flaw{rule, i, size, r}, true
		}
		i += size
	}
	return flaw{}, false
}

// readEscape reads the escape that s starts with; a pair of surrogates is one.
// Half of a pair is returned as it is: not a valid code point.
func readEscape(s string) (r rune, size int) {
	if i := strings.IndexByte("bfnrt", s[1]); i >= 0 {
		return rune("\b\f\n\r\t"[i]), 2
	}
	if s[1] != 'u' {
		return rune(s[1]), 2
	}
	r = hex4(s)
	if utf16.IsSurrogate(r) && strings.HasPrefix(s[6:], `\u`) {
		if whole := utf16.DecodeRune(r, hex4(s[6:])); whole != utf8.RuneError {
			return whole, 12
		}
	}
	return r, 6
}

// hex4 reads the digits of \uXXXX, which the decoder has seen to be there.
func hex4(s string) rune {
	n, _ := strconv.ParseUint(s[2:6], 16, 16)
	return rune(n)
}
