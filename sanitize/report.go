package sanitize

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
)

// add notes a finding about the value as a whole.
func (c *cleaner) add(rule, format string, args ...any) {
	c.record(Finding{Rule: rule, Count: 1, Detail: fmt.Sprintf(format, args...)})
}

// at notes a finding about the token lit.
func (c *cleaner) at(lit string, at int, rule, detail string) {
	f := Finding{Rule: rule, Count: 1, Detail: detail}
	if src := c.sourceOf(at); src != nil {
		f.In = "document"
		f = foundIn(c.doc[src.start:src.end], at-src.start, len(lit), f)
	}
	c.record(f)
}

func (c *cleaner) record(f Finding) {
	c.dirty = true
	if !c.collect || c.stop {
		return
	}
	f.Path = c.path()
	c.found = append(c.found, f)
	c.stop = len(c.found) >= c.p.MaxFindings
}

// notesAt returns what a walker notes of the value or key at a place, and passes on.
func (c *cleaner) notesAt(at int) []note {
	n := 0
	for n < len(c.notes) && c.notes[n].at <= at {
		n++
	}
	notes := c.notes[:n]
	c.notes = c.notes[n:]
	return notes
}

// report records the findings among notes.
func (c *cleaner) report(notes []note) {
	for _, n := range notes {
		if n.found != nil {
			c.record(*n.found)
		}
	}
}

// sourceOf returns the document that the token at a place is from, nil where that is
// the walker. Places only grow.
func (c *cleaner) sourceOf(at int) *source {
	for len(c.sources) > 0 && at >= c.sources[0].end {
		c.sources = c.sources[1:]
	}
	if len(c.sources) == 0 || at < c.sources[0].start {
		return nil
	}
	return &c.sources[0]
}

// path of the value that is being written.
func (c *cleaner) path() string {
	var b strings.Builder
	b.WriteByte('$')
	for i := range c.levels {
		switch l := &c.levels[i]; {
		case l.index < 0:
		case !l.object:
			fmt.Fprintf(&b, "[%d]", l.index)
		case isWord(l.name):
			b.WriteString("." + l.name)
		default:
			b.WriteString("[" + quoteASCII(l.name) + "]")
		}
	}
	return b.String()
}

// isWord reports whether name can follow a dot without quotes.
func isWord(name string) bool {
	for i := range len(name) {
		c := name[i]
		letter := c == '_' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
		if !letter && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return name != "" && len(name) <= longestName
}

// longestName keeps a hostile key from filling a report.
const longestName = 64

// quoteASCII quotes s for a report, and cuts it where it is long.
func quoteASCII(s string) string {
	if len(s) > longestName {
		return strconv.QuoteToASCII(s[:longestName]) + "…"
	}
	return strconv.QuoteToASCII(s)
}

func short(s string) string {
	if len(s) <= longestName {
		return s
	}
	return fmt.Sprintf("%s… (%d bytes)", s[:longestName], len(s))
}

// typeName names t in a report or marker. Types can be spelled at any length,
// with struct tags of any content.
func typeName(t reflect.Type) string {
	name := strings.Replace(t.String(), "]uint8", "]byte", 1)
	if len(name) > longestName || strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r > '~' }) {
		return t.Kind().String()
	}
	return name
}

// The markers that stand in place of what is left out. Each fits the least
// MaxString, and none says what an error said: that is not for the reader.

const (
	cycleMarker  = "[omitted: refers to itself]"
	failedMarker = "[omitted: failed to encode]"
)

func (p *Policy) deep() string {
	return fmt.Sprintf("nested deeper than %d levels; what is below was not inspected", p.MaxDepth)
}

func deepMarker(limit int) string {
	return fmt.Sprintf("[omitted: nested deeper than %d levels]", limit)
}

func typeMarker(kind fmt.Stringer) string {
	return fmt.Sprintf("[omitted: %s cannot be encoded]", kind)
}
