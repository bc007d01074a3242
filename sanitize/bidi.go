package sanitize

// bidiNames are the code points with the Unicode property Bidi_Control.
var bidiNames = map[rune]string{
	0x061c: " ARABIC LETTER MARK",
	0x200e: " LEFT-TO-RIGHT MARK",
	0x200f: " RIGHT-TO-LEFT MARK",
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

func isBidi(r rune) bool {
	return isBidiMark(r) || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069
}

func isBidiMark(r rune) bool { return r == 0x061c || r == 0x200e || r == 0x200f }

func isBidiOverride(r rune) bool { return r == 0x202d || r == 0x202e }

// bidiPasses reports whether the policy lets r pass in the string at hand.
func (t *textScan) bidiPasses(r rune) bool {
	switch {
	case t.p.Bidi == BidiAll:
		return true
	case t.p.Bidi == BidiNone:
		return false
	case isBidiMark(r):
		return true
	case t.p.Bidi != BidiBalanced || isBidiOverride(r):
		return false
	}
	if t.balanced == 0 {
		t.balanced = balance(t.s)
	}
	return t.balanced > 0
}

// balance is 1 where the bidi controls of s are balanced, and -1 where not.
func balance(s string) int8 {
	if bidiBalanced(s) {
		return 1
	}
	return -1
}

// bidiBalanced reports whether each embedding and isolate in s is closed, in
// order, on its own line. Overrides do not count: they never pass, and where they
// are replaced what closed them is left over, and is one too many.
func bidiBalanced(s string) bool {
	var open []rune // what closes each
	for _, r := range s {
		switch {
		case r == 0x202a || r == 0x202b:
			open = append(open, 0x202c)
		case r >= 0x2066 && r <= 0x2068:
			open = append(open, 0x2069)
		case r == 0x202c || r == 0x2069:
			if len(open) == 0 || open[len(open)-1] != r {
				return false
			}
			open = open[:len(open)-1]
		case len(open) > 0 && (r == '\n' || r == '\r' || r == 0x2029):
			return false
		}
	}
	return len(open) == 0
}
