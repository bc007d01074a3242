package sanitize_test

import (
	"encoding/json"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgtype"

	"github.com/qarion/seedbed/sanitize"
)

// healthy payloads give nothing and come back as they are.
var healthy = map[string]func() any{
	"nil": func() any { return nil },
	"text": func() any {
		return "tab\t line\r\n nbsp\u00a0 soft\u00ad zwj👨‍👩‍👧 \u2028 \ufffd \u200e \U0001f1e9\U0001f1ea"
	},
	"scripts": func() any {
		return []string{"Ελληνικά", "العربية", "עברית\u200f", "हिन्दी", "日本語", "𝔘𝔫𝔦𝔠𝔬𝔡𝔢"}
	},
	"page":        page,
	"integers":    func() any { return []any{int64(1<<53 - 1), int64(-1<<53 + 1), uint8(255), uintptr(7)} },
	"floats":      func() any { return []any{0.1, 1e-320, 1e21, -1.7976931348623157e308, float32(3.4e38)} },
	"numbers":     func() any { return []json.Number{"", "0", "-0", "1e308", "0.1000000000000000055511151231257827"} },
	"document":    func() any { return json.RawMessage(` {"a" : [1, 1e21, 1.5E+3, "\u00e9\ud83d\ude00\/"], "b":{}} `) },
	"nothing":     func() any { return []any{nil, []byte(nil), []byte{}, json.RawMessage(nil), (*int)(nil), [0]byte{}} },
	"pgtype":      func() any { return pgtypes },
	"times":       func() any { return []time.Time{{}, time.Date(9999, 12, 31, 23, 59, 59, 999999999, time.UTC)} },
	"depth":       func() any { return nested(64) },
	"shared":      func() any { p := &author{Bio: "x"}; return []*author{p, p, p} },
	"equal keys":  func() any { return []map[string]int{{"a": 1}, {"a": 2}} },
	"folded keys": func() any { return map[string]int{"id": 1, "ID": 2} },
	"longest":     func() any { return strings.Repeat("x", 1<<20) },
}

var pgtypes = []any{
	pgtype.Text{String: "x", Valid: true}, pgtype.Text{}, pgtype.Int8{Int64: 5, Valid: true},
	pgtype.UUID{Bytes: [16]byte{1}, Valid: true}, pgtype.Timestamptz{Time: time.Unix(0, 0), Valid: true},
	pgtype.Timestamptz{InfinityModifier: pgtype.Infinity, Valid: true}, pgtype.Numeric{NaN: true, Valid: true},
	pgtype.Interval{Days: 1, Valid: true}, pgtype.Hstore{"k": nil}, netip.MustParsePrefix("10.0.0.0/8"),
	pgtype.Range[pgtype.Int4]{Valid: true}, pgtype.Point{Valid: true}, pgtype.Finite,
}

func TestHealthy(t *testing.T) {
	t.Parallel()
	for name, build := range healthy {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if found := sanitize.Inspect(asValue(build()), sanitize.Policy{}); len(found) > 0 {
				t.Error(report(name, found))
			}
			sound(t, build, sanitize.Policy{})
		})
	}
}

// TestCleanIsNotCopied: neither pass allocates with the size of a clean payload.
func TestCleanIsNotCopied(t *testing.T) {
	text := strings.Repeat("clean ", 100_000)
	list := make([]string, 1000)
	for i := range list {
		list[i] = text[:600]
	}
	var payload any = map[string]any{"text": text, "list": list}
	n := testing.AllocsPerRun(10, func() { sanitize.Value(payload, sanitize.Policy{}) })
	if n > 20 {
		t.Errorf("%v allocations for 1,000 strings", n)
	}
}

// TestSiblings are neither nested nor cycles, however many they are.
func TestSiblings(t *testing.T) {
	t.Parallel()
	out := sound(t, func() any {
		p := &author{Bio: "\x00"}
		var list []any
		for range 200 {
			list = append(list, p, []string{"\x00"}, map[string]*author{"a": p}, author{"\x00"})
		}
		return list
	}, sanitize.Policy{})
	doc, err := json.Marshal(out)
	if n := strings.Count(string(doc), "\ufffd"); n != 800 || err != nil || strings.Contains(string(doc), "omitted") {
		t.Errorf("%d of 800 repaired, %v: %.200s", n, err, doc)
	}
}

// TestTheInputIsNotWrittenTo where parts of it are replaced.
func TestTheInputIsNotWrittenTo(t *testing.T) {
	t.Parallel()
	type row struct {
		Name string
		Any  any
		Raw  json.RawMessage
		Meta map[string]string
		Next *row
	}
	build := func() any {
		return &row{"a\x00", []byte{1}, json.RawMessage(`"\u0000"`), map[string]string{"k\x00": "v"}, &row{Name: "\x00"}}
	}
	doc, err := json.Marshal(sound(t, build, sanitize.Policy{}))
	want := `{"Name":"a�","Any":{"type":"binary","length":1,"sha256":"4bf5122f344554c53bde2ebb8cd2b7e3d1600ad631c385a5d7cce23c7785459a"},` +
		`"Raw":"�","Meta":{"k�":"v"},"Next":{"Name":"�","Any":null,"Raw":null,"Meta":null,"Next":null}}`
	if string(doc) != want || err != nil {
		t.Errorf("got %s, %v", doc, err)
	}
}
