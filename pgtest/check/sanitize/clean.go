package sanitize

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// cleanText returns s with each flaw replaced by U+FFFD and cut to limit bytes,
// and whether that changed anything.
func (p *Policy) cleanText(s string, limit int) (string, bool) {
	t := textScan{p: p, s: s}
	f, found := t.next(0)
	if !found && len(s) <= limit {
		return s, false
	}
	var b strings.Builder
	done := 0
	for ; found && b.Len() <= limit; f, found = t.next(done) {
		b.WriteString(head(s[done:f.at], limit))
		b.WriteString("\ufffd")
		done = f.at + f.size
	}
	b.WriteString(head(s[done:], limit))
	out := cut(b.String(), limit, len(s))
	if len(s) > limit {
		// The cut may have taken what closed a bidi isolate. Replacing that does
		// not make the text longer, so this does not come here again.
		out, _ = p.cleanText(out, limit)
	}
	return out, true
}

// head returns as much of s as can matter to a text that is cut to limit.
func head(s string, limit int) string { return s[:min(len(s), limit+utf8.UTFMax)] }

// cut shortens s to limit bytes, at a rune, with a marker that says how long the
// original was.
func cut(s string, limit, original int) string {
	if len(s) <= limit {
		return s
	}
	marker := cutMarker(original)
	end := limit - len(marker) // limits are at least leastString
	for end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end] + marker
}

func cutMarker(original int) string { return fmt.Sprintf("…[truncated, was %d bytes]", original) }

// encodedLen is the length of s as encoding/json writes it without HTML
// escaping, quotes included.
func encodedLen(s string) int {
	n := len(s) + 2
	for i := skipUnescaped(s, 0); i < len(s); i = skipUnescaped(s, i) {
		c := s[i]
		switch {
		case c == '"' || c == '\\' || c == '\n' || c == '\r' || c == '\t' || c == '\b' || c == '\f':
			n++
			i++
		case c < ' ':
			n += 5
			i++
		default:
			r, size := utf8.DecodeRuneInString(s[i:])
			if r == '\u2028' || r == '\u2029' || r == utf8.RuneError && size == 1 {
				n += 6 - size
			}
			i += size
		}
	}
	return n
}

// skipUnescaped returns the first place at or after i that encoding/json may
// write otherwise than it stands. Eight bytes at a time, as skipPlain does.
func skipUnescaped(s string, i int) int {
	for ; i+8 <= len(s); i += 8 {
		w := load64(s, i)
		quote, slash := w^(ones*'"'), w^(ones*'\\')
		if (w|(w-spaces)|(quote-ones)&^quote|(slash-ones)&^slash)&highs != 0 {
			break
		}
	}
	for i < len(s) && s[i] >= ' ' && s[i] < 0x80 && s[i] != '"' && s[i] != '\\' {
		i++
	}
	return i
}
