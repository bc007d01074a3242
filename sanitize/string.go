package sanitize

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// text is a string or key as its source has it.
type text struct {
	s       string // of a document: what stands between the quotes
	literal bool   // s is from a document and may have escapes
	in      string // what Finding.Offset counts in
	whole   string // where s stands
	base    int    // where s stands in whole
}

// plainText is a Go string.
func plainText(s, in string) text { return text{s: s, in: in, whole: s} }

func (t *text) escaped() bool { return t.literal && strings.IndexByte(t.s, '\\') >= 0 }

// meaning is t without escapes. Bytes that are not UTF-8 stay where there are none.
func (t *text) meaning() string {
	if !t.escaped() {
		return t.s
	}
	b, _ := jsontext.AppendUnquote(nil, `"`+t.s+`"`) // writes U+FFFD for what it fails on
	return string(b)
}

// str writes a string value.
func (c *cleaner) str(t text) {
	clean := c.inspect(&t)
	if c.stop {
		return
	}
	mark := c.begin()
	c.out = c.appendText(c.out, &t, clean)
	c.end(mark)
}

func (c *cleaner) appendText(b []byte, t *text, clean bool) []byte {
	switch {
	case !clean:
		s, _ := c.p.cleanText(t.meaning(), c.p.MaxString)
		return appendQuoted(b, s)
	case t.literal:
		b = append(b, '"')
		b = append(b, t.s...)
		return append(b, '"')
	}
	return appendQuoted(b, t.s)
}

// inspect notes what is wrong with t and reports whether nothing is.
func (c *cleaner) inspect(t *text) bool {
	clean := true
	if len(t.s) > c.p.MaxString {
		if n := len(t.meaning()); n > c.p.MaxString {
			clean = false
			c.add(oversizeString, "%d bytes, at most %d are allowed", n, c.p.MaxString)
		}
	}
	if t.escaped() {
		return c.flaws(c.p.scanLiteral(t), t) && clean
	}
	scan := textScan{p: &c.p, s: t.s}
	if _, found := scan.next(0); found {
		c.flaws(&textScan{p: &c.p, s: t.s}, t) // scan itself stays on the stack
		return false
	}
	return clean
}

// scanner finds flaws one after the other.
type scanner interface{ next(from int) (flaw, bool) }

// flaws notes what s finds in t, one finding a rule, and reports whether that is nothing.
func (c *cleaner) flaws(s scanner, t *text) bool {
	first := len(c.found)
	f, more := s.next(0)
	if !more {
		return true
	}
	c.dirty = true
	for ; more && c.collect && !c.stop; f, more = s.next(f.at + f.size) {
		if countAgain(c.found[first:], f.rule) {
			continue
		}
		bytes, around := excerpt(t.whole, t.base+f.at, f.size)
		c.record(Finding{Rule: f.rule, In: t.in, Offset: t.base + f.at, Bytes: bytes, Excerpt: around,
			Count: 1, Detail: f.describe(t.s)})
	}
	return false
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
