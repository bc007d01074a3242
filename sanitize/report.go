package sanitize

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
)

// add notes a finding about the value as a whole.
func (w *writer) add(rule, format string, args ...any) {
	w.addAt(text{}, 0, 0, rule, format, args...)
}

// addAt notes a finding about t.s[at:at+size].
func (w *writer) addAt(t text, at, size int, rule, format string, args ...any) {
	w.dirty = true
	if !w.collect || w.stop {
		return
	}
	f := Finding{Rule: rule, Path: w.path(), In: t.in, Count: 1, Detail: fmt.Sprintf(format, args...)}
	if t.in != "" {
		f.Offset = t.base + at
		f.Bytes, f.Excerpt = excerpt(t.whole, f.Offset, size)
	}
	w.found = append(w.found, f)
	w.stop = len(w.found) >= w.p.MaxFindings
}

// path of the value that is being written.
func (w *writer) path() string {
	var b strings.Builder
	b.WriteByte('$')
	for _, l := range w.levels {
		switch {
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
