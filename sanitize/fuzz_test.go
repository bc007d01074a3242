package sanitize_test

import (
	"bytes"
	"encoding/json"
	"math"
	"testing"
	"time"

	"github.com/qarion/seedbed/sanitize"
)

// FuzzInspect holds Inspect against encoding/json on arbitrary documents.
func FuzzInspect(f *testing.F) {
	for _, c := range faults {
		if doc, ok := c.build().(json.RawMessage); ok {
			f.Add([]byte(doc))
		}
	}
	f.Fuzz(func(t *testing.T, doc []byte) {
		agrees(t, doc)
		for _, v := range []any{doc, string(doc)} {
			for _, finding := range sanitize.Inspect(v, sanitize.Policy{}) {
				within(t, finding, string(doc))
				if finding.Count < 1 || finding.Path == "" || finding.Detail == "" {
					t.Errorf("incomplete: %+v", finding)
				}
			}
		}
		sound(t, func() any { return json.RawMessage(bytes.Clone(doc)) }, sanitize.Policy{})
	})
}

// FuzzValue grows Go values from bytes and holds Value to its promises, under
// narrow limits.
func FuzzValue(f *testing.F) {
	for i := range grown {
		f.Add([]byte{byte(i), 3, 1, 2, 3, byte(i), 'a', 0xff, 0, 5, 9}, uint8(i))
	}
	f.Fuzz(func(t *testing.T, data []byte, policy uint8) {
		p := sanitize.Policy{
			MaxString:   64 << (policy & 3),
			MaxPayload:  1024 << (policy >> 2 & 3),
			MaxDepth:    1 + int(policy>>4&7),
			AllowBinary: policy&0x80 != 0,
		}
		sound(t, func() any {
			g := grower{data: data}
			return g.value(8)
		}, p)
	})
}

// grower makes a value of bytes: each byte is a decision.
type grower struct{ data []byte }

func (g *grower) byte() byte {
	if len(g.data) == 0 {
		return 0
	}
	b := g.data[0]
	g.data = g.data[1:]
	return b
}

func (g *grower) bytes() []byte {
	n := min(int(g.byte()), len(g.data))
	b := g.data[:n]
	g.data = g.data[n:]
	return bytes.Clone(b)
}

func (g *grower) text() string { return string(g.bytes()) }

type leafy struct {
	Text   string `json:"text"`
	Quoted string `json:",string"`
	Blob   []byte `json:"blob,omitempty"`
	F      float64
	N      int64 `json:"n,string,omitempty"`
	Any    any   `json:",omitzero"`
	*leafy
	Raw    json.RawMessage `json:"raw"`
	hidden func()
}

func (g *grower) value(depth int) any {
	if depth == 0 {
		return nil
	}
	return grown[int(g.byte())%len(grown)](g, depth-1)
}

var grown []func(g *grower, depth int) any

func init() {
	grown = []func(g *grower, depth int) any{
		func(g *grower, _ int) any { return g.text() },
		func(g *grower, _ int) any { return g.bytes() },
		func(g *grower, _ int) any { return json.RawMessage(g.bytes()) },
		func(g *grower, _ int) any { return json.Number(g.text()) },
		func(g *grower, _ int) any { return math.Float64frombits(g.bits()) },
		func(g *grower, _ int) any { return math.Float32frombits(uint32(g.bits())) },
		func(g *grower, _ int) any { return int64(g.bits()) },
		func(g *grower, _ int) any { return g.bits() },
		func(g *grower, _ int) any { return time.Unix(int64(g.bits())>>20, 0).UTC() },
		func(g *grower, _ int) any { return [16]byte(append(g.bytes(), make([]byte, 16)...)) },
		func(g *grower, _ int) any { return spelled(g.text()) },
		func(g *grower, _ int) any { return &byPointer{g.text()} },
		func(g *grower, _ int) any { return broken{} },
		func(g *grower, _ int) any { return make(chan int) },
		func(g *grower, depth int) any { v := g.value(depth); return &v },
		func(g *grower, depth int) any {
			return map[string]any{g.text(): g.value(depth), g.text(): g.value(depth), g.text(): nil}
		},
		func(g *grower, depth int) any { return map[netKey]any{{g.text()}: g.value(depth), {g.text()}: 1} },
		func(g *grower, depth int) any { return map[any]any{g.text(): g.value(depth), 1.5: g.text(), true: 1} },
		func(g *grower, depth int) any { return []any{g.value(depth), g.value(depth), g.text()} },
		func(g *grower, _ int) any { return []string{g.text(), g.text(), g.text()} },
		func(g *grower, _ int) any { return [2]float64{math.Float64frombits(g.bits()), 1} },
		func(g *grower, depth int) any { return g.leaf(depth) },
		func(g *grower, depth int) any { l := g.leaf(depth); return &l },
		func(g *grower, depth int) any { return map[string]leafy{g.text(): g.leaf(depth), "x": {}} },
		func(g *grower, depth int) any { return []leafy{g.leaf(depth), g.leaf(depth)} },
		func(g *grower, depth int) any { l := g.leaf(depth); l.Any = &l; return &l },
		func(g *grower, depth int) any { s := []any{g.value(depth), nil}; s[1] = s; return s },
	}
}

func (g *grower) bits() uint64 {
	var n uint64
	for _, b := range g.bytes() {
		n = n<<8 | uint64(b)
	}
	return n
}

func (g *grower) leaf(depth int) leafy {
	l := leafy{
		Text: g.text(), Quoted: g.text(), Blob: g.bytes(), F: math.Float64frombits(g.bits()),
		N: int64(g.bits()), Any: g.value(depth), Raw: g.bytes(), hidden: func() {},
	}
	if g.byte()%2 == 1 {
		l.leafy = &leafy{Text: g.text(), Any: g.text()}
	}
	return l
}
