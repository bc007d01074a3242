package sanitize

//lint:file-ignore SA5008 tags that a reader trips over are what these structs are for

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"
)

type (
	lower struct{ Deep, Both, Tagged string }
	Upper struct{ Both, Higher string }
	Left  struct{ Same, OnlyLeft string }
	Right struct{ Same, OnlyRight string }
	Loop  struct{ *Loop }
	Named struct {
		Other string `json:"Same"`
	}
	Base   struct{ Twice string }
	One    struct{ Base }
	Two    struct{ *Base }
	number int

	PtrJSON  struct{ S string }
	PtrText  struct{ S string }
	ZeroAt7  int
	ZeroPtr  struct{ N int }
	TextName string
	ByteText byte
)

func (p *PtrJSON) MarshalJSON() ([]byte, error)     { return json.Marshal("json:" + p.S) }
func (p *PtrText) MarshalText() ([]byte, error)     { return []byte("text:" + p.S), nil }
func (n ZeroAt7) IsZero() bool                      { return n == 7 }
func (z *ZeroPtr) IsZero() bool                     { return z.N == 8 }
func (n TextName) MarshalText() ([]byte, error)     { return []byte("name:" + string(n)), nil }
func (b ByteText) MarshalText() ([]byte, error)     { return []byte{'b', '0' + byte(b)%10}, nil }
func ptr[T any](v T) *T                             { return &v }
func anyOf[T any](v T) any                          { return v }
func withOptions[T any](v T) (none struct{ V T })   { none.V = v; return none }
func addressable[T any](v T) *struct{ V, Second T } { return &struct{ V, Second T }{v, v} }

// odd structs: each breaks a simpler reading of encoding/json's rules.
var odd = []any{
	struct {
		lower
		*Upper
		Both string
	}{lower{"d", "b", "t"}, &Upper{"u", "h"}, "outer"},
	struct {
		Left
		Right
	}{Left{"l", "ol"}, Right{"r", "or"}},
	struct {
		Left
		Right
		Tagged string `json:"Same"`
	}{Left{"l", "ol"}, Right{"r", "or"}, "t"},
	struct {
		A struct{ X int } `json:"a"`
		B struct{ X int } `json:"-"`
		C struct{ X int } `json:"-,"`
		d int
	}{},
	struct {
		Upper `json:"up"`
		lower `json:"low"`
	}{},
	struct {
		*lower `json:"low"`
		*Upper
	}{lower: &lower{Deep: "d"}},
	struct{ *Upper }{},
	struct {
		Left
		Named
	}{Left{"l", "ol"}, Named{"n"}},
	struct {
		One
		Two
	}{One{Base{"1"}}, Two{&Base{"2"}}},
	struct{ number }{3},
	struct{ Loop }{Loop{&Loop{}}},
	struct {
		A string `json:"bad name\""`
		B string `json:"ok-näme/1"`
		C string `json:",omitempty"`
		D string `json:"d,omitempty,string"`
		E string `json:"e,string"`
	}{"a", "b", "", "d\"<", "e"},
	struct {
		I  int             `json:",string"`
		P  *int            `json:",string"`
		Q  *int            `json:",string"`
		F  float64         `json:",string"`
		B  bool            `json:",string"`
		S  []int           `json:",string"`
		N  json.Number     `json:",string"`
		E  json.Number     `json:",string"`
		PJ PtrJSON         `json:",string"`
		T  TextName        `json:",string"`
		R  json.RawMessage `json:",string"`
	}{I: 1, P: ptr(2), F: 1.5, N: "12", T: "t", R: json.RawMessage("3")},
	struct {
		Z  ZeroAt7        `json:",omitzero"`
		Y  ZeroAt7        `json:",omitzero"`
		P  *ZeroAt7       `json:",omitzero"`
		V  ZeroPtr        `json:",omitzero"`
		T  time.Time      `json:",omitzero"`
		TE time.Time      `json:",omitempty"`
		I  any            `json:",omitempty"`
		A  [0]int         `json:",omitempty"`
		C  [2]int         `json:",omitzero"`
		M  map[string]int `json:",omitempty"`
	}{Z: 7, Y: 6, V: ZeroPtr{8}},
	withOptions(PtrJSON{"not addressable"}),
	withOptions([]PtrText{{"a"}, {"b"}}),
	withOptions([1]PtrJSON{{"array"}}),
	withOptions(map[TextName]PtrJSON{"k": {"v"}}),
	withOptions(map[number]PtrText{4: {"v"}}),
	withOptions([]ByteText{1, 2}),
	withOptions([3]byte{1, 2, 3}),
	withOptions(anyOf(struct{ V PtrJSON }{PtrJSON{"x"}})),
	*addressable(PtrJSON{"x"}),
	addressable(PtrJSON{"x"}),
	addressable(struct{ In [1]PtrText }{[1]PtrText{{"x"}}}),
	addressable(anyOf(PtrText{"x"})),
	addressable(time.Unix(0, 0).UTC()),
}

// TestFieldsAreThoseOfEncodingJSON writes each struct in both ways.
func TestFieldsAreThoseOfEncodingJSON(t *testing.T) {
	t.Parallel()
	for _, s := range append(odd, "a\"\\\n\té", 1.5e-9, -0.25, 1e21, float32(0.1), uint8(200), int64(-1<<52),
		[]any{nil, true, false}, time.Date(2020, 1, 2, 3, 4, 5, 120_000_000, time.FixedZone("", 3600))) {
		var want bytes.Buffer
		e := json.NewEncoder(&want)
		e.SetEscapeHTML(false)
		if err := e.Encode(s); err != nil {
			t.Fatal(err)
		}
		p := Policy{AllowBinary: true}.filled()
		out := newWriter(&p, false)
		w := walker{p: &p, out: out}
		w.any(s)
		if got := string(out.result()) + "\n"; got != want.String() {
			t.Errorf("%T\nencoding/json writes %sthe walker writes     %s", s, &want, got)
		}
	}
}

// TestADryWalkCountsNoLess than encoding/json writes, and not much more.
func TestADryWalkCountsNoLess(t *testing.T) {
	t.Parallel()
	passed := 0
	for _, s := range odd {
		doc, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		p := Policy{AllowBinary: true}.filled()
		in := walker{p: &p, left: p.MaxPayload}
		if in.any(s); in.stop {
			continue // the cleaner decides
		}
		passed++
		if size := p.MaxPayload - in.left; size < len(doc)-30 || size > len(doc)*4+40 {
			t.Errorf("%T: %d bytes of JSON counted as %d: %s", s, len(doc), size, doc)
		}
	}
	if passed < len(odd)-2 {
		t.Errorf("%d of %d pass", passed, len(odd))
	}
}
