package sanitize

import (
	"fmt"
	"strings"
)

// Finding is one thing that must not leave as it is.
type Finding struct {
	// Rule is the name of what is broken, such as "raw-binary": see Rules.
	Rule string

	// Path leads to the value, as in $.items[3].author.bio. Its names are those in
	// the JSON, not those of Go fields.
	Path string

	// In says what Offset counts in: "string", "key", "binary", "document" (JSON that
	// was given, or made by a MarshalJSON), "text" (a payload that is not JSON), or ""
	// where the finding is about the value as a whole.
	In string

	// Offset is where it starts, in bytes from the start of In.
	Offset int

	// Bytes is what stands there, at most 16 bytes; nil where In is "".
	Bytes []byte

	// Excerpt is Bytes with what stands around them, quoted, in ASCII.
	Excerpt string

	// Count is how often the rule is broken in the same string, key or text.
	Count int

	// Detail says what it is, as in "U+202E RIGHT-TO-LEFT OVERRIDE".
	Detail string
}

// Hex returns Bytes as spaced hexadecimal, as in "e2 80 ae".
func (f Finding) Hex() string { return fmt.Sprintf("% x", f.Bytes) }

// String returns f on one line.
func (f Finding) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s at %s: %s", f.Rule, f.Path, f.Detail)
	if f.In != "" {
		fmt.Fprintf(&b, ", at byte %d of the %s", f.Offset, f.In)
	}
	if len(f.Bytes) > 0 {
		fmt.Fprintf(&b, " (%s)", f.Hex())
	}
	return b.String()
}

const (
	excerptBytes  = 16 // of Finding.Bytes
	excerptBefore = 12
	excerptAfter  = 12
)

// excerpt returns what stands at s[at:at+size], and the same with its surroundings.
func excerpt(s string, at, size int) ([]byte, string) {
	at = min(at, len(s))
	end := min(at+max(size, 1), len(s))
	bytes := []byte(s[at:min(end, at+excerptBytes)])
	from, to := max(0, at-excerptBefore), min(len(s), at+len(bytes)+excerptAfter)
	quoted := quoteExcerpt(s[from:to])
	if from > 0 {
		quoted = "…" + quoted
	}
	if to < len(s) {
		quoted += "…"
	}
	return bytes, quoted
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
