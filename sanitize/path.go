package sanitize

import (
	"strconv"
	"strings"
)

// appendName appends the step to a member.
func appendName(b *strings.Builder, name string) {
	if isWord(name) {
		b.WriteByte('.')
		b.WriteString(name)
		return
	}
	b.WriteString("[" + quoteASCII(name) + "]")
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
