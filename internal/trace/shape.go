package trace

import "strings"

// Shape is a statement without its values: literals and numbers become ?, lists of
// them one, and blanks are single. Two statements of one shape differ in values only.
func Shape(sql string) string {
	var b strings.Builder
	b.Grow(len(sql))
	for i := 0; i < len(sql); {
		switch c := sql[i]; {
		case c == '-' && strings.HasPrefix(sql[i:], "--"):
			i += lineEnd(sql[i:])
		case c == '/' && strings.HasPrefix(sql[i:], "/*"):
			i += commentEnd(sql[i:])
		case c == '\'':
			i += quoteEnd(sql[i:], '\'')
			value(&b)
		case c == '"':
			n := quoteEnd(sql[i:], '"')
			b.WriteString(sql[i : i+n])
			i += n
		case c >= '0' && c <= '9' && !wordBefore(&b):
			for i < len(sql) && (sql[i] >= '0' && sql[i] <= '9' || sql[i] == '.') {
				i++
			}
			value(&b)
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
			if b.Len() > 0 && !strings.HasSuffix(b.String(), " ") {
				b.WriteByte(' ')
			}
			i++
		default:
			b.WriteByte(c)
			i++
		}
	}
	return strings.TrimSuffix(strings.TrimSpace(b.String()), ";")
}

// value writes one placeholder for a whole list of values.
func value(b *strings.Builder) {
	s := strings.TrimRight(b.String(), " ")
	if before, ok := strings.CutSuffix(s, "?,"); ok {
		b.Reset()
		b.WriteString(before + "?")
		return
	}
	b.WriteByte('?')
}

func wordBefore(b *strings.Builder) bool {
	s := b.String()
	if s == "" {
		return false
	}
	c := s[len(s)-1]
	return c == '_' || c == '$' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

func lineEnd(s string) int {
	if i := strings.IndexByte(s, '\n'); i >= 0 {
		return i
	}
	return len(s)
}

func commentEnd(s string) int {
	if i := strings.Index(s[2:], "*/"); i >= 0 {
		return i + 4
	}
	return len(s)
}

func quoteEnd(s string, q byte) int {
	for i := 1; i < len(s); i++ {
		if s[i] != q {
			continue
		}
		if i+1 < len(s) && s[i+1] == q {
			i++
			continue
		}
		return i + 1
	}
	return len(s)
}
