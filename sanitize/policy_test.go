package sanitize_test

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/qarion/seedbed/sanitize"
)

func TestBidi(t *testing.T) {
	t.Parallel()
	const mark, isolate, pop, override = "\u200f", "\u2067", "\u2069", "\u202e"
	isolates := sanitize.Policy{Allow: "\u2066\u2067\u2068\u2069"}
	for _, c := range []struct {
		text     string
		p        sanitize.Policy
		findings int
	}{
		{"a" + mark, sanitize.Policy{}, 0},
		{isolate + "a" + pop, sanitize.Policy{}, 1},
		{isolate + "a" + pop, isolates, 0},
		{isolate + override + "a" + pop, isolates, 1},
	} {
		doc, _ := json.Marshal(c.text)
		for _, v := range []any{c.text, map[string]int{c.text: 1}, json.RawMessage(doc), json.RawMessage(asciiJSON(c.text))} {
			if found := sanitize.Inspect(v, c.p); len(found) != c.findings {
				t.Errorf("%T %+q: want %d, got %s", v, c.text, c.findings, report("it", found))
			}
			sound(t, func() any { return v }, c.p)
		}
	}
}

// asciiJSON spells s as a JSON string with escapes only.
func asciiJSON(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		const hex = "0123456789abcdef"
		b.WriteString(`\u`)
		for shift := 12; shift >= 0; shift -= 4 {
			b.WriteByte(hex[r>>shift&15])
		}
	}
	b.WriteByte('"')
	return b.String()
}

func TestAllow(t *testing.T) {
	t.Parallel()
	v := []any{"\x1b[0m", json.RawMessage(`"\u001b"`), int64(1) << 60, []byte{1}, [2]byte{1, 2}}
	p := sanitize.Policy{Allow: "\x1b", AllowUnsafeIntegers: true, AllowBinary: true}
	if found := sanitize.Inspect(v, p); len(found) > 0 {
		t.Error(report("what was allowed", found))
	}
	p.Allow = string(utf8.RuneError) // not a licence for what decodes to it
	if len(sanitize.Inspect("\xff", p)) == 0 {
		t.Error("allowing U+FFFD lets invalid UTF-8 pass")
	}
}

// TestTruncation cuts long strings at every place of a character.
func TestTruncation(t *testing.T) {
	t.Parallel()
	for pad := range 5 {
		text := strings.Repeat("x", pad) + strings.Repeat("é€😀", 30)
		p := sanitize.Policy{MaxString: 100}
		var out string
		if err := json.Unmarshal(sound(t, func() any { return text }, p).(json.RawMessage), &out); err != nil {
			t.Fatal(err)
		}
		if len(out) > 100 || !strings.HasSuffix(out, "…[truncated, was 270 bytes]") && pad == 0 {
			t.Errorf("cut to %d bytes: %q", len(out), out)
		}
		if !strings.HasPrefix(text, strings.Split(out, "…")[0]) || !utf8.ValidString(out) {
			t.Errorf("not cut at a character: %q", out)
		}
		sound(t, func() any { return map[string]int{text: 1, text + "2": 2} }, p)
		sound(t, func() any { return json.RawMessage(`{"k":"` + text + `"}`) }, p)
		sound(t, func() any {
			return struct {
				S string `json:",string"`
			}{strings.Repeat("\"\u2028", 20)}
		}, p)
	}
}

// TestPayloadBudget cuts every kind of container at many budgets.
func TestPayloadBudget(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("w", 60)
	row := struct {
		A, B string
		C    []string
		D    map[string]string
		E    [2]string
		F    *node
	}{long, long, []string{long, long}, map[string]string{"x": long, "…": long}, [2]string{long, long}, &node{Name: long}}
	doc, err := json.Marshal(row)
	if err != nil {
		t.Fatal(err)
	}
	for budget := 1024; budget < 4096; budget += 97 {
		p := sanitize.Policy{MaxPayload: budget}
		sound(t, func() any { return []any{row, &row, row, json.RawMessage(doc), row} }, p)
		sound(t, func() any { return map[int]any{1: row, 2: row, 3: row, 4: []any{row}} }, p)
		sound(t, func() any { return strings.Split(strings.Repeat(long, budget/60), "w") }, p)
		sound(t, func() any { return make([]int, budget) }, p)
		sound(t, func() any { return make(map[string]bool, 0) }, p)
	}
}

// TestPayloadOverTheBudget is left out as a whole: half of it would pass for all.
func TestPayloadOverTheBudget(t *testing.T) {
	t.Parallel()
	for name, build := range map[string]func() any{
		"elements": func() any { return make([]int, 2000) },
		"members":  func() any { return numbered(2000) },
		"document": func() any { return json.RawMessage(strings.Repeat(" ", 1024) + "1") },
	} {
		out, err := json.Marshal(sound(t, build, sanitize.Policy{MaxPayload: 1024}))
		if want := `"[omitted: the payload goes over 1024 bytes]"`; string(out) != want || err != nil {
			t.Errorf("%s: sent %.80s, %v, want %s", name, out, err, want)
		}
	}
}

func numbered(n int) map[int]int {
	m := map[int]int{}
	for i := range n {
		m[i] = i % 10
	}
	return m
}

// TestUnfolding gives 64 pointers that stand for 2^64 values.
func TestUnfolding(t *testing.T) {
	t.Parallel()
	var v any = "lol"
	for range 60 {
		v = []any{v, v}
	}
	p := sanitize.Policy{MaxPayload: 1 << 18}
	found := sanitize.Inspect(v, p)
	if len(found) != 1 || found[0].Rule != "oversize-payload" {
		t.Errorf("got %s", report("it", found))
	}
	encodes(t, sanitize.Value(v, p), p)
}

func TestFindingsAreBounded(t *testing.T) {
	t.Parallel()
	bad := make([]string, 1000)
	for i := range bad {
		bad[i] = "\x00\x00"
	}
	if n := len(sanitize.Inspect(bad, sanitize.Policy{})); n != 100 {
		t.Errorf("%d findings by default", n)
	}
	found := sanitize.Inspect(bad, sanitize.Policy{MaxFindings: 3})
	if len(found) != 3 || found[1].Path != "$[1]" || found[1].Count != 2 {
		t.Errorf("got %v", found)
	}
}

// TestDepth looks at documents that would overflow a stack, and at the limit.
func TestDepth(t *testing.T) {
	t.Parallel()
	bomb := strings.Repeat(`[{"a":`, 1_000_000)
	if got := rulesOf([]byte(bomb), sanitize.Policy{}); got != "too-deep $"+strings.Repeat("[0].a", 32)+"; invalid-json $" {
		t.Errorf("got %.200s", got)
	}
	sound(t, func() any { return json.RawMessage(bomb) }, sanitize.Policy{})
	for _, levels := range []int{2, 3, 4, 5} {
		p := sanitize.Policy{MaxDepth: 3}
		fits := levels <= 3
		for _, v := range []any{nested(levels), nestedDoc(levels), []any{nestedDoc(levels - 1)}} {
			if got := len(sanitize.Inspect(v, p)) == 0; got != fits {
				t.Errorf("%d levels of %T: fits %v", levels, v, got)
			}
			sound(t, func() any { return v }, p)
		}
	}
	type self *self
	var chain self
	for range 200_000 {
		next := chain
		chain = self(&next)
	}
	if got := rulesOf(chain, sanitize.Policy{}); got != "too-deep $" {
		t.Errorf("a chain of pointers: got %q", got)
	}
}

func nestedDoc(levels int) json.RawMessage {
	return json.RawMessage(strings.Repeat("[", levels) + strings.Repeat("]", levels))
}
