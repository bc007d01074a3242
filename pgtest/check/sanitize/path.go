package sanitize

import (
	"strconv"
	"strings"
)

// path is where an inspection stands. It is rendered only for findings.
type path []step

// step is a member's name, or an element's index where name is unset.
type step struct {
	name  string
	index int // -1: name counts
}

func (p path) String() string {
	var b strings.Builder
	b.WriteByte('$')
	for _, s := range p {
		s.appendTo(&b)
	}
	return b.String()
}

func (s step) appendTo(b *strings.Builder) {
	switch {
	case s.index >= 0:
		b.WriteByte('[')
		b.WriteString(strconv.Itoa(s.index))
		b.WriteByte(']')
	case isWord(s.name):
		b.WriteByte('.')
		b.WriteString(s.name)
	default:
		b.WriteByte('[')
		b.WriteString(quoteASCII(s.name))
		b.WriteByte(']')
	}
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

// quoteExcerpt leaves JSON readable where it can.
func quoteExcerpt(s string) string {
	for _, c := range []byte(s) {
		if c < ' ' || c > '~' || c == '`' {
			return quoteASCII(s)
		}
	}
	return "`" + s + "`"
}
