package fake

import "strings"

// HostileTexts holds a text of every class of characters that a text column takes and that
// applications have choked on. Each begins with the name of its class, so that a reader of
// a response can tell what has survived. None has a NUL or invalid UTF-8, which text
// refuses.
var HostileTexts = []string{
	"c0 \x01\x02\x07\x08\x0b\x0c\x1b[31m\x1f\x7f",
	"c1 \u0080\u0085\u009b31m\u009f",
	"bom \ufeffin front",
	"bidi \u202etxt.exe\u202c \u2066\u2069",
	"nonchar \uffff\ufffe\ufdd0\U0010ffff",
	"zero-width a\u200bb\u200dc\u2060d",
	"line \u2028para\u2029nel\u0085crlf\r\ntab\t",
	"astral 😀 👩\u200d👩\u200d👧 𝒳 🇪🇺",
	"combining Z\u0351\u036b\u0343\u036a\u0302 a\u0300\u0300\u0300\u0300",
	"replacement \ufffd",
	"private \ue000\uf8ff",
	"width ＡＢＣ ﷽ ﬁ",
	"case İıſßẞ",
	"spaces \u00a0\u3000  ",
	`escapes \u0000 \ud800 \x00 %00 &#0; \\`,
	"sql ' \" ; -- /* */ $1 $$ ' or 1=1; drop table users; --",
	"html <script>alert(1)</script><img src=x onerror=alert(1)>",
	"template ${7*7} {{7*7}} %s %n #{7*7}",
	"csv =1+1 +1 -1 @sum(a1)",
	"path ../../etc/passwd C:\\con nul",
	`json {"__proto__":{"a":1}} NaN null`,
}

// HostileBytes holds a value of every class of bytes that bytea takes: invalid, overlong,
// surrogate and truncated UTF-8, NUL, and all 256 bytes.
var HostileBytes = [][]byte{
	[]byte("invalid \xff\xfe\xc3("),
	[]byte("overlong \xc0\xaf\xe0\x80\xaf"),
	[]byte("surrogate \xed\xa0\x80\xed\xbf\xbf"),
	[]byte("truncated \xf0\x9f\x98"),
	[]byte("beyond \xf4\x90\x80\x80"),
	[]byte("nul \x00 inside"),
	[]byte("\xef\xbb\xbfbom"),
	allBytes(),
	{},
}

// HostileJSON holds objects that jsonb takes and that JSON readers choke on.
var HostileJSON = []string{
	`{"c0": "\u0001\u001b[31m\u007f"}`,
	`{"bidi": "\u202e", "bom": "\ufeff", "nonchar": "\uffff"}`,
	`{"huge": 1e400, "tiny": 1e-400, "long": 123456789012345678901234567890}`,
	`{"": "empty key", "__proto__": {"a": 1}, "\ufffd": 1, "a.b": 2}`,
	`{"deep": [[[[[[[[[[[[[[[[{"x": null}]]]]]]]]]]]]]]]]}`,
	`{"html": "<script>alert(1)</script>", "sql": "' or 1=1; --"}`,
	`{"date": "+12345-01-01T00:00:00Z", "nan": "NaN"}`,
	`{"dup": 1, "dup": 2}`,
}

// HostileJSONText holds documents that only the type json takes, which keeps the text as it
// is.
var HostileJSONText = []string{
	`{"nul": "\u0000"}`,
	`{"lone": "\ud800"}`,
	`{"dup": 1, "dup": 2}`,
}

func allBytes() []byte {
	b := make([]byte, 256)
	for i := range b {
		b[i] = byte(i)
	}
	return b
}

// HostileText is one of HostileTexts, which the rows take in turn, cut to limit characters
// where limit is above 0.
func (v *Value) HostileText(limit int) string {
	s := HostileTexts[int(uint64(v.row)%uint64(len(HostileTexts)))]
	if limit <= 0 {
		return s
	}
	runes := []rune(s)
	return strings.TrimSpace(string(runes[:min(limit, len(runes))]))
}

// HostileBytes is one of the package's HostileBytes, which the rows take in turn.
func (v *Value) HostileBytes() []byte {
	return HostileBytes[int(uint64(v.row)%uint64(len(HostileBytes)))]
}

// HostileJSON is one of the package's HostileJSON, which the rows take in turn.
func (v *Value) HostileJSON() string {
	return HostileJSON[int(uint64(v.row)%uint64(len(HostileJSON)))]
}
