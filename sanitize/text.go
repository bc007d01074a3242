package sanitize

import (
	"fmt"
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
	p        *Policy
	s        string
	balanced int8 // whether bidi controls are: 0 not known yet, 1 yes, -1 no
}

// next returns the first flaw at or after byte from.
func (t *textScan) next(from int) (flaw, bool) {
	for i := skipPlain(t.s, from); i < len(t.s); i = skipPlain(t.s, i) {
		r, size := utf8.DecodeRuneInString(t.s[i:])
		if r == utf8.RuneError && size == 1 {
			return brokenAt(t.s, i), true
		}
		if rule := t.ruleOf(r); rule != "" {
			return flaw{rule, i, size, r}, true
		}
		i += size
	}
	return flaw{}, false
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
func (t *textScan) ruleOf(r rune) string {
	rule := ruleOfRune(r)
	if rule == "" || t.p.allows(r) || rule == bidiControl && t.bidiPasses(r) {
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
	case isBidi(r):
		return bidiControl
	}
	return ""
}

// brokenAt classifies the bytes at i, which do not decode. What it covers is
// what a decoder would have taken as one character.
func brokenAt(s string, i int) flaw {
	lead, rest := s[i], s[i+1:]
	follow := continuations(rest)
	second := byte(0)
	if follow > 0 {
		second = rest[0]
	}
	switch {
	case lead == 0xc0 || lead == 0xc1:
		return spelled(overlongUTF8, s, i, min(follow, 1))
	case lead == 0xe0 && follow > 0 && second < 0xa0:
		return spelled(overlongUTF8, s, i, min(follow, 2))
	case lead == 0xf0 && follow > 0 && second < 0x90:
		return spelled(overlongUTF8, s, i, min(follow, 3))
	case lead == 0xed && follow > 0 && second >= 0xa0:
		return spelled(surrogateUTF8, s, i, min(follow, 2))
	case lead < 0xc2 || lead > 0xf4 || lead == 0xf4 && second >= 0x90:
		return flaw{invalidUTF8, i, 1, -1}
	}
	return flaw{invalidUTF8, i, 1 + min(follow, sequence(lead)-2), -1}
}

// spelled is a flaw whose bytes do spell a code point, only not lawfully.
func spelled(rule string, s string, i, follow int) flaw {
	if follow+1 < sequence(s[i]) {
		return flaw{rule, i, 1 + follow, -1}
	}
	mask := byte(0x7f) >> sequence(s[i])
	r := rune(s[i] & mask)
	for _, c := range []byte(s[i+1 : i+1+follow]) {
		r = r<<6 | rune(c&0x3f)
	}
	return flaw{rule, i, 1 + follow, r}
}

// sequence is the length that a lead byte announces.
func sequence(lead byte) int {
	switch {
	case lead >= 0xf0:
		return 4
	case lead >= 0xe0:
		return 3
	}
	return 2
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
		return "overlong UTF-8" + spelling(f.r)
	case surrogateUTF8:
		return "half of a UTF-16 pair in UTF-8" + spelling(f.r)
	case loneSurrogate:
		return fmt.Sprintf("escaped U+%04X without its other half", f.r)
	}
	return fmt.Sprintf("U+%04X", f.r) + nameOf(f.r)
}

func spelling(r rune) string {
	if r < 0 {
		return ""
	}
	return fmt.Sprintf(" (U+%04X)", r)
}

// nameOf returns the Unicode name of the code points people look up most.
func nameOf(r rune) string {
	switch {
	case r == 0:
		return " NULL"
	case r == 0x1b:
		return " ESCAPE"
	case r == 0x7f:
		return " DELETE"
	case r == 0xfeff:
		return " BYTE ORDER MARK"
	}
	return bidiNames[r]
}
