package sanitize

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// flaw is a place in a text that must not go out.
type flaw struct {
	rule string
	at   int
	size int  // in bytes
	r    rune // the code point that was meant; -1 where there is none
}

// textScan finds the flaws of one string.
type textScan struct {
	p       *Policy
	s       string
	literal bool // s stands between the quotes of JSON: a backslash starts an escape
}

// next returns the first flaw at or after byte from, which must not be in the middle
// of an escape. Where there is none, the flaw is at the end of the string.
func (t *textScan) next(from int) (flaw, bool) {
	for i := skipPlain(t.s, from); i < len(t.s); i = skipPlain(t.s, i) {
		r, size := utf8.DecodeRuneInString(t.s[i:])
		if r == utf8.RuneError && size == 1 {
			return brokenAt(t.s, i), true
		}
		if r == '"' && t.literal {
			return flaw{at: i}, false
		}
		if r == '\\' && t.literal {
			if r, size = readEscape(t.s[i:]); utf16.IsSurrogate(r) {
				return flaw{loneSurrogate, i, size, r}, true
			}
		}
		if rule := t.p.ruleOf(r); rule != "" {
			return flaw{rule, i, size, r}, true
		}
		i += size
	}
	return flaw{at: len(t.s)}, false
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

const (
	ones   = 0x0101010101010101
	highs  = 0x8080808080808080
	spaces = 0x2020202020202020
)

// skipPlain returns the first place at or after i that is not printable ASCII, or is
// a quote or backslash. Eight bytes at a time: nearly all text is plain, and this is
// most of an inspection.
func skipPlain(s string, i int) int {
	for ; i+8 <= len(s); i += 8 {
		w := load64(s, i)
		quote, slash := w^(ones*'"'), w^(ones*'\\')
		// A byte is outside 0x20–0x7e if it, it plus one, or it minus 0x20 has its
		// high bit. Carries and borrows only ever leave bytes that are outside.
		if (w|(w+ones)|(w-spaces)|(quote-ones)&^quote|(slash-ones)&^slash)&highs != 0 {
			break
		}
	}
	for i < len(s) && s[i] >= ' ' && s[i] < 0x7f && s[i] != '"' && s[i] != '\\' {
		i++
	}
	return i
}

// load64 is one load instruction: the compiler knows the pattern.
func load64(s string, i int) uint64 {
	s = s[i : i+8]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

// ruleOf returns the rule that r breaks, if any.
func (p *Policy) ruleOf(r rune) string {
	rule := ruleOfRune(r)
	if rule == "" || p.Allow != "" && strings.ContainsRune(p.Allow, r) {
		return ""
	}
	return rule
}

func ruleOfRune(r rune) string {
	switch {
	case r == '\t' || r == '\n' || r == '\r':
		return ""
	case r == 0:
		return nul
	case r < 0x20 || r == 0x7f:
		return c0Control
	case r < 0x80:
		return ""
	case r < 0xa0:
		return c1Control
	case r == 0xfeff:
		return byteOrderMark
	case r&0xfffe == 0xfffe || r >= 0xfdd0 && r <= 0xfdef:
		return noncharacter
	case r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069:
		return bidiControl
	}
	return ""
}

// brokenAt classifies the bytes at i, which do not decode. What it covers is
// what a decoder would have taken as one character.
func brokenAt(s string, i int) flaw {
	lead, follow, second := s[i], continuations(s[i+1:]), byte(0)
	if follow > 0 {
		second = s[i+1]
	}
	announced := 1 // bytes after the lead
	switch {
	case lead >= 0xf0:
		announced = 3
	case lead >= 0xe0:
		announced = 2
	}
	whole := 1 + min(follow, announced)
	switch {
	case lead == 0xc0 || lead == 0xc1 || follow > 0 && (lead == 0xe0 && second < 0xa0 || lead == 0xf0 && second < 0x90):
		return flaw{overlongUTF8, i, whole, -1}
	case lead == 0xed && second >= 0xa0:
		return flaw{surrogateUTF8, i, whole, -1}
	case lead < 0xc2 || lead > 0xf4 || lead == 0xf4 && second >= 0x90:
		return flaw{invalidUTF8, i, 1, -1}
	}
	return flaw{invalidUTF8, i, 1 + min(follow, announced-1), -1}
}

// continuations counts the continuation bytes at the start of s, up to 3.
func continuations(s string) int {
	n := 0
	for n < len(s) && n < 3 && s[n]&0xc0 == 0x80 {
		n++
	}
	return n
}

// describe says what f is.
func (f flaw) describe(s string) string {
	switch f.rule {
	case invalidUTF8:
		return fmt.Sprintf("invalid UTF-8, from byte 0x%02x", s[f.at])
	case overlongUTF8:
		return "overlong UTF-8"
	case surrogateUTF8:
		return "half of a UTF-16 pair in UTF-8"
	case loneSurrogate:
		return fmt.Sprintf("escaped U+%04X without its other half", f.r)
	}
	return fmt.Sprintf("U+%04X", f.r) + names[f.r]
}

// names are those of the code points that people look up most, among them the ones with
// the Unicode property Bidi_Control that reorder text beyond their neighbours. The marks
// U+061C, U+200E and U+200F do not, and Arabic and Hebrew text needs them.
var names = map[rune]string{
	0x0000: " NULL",
	0x001b: " ESCAPE",
	0x007f: " DELETE",
	0xfeff: " BYTE ORDER MARK",
	0x202a: " LEFT-TO-RIGHT EMBEDDING",
	0x202b: " RIGHT-TO-LEFT EMBEDDING",
	0x202c: " POP DIRECTIONAL FORMATTING",
	0x202d: " LEFT-TO-RIGHT OVERRIDE",
	0x202e: " RIGHT-TO-LEFT OVERRIDE",
	0x2066: " LEFT-TO-RIGHT ISOLATE",
	0x2067: " RIGHT-TO-LEFT ISOLATE",
	0x2068: " FIRST STRONG ISOLATE",
	0x2069: " POP DIRECTIONAL ISOLATE",
}
