package sanitize_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgtype"

	"github.com/qarion/seedbed/sanitize"
)

// fault is one thing wrong with one payload, and what Inspect must say of it.
type fault struct {
	name   string
	build  func() any
	rule   string
	path   string
	offset int
	hex    string
	sent   string // what is encoded in its place; "" where the tests do not say
}

type author struct {
	Bio string `json:"bio"`
}

type article struct {
	Author *author `json:"author,omitempty"`
}

type embeddedText struct {
	Note string
}

type node struct {
	Name string
	Next *node `json:",omitempty"`
}

type broken struct{ err error }

func (b broken) MarshalJSON() ([]byte, error) { return []byte(`{"a":`), b.err }

// wrapped hides what it holds from everything but its method.
type wrapped struct{ List []map[string]any }

func (w *wrapped) MarshalJSON() ([]byte, error) { return json.Marshal(w.List) }

type panicking struct{}

func (panicking) MarshalText() ([]byte, error) { panic("no text today") }

type spelled string

func (s spelled) MarshalText() ([]byte, error) { return []byte("<" + string(s) + ">"), nil }

type byPointer struct{ text string }

func (b *byPointer) MarshalJSON() ([]byte, error) { return json.Marshal(b.text) }

func str(s string) func() any { return func() any { return map[string]any{"s": s} } }

func value(v any) func() any { return func() any { return v } }

var faults = []fault{
	{"invalid byte", str("ab\xffc"), "invalid-utf8", "$.s", 2, "ff", `{"s":"ab�c"}`},
	{"truncated character", str("ab\xe2\x82"), "invalid-utf8", "$.s", 2, "e2 82", `{"s":"ab�"}`},
	{"lone continuation", str("\x80"), "invalid-utf8", "$.s", 0, "80", `{"s":"�"}`},
	{"beyond Unicode", str("\xf4\x90\x80\x80"), "invalid-utf8", "$.s", 0, "f4", ""},
	{"latin-1", str("caf\xe9 au lait"), "invalid-utf8", "$.s", 3, "e9", `{"s":"caf� au lait"}`},
	{"overlong slash", str("..\xc0\xaf.."), "overlong-utf8", "$.s", 2, "c0 af", `{"s":"..�.."}`},
	{"overlong NUL", str("\xc0\x80"), "overlong-utf8", "$.s", 0, "c0 80", `{"s":"�"}`},
	{"overlong in three", str("\xe0\x80\xaf"), "overlong-utf8", "$.s", 0, "e0 80 af", `{"s":"�"}`},
	{"longest overlong in three", str("\xe0\x9f\xbf"), "overlong-utf8", "$.s", 0, "e0 9f bf", `{"s":"�"}`},
	{"overlong in four", str("\xf0\x80\x80\xaf"), "overlong-utf8", "$.s", 0, "f0 80 80 af", `{"s":"�"}`},
	{"surrogate", str("x\xed\xa0\x80"), "surrogate-utf8", "$.s", 1, "ed a0 80", `{"s":"x�"}`},
	{"surrogate pair", str("\xed\xa0\xbd\xed\xb8\x80"), "surrogate-utf8", "$.s", 0, "ed a0 bd", `{"s":"��"}`},
	{"NUL", str("a\x00b"), "nul", "$.s", 1, "00", `{"s":"a�b"}`},
	{"C0", str("a\x1b[31m"), "c0-control", "$.s", 1, "1b", `{"s":"a�[31m"}`},
	{"backspace", str("a\b"), "c0-control", "$.s", 1, "08", ""},
	{"DEL", str("a\x7f"), "c0-control", "$.s", 1, "7f", ""},
	{"DEL among eight", str("1234567\x7f90"), "c0-control", "$.s", 7, "7f", ""},
	{"C1", str("a\u0080"), "c1-control", "$.s", 1, "c2 80", ""},
	{"last C1", str("\u009f"), "c1-control", "$.s", 0, "c2 9f", ""},
	{"next line", str("\u0085"), "c1-control", "$.s", 0, "c2 85", ""},
	{"noncharacter", str("\uffff"), "noncharacter", "$.s", 0, "ef bf bf", ""},
	{"noncharacter FDD0", str("\ufdd0"), "noncharacter", "$.s", 0, "ef b7 90", ""},
	{"noncharacter of plane 16", str("\U0010fffe"), "noncharacter", "$.s", 0, "f4 8f bf be", ""},
	{"BOM", str("\ufeffid"), "byte-order-mark", "$.s", 0, "ef bb bf", ""},
	{"BOM inside", str("id\ufeff"), "byte-order-mark", "$.s", 2, "ef bb bf", ""},
	{"override", str("user\u202etxt.exe"), "bidi-control", "$.s", 4, "e2 80 ae", ""},
	{"isolate", str("a\u2066b\u2069"), "bidi-control", "$.s", 1, "e2 81 a6", ""},

	{"in a list, a struct, a pointer", func() any {
		return map[string]any{"items": []article{{}, {}, {}, {&author{Bio: "ok\x00"}}}}
	}, "nul", "$.items[3].author.bio", 2, "00", `{"items":[{},{},{},{"author":{"bio":"ok�"}}]}`},
	{"in an embedded struct", func() any {
		return struct{ *embeddedText }{&embeddedText{"\x01"}}
	}, "c0-control", "$.Note", 0, "01", `{"Note":"�"}`},
	{"in a key", value(map[string]int{"a\x00": 1}), "nul", `$["a\x00"]`, 1, "00", `{"a�":1}`},
	{"in a key's MarshalText", value(map[netKey]int{{"\xff"}: 1}), "invalid-utf8", `$["\xff"]`, 0, "ff", ""},
	{"in a MarshalText", value([]spelled{"\x02"}), "c0-control", "$[0]", 1, "02", `["<�>"]`},
	{"in a MarshalJSON", func() any { return []*byPointer{{"\u202d"}} }, "bidi-control", "$[0]", 1, "e2 80 ad", ""},
	{"in a quoted field", value(struct {
		S string `json:",string"`
	}{"\x03"}), "c0-control", "$.S", 0, "03", ""},
	{"in a named string", value([]fmt.Stringer{time.Second, named("\xff")}), "invalid-utf8", "$[1]", 0, "ff", `[1000000000,"�"]`},

	{"escaped half of a pair", value(json.RawMessage(`{"a":[1,"\ud800"]}`)), "lone-surrogate", "$.a[1]", 9, "5c 75 64 38 30 30", `{"a":[1,"�"]}`},
	{"other half", value(json.RawMessage(`"\udc00\ud800"`)), "lone-surrogate", "$", 1, "5c 75 64 63 30 30", `"��"`},
	{"escaped NUL", value(json.RawMessage(`{"a":"x\u0000"}`)), "nul", "$.a", 7, "5c 75 30 30 30 30", `{"a":"x�"}`},
	{"escaped noncharacter of two halves", value(json.RawMessage(`"\ud83f\udfff"`)), "noncharacter", "$", 1, "5c 75 64 38 33 66 5c 75 64 66 66 66", ""},
	{"raw bytes in a document", value(json.RawMessage("[\"a\xff\"]")), "invalid-utf8", "$[0]", 3, "ff", `["a�"]`},
	{"duplicate key", value(json.RawMessage(`{"a":1,"b":{"k":1,"k":2}}`)), "duplicate-key", "$.b.k", 18, "22 6b 22", `{"a":1,"b":{"k":1,"k~2":2}}`},
	{"duplicate key in two spellings", value(json.RawMessage(`{"a":1,"\u0061":2}`)), "duplicate-key", "$.a", 7, "22 5c 75 30 30 36 31 22", `{"a":1,"a~2":2}`},
	{"keys that become equal", value(map[string]int{"\xfe": 1, "\xff": 2}), "duplicate-key", `$["\xff"]`, 0, "", `{"�":1,"�~2":2}`},
	{"key that becomes another's", value(map[string]int{"\ufffd": 1, "\xff": 2}), "duplicate-key", `$["\xff"]`, 0, "", `{"�":1,"�~2":2}`},
	{"invalid JSON", value(json.RawMessage(`{"a":1,}`)), "invalid-json", "$", 6, "2c", ""},
	{"empty JSON", value([]json.RawMessage{{}}), "invalid-json", "$[0]", 0, "", ""},
	{"invalid MarshalJSON", value(broken{}), "invalid-json", "$", 5, "", ""},
	{"failing MarshalJSON", value([]any{broken{errors.New("password: hunter2")}}), "unencodable", "$[0]", 0, "", `["[omitted: failed to encode]"]`},
	{"panicking MarshalText", value(map[string]any{"p": panicking{}}), "unencodable", "$.p", 0, "", `{"p":"[omitted: failed to encode]"}`},
	{"panicking key", value(map[panicking]int{{}: 1}), "unencodable", `$["[omitted: failed to encode]"]`, 0, "", `{"[omitted: failed to encode]":1}`},

	{"bytes", value(struct{ B []byte }{[]byte{0x89, 'P', 'N', 'G'}}), "raw-binary", "$.B", 0, "89 50 4e 47", `{"B":{"type":"binary","length":4,"sha256":"0f4636c78f65d3639ece5a064b5ae753e3408614a14fb18ab4d7540d2c248543"}}`},
	{"bytes at the top", value([]byte("{}")), "raw-binary", "$", 0, "7b 7d", ""},
	{"array of bytes", value([]any{[4]byte{1, 2, 3, 4}}), "raw-binary", "$[0]", 0, "01 02 03 04", ""},
	{"uuid", value(map[string]any{"id": [16]byte{0xab, 15: 1}}), "raw-binary", "$.id", 0, "ab 00 00 00 00 00 00 00 00 00 00 00 00 00 00 01", `{"id":"ab000000-0000-0000-0000-000000000001"}`},
	{"mac address", value([]any{net.HardwareAddr{8, 0, 43, 1, 2, 3}}), "raw-binary", "$[0]", 0, "08 00 2b 01 02 03", `["08:00:2b:01:02:03"]`},
	{"bits", value(pgtype.Bits{Bytes: []byte{0xf0}, Len: 4, Valid: true}), "raw-binary", "$.Bytes", 0, "f0", ""},

	{"NaN", value([]float64{1, math.NaN()}), "not-finite", "$[1]", 0, "", `[1,"NaN"]`},
	{"Inf", value(map[string]float32{"x": float32(math.Inf(1))}), "not-finite", "$.x", 0, "", `{"x":"Infinity"}`},
	{"-Inf behind a pointer", func() any { f := math.Inf(-1); return struct{ F *float64 }{&f} }, "not-finite", "$.F", 0, "", `{"F":"-Infinity"}`},
	{"quoted NaN", value(struct {
		F float64 `json:",string"`
	}{math.NaN()}), "not-finite", "$.F", 0, "", `{"F":"NaN"}`},
	{"pgtype NaN", value(struct{ F pgtype.Float8 }{pgtype.Float8{Float64: math.NaN(), Valid: true}}), "unencodable", "$.F", 0, "", ""},
	{"point of a path", value(pgtype.Path{P: []pgtype.Vec2{{X: math.Inf(1)}}, Valid: true}), "not-finite", "$.P[0].X", 0, "", ""},
	{"unsafe integer", value(struct{ ID int64 }{1 << 53}), "unsafe-integer", "$.ID", 0, "", `{"ID":"9007199254740992"}`},
	{"negative unsafe integer", value([]int64{-1<<53 + 1, -1 << 53}), "unsafe-integer", "$[1]", 0, "", `[-9007199254740991,"-9007199254740992"]`},
	{"unsafe unsigned", value(map[string]uint64{"n": math.MaxUint64}), "unsafe-integer", "$.n", 0, "", `{"n":"18446744073709551615"}`},
	{"unsafe json.Number", value([]json.Number{"9007199254740993"}), "unsafe-integer", "$[0]", 0, "", `["9007199254740993"]`},
	{"unsafe integer in a document", value(json.RawMessage(`{"id": 9007199254740993}`)), "unsafe-integer", "$.id", 7, "39 30 30 37 31 39 39 32 35 34 37 34 30 39 39 33", `{"id":"9007199254740993"}`},
	{"unsafe money", value(json.RawMessage(`[9007199254740993.25]`)), "unsafe-integer", "$[0]", 1, "39 30 30 37 31 39 39 32 35 34 37 34 30 39 39 33", `["9007199254740993.25"]`},
	{"float that looks like an integer", value([]float64{1e17}), "unsafe-integer", "$[0]", 0, "", `[1e+17]`},
	{"1e400", value(map[string]any{"n": json.Number("1e400")}), "number-out-of-range", "$.n", 0, "", `{"n":"1e400"}`},
	{"1e400 in a document", value(json.RawMessage(`{"n":-1e400}`)), "number-out-of-range", "$.n", 5, "2d 31 65 34 30 30", `{"n":"-1e400"}`},
	{"no number", value([]json.Number{"12", "1 OR 1=1"}), "invalid-number", "$[1]", 0, "", `[12,"1 OR 1=1"]`},
	{"year 10000", value(struct{ At time.Time }{time.Date(10000, 1, 2, 3, 4, 5, 600, time.UTC)}), "time-out-of-range", "$.At", 0, "", `{"At":"+010000-01-02T03:04:05.0000006Z"}`},
	{"4713 BC", value([]time.Time{time.Date(-4712, 1, 1, 0, 0, 0, 0, time.UTC)}), "time-out-of-range", "$[0]", 0, "", `["-004712-01-01T00:00:00Z"]`},
	{"zone of a day", value([]time.Time{time.Date(2020, 1, 1, 0, 0, 0, 0, time.FixedZone("", 25*3600))}), "time-out-of-range", "$[0]", 0, "", `["2019-12-30T23:00:00Z"]`},

	{"channel", value(struct{ C chan int }{}), "unencodable", "$.C", 0, "", `{"C":"[omitted: chan cannot be encoded]"}`},
	{"function", value(map[string]any{"f": func() {}}), "unencodable", "$.f", 0, "", `{"f":"[omitted: func cannot be encoded]"}`},
	{"complex", value([]complex64{1i}), "unencodable", "$[0]", 0, "", `["[omitted: complex64 cannot be encoded]"]`},
	{"map with float keys", value(map[float64]string{1.5: "x"}), "unencodable", "$", 0, "", `"[omitted: map cannot be encoded]"`},
	{"map with any keys", value(map[any]any{"a": 1, 2: "\x00"}), "unencodable", "$", 0, "", `"[omitted: map cannot be encoded]"`},
	{"map with struct keys", value(map[author]int{{}: 1}), "unencodable", "$", 0, "", `"[omitted: map cannot be encoded]"`},
	{"cycle of pointers", func() any { n := &node{Name: "a"}; n.Next = &node{"b", n}; return n }, "cycle", "$.Next.Next", 0, "", `{"Name":"a","Next":{"Name":"b","Next":"[omitted: refers to itself]"}}`},
	{"cycle of a map", func() any { m := map[string]any{}; m["m"] = m; return m }, "cycle", "$.m", 0, "", `{"m":"[omitted: refers to itself]"}`},
	{"cycle of a slice", func() any { s := []any{1, nil}; s[1] = s; return s }, "cycle", "$[1]", 0, "", `[1,"[omitted: refers to itself]"]`},
	{"cycle of an interface", func() any { var x any; x = &x; return x }, "cycle", "$", 0, "", `"[omitted: refers to itself]"`},
	{"depth", func() any { return nested(65) }, "too-deep", "$" + strings.Repeat("[0]", 64), 0, "", ""},
	{"depth of a document", func() any { return json.RawMessage(strings.Repeat("[", 65) + strings.Repeat("]", 65)) }, "too-deep", "$" + strings.Repeat("[0]", 64), 64, "5b", ""},
	{"quoted string that only escapes", func() any {
		return struct {
			S string `json:",string"`
		}{strings.Repeat("\"", 1<<19)}
	}, "oversize-string", "$.S", 0, "", ""},
	{"string over 1 MiB", func() any { return []string{strings.Repeat("x", 1<<20+1)} }, "oversize-string", "$[0]", 0, "", ""},
	{"payload over 10 MiB", func() any { return slices.Repeat([]string{strings.Repeat("x", 1<<20)}, 12) }, "oversize-payload", "$[9]", 0, "", ""},
	{"bytes behind a MarshalJSON, further in", func() any {
		return []any{&wrapped{List: []map[string]any{{"k": new(1), "s": [1]pgtype.Text{{String: "\xff", Valid: true}}}}}}
	}, "invalid-utf8", "$[0]", 0, "", ""},
	{"text with bytes behind a MarshalJSON", value(pgtype.Text{String: "a\xffb", Valid: true}), "invalid-utf8", "$", 0, "", `"a\ufffdb"`},
}

type netKey struct{ s string }

func (k netKey) MarshalText() ([]byte, error) { return []byte(k.s), nil }

type named string

func (n named) String() string { return string(n) }

func nested(levels int) any {
	var v any = []any{}
	for range levels - 1 {
		v = []any{v}
	}
	return v
}

func TestFaults(t *testing.T) {
	t.Parallel()
	for _, f := range faults {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			payload := f.build()
			if b, ok := payload.([]byte); ok {
				payload = asValue(b)
				f.path = strings.Replace(f.path, "$", "$[0]", 1)
			}
			found := sanitize.Inspect(payload, sanitize.Policy{})
			if !hasFinding(found, f) {
				t.Errorf("want %s at %s, byte %d, %q; got\n%s", f.rule, f.path, f.offset, f.hex, report(f.name, found))
			}
			out := sound(t, f.build, sanitize.Policy{})
			if sent, err := json.Marshal(out); f.sent != "" && string(sent) != jsonEscaped(f.sent) {
				t.Errorf("sent %s (%v), want %s", sent, err, f.sent)
			}
		})
	}
}

// jsonEscaped lets the table be read: encoding/json escapes a few characters.
func jsonEscaped(s string) string {
	return strings.NewReplacer("<", `\u003c`, ">", `\u003e`).Replace(s)
}

func hasFinding(found []sanitize.Finding, f fault) bool {
	for _, g := range found {
		if g.Rule == f.rule && g.Path == f.path && g.Offset == f.offset && g.Hex() == f.hex {
			return true
		}
	}
	return false
}

// TestEveryRuleIsTried keeps the table, the rules and their explanations one.
func TestEveryRuleIsTried(t *testing.T) {
	t.Parallel()
	tried := map[string]bool{"unreadable": true, "charset-mismatch": true} // by TestUnreadable, TestCharsets
	for _, f := range faults {
		tried[f.rule] = true
	}
	for _, d := range sanitize.Rules() {
		if !tried[d.Name] || d.Why == "" || d.Fix == "" {
			t.Errorf("no fault tries %s, or it is not explained", d.Name)
		}
	}
}
