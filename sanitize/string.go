package sanitize

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// text is a string, a key or another token as its source has it.
type text struct {
	s       string // of a document: what stands between the quotes
	literal bool   // s is from a document and may have escapes
	in      string // what Finding.Offset counts in; "" where it counts in nothing
	whole   string // where s stands
	base    int    // where s stands in whole
}

// plainText is a Go string.
func plainText(s, in string) text { return text{s: s, in: in, whole: s} }

// unescaped is t without escapes. Bytes that are not UTF-8 stay where there are none.
func (t text) unescaped() string {
	if !t.literal || strings.IndexByte(t.s, '\\') < 0 {
		return t.s
	}
	b, _ := jsontext.AppendUnquote(nil, `"`+t.s+`"`) // writes U+FFFD for what it fails on
	return string(b)
}

// clean notes what is wrong with t and returns its clean form.
func (w *writer) clean(t text) (s string, changed bool) {
	meaning := t.unescaped()
	if len(meaning) > w.p.MaxString {
		w.add(oversizeString, "%d bytes, at most %d are allowed", len(meaning), w.p.MaxString)
	}
	if !w.flaws(t) && len(meaning) <= w.p.MaxString {
		return meaning, false
	}
	return w.p.cleanText(meaning, w.p.MaxString), true // also an escaped half of a pair, which means U+FFFD
}

// flaws notes what in t must not leave, one finding a rule, and reports whether there
// is any.
func (w *writer) flaws(t text) (any bool) {
	first := len(w.found)
	scan := textScan{p: w.p, s: t.s, literal: t.literal}
	for f, more := scan.next(0); more; f, more = scan.next(f.at + f.size) {
		w.dirty, any = true, true
		if !w.collect || w.stop {
			break
		}
		if countAgain(w.found[first:], f.rule) {
			continue
		}
		w.addAt(t, f.at, f.size, f.rule, "%s", f.describe(t.s))
	}
	return any
}

func countAgain(found []Finding, rule string) bool {
	for i := range found {
		if found[i].Rule == rule {
			found[i].Count++
			return true
		}
	}
	return false
}

// cleanText returns s with each flaw replaced by U+FFFD and cut to limit bytes.
func (p *Policy) cleanText(s string, limit int) string {
	t := textScan{p: p, s: s}
	f, found := t.next(0)
	if !found && len(s) <= limit {
		return s
	}
	var b strings.Builder
	done := 0
	for ; found && b.Len() <= limit; f, found = t.next(done) {
		b.WriteString(head(s[done:f.at], limit))
		b.WriteString("\ufffd")
		done = f.at + f.size
	}
	b.WriteString(head(s[done:], limit))
	return cut(b.String(), limit, len(s))
}

// head returns as much of s as can matter to a text that is cut to limit.
func head(s string, limit int) string { return s[:min(len(s), limit+utf8.UTFMax)] }

// cut shortens s to limit bytes, at a rune, with a marker that says how long the
// original was.
func cut(s string, limit, original int) string {
	if len(s) <= limit {
		return s
	}
	marker := fmt.Sprintf("…[truncated, was %d bytes]", original)
	return trimTo(s, limit-len(marker)) + marker // limits are at least leastString
}

// trimTo shortens s to at most n bytes, at a rune.
func trimTo(s string, n int) string {
	if n >= len(s) {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
