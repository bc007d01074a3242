package sanitize_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/qarion/seedbed/sanitize"
)

// sound proves of one value what Value promises of all. build is called more
// than once and must return equal values.
func sound(t *testing.T, build func() any, p sanitize.Policy) any {
	t.Helper()
	input := build()
	found := sanitize.Inspect(asValue(input), p)
	out := sanitize.Value(input, p)

	if before, after := dump(build()), dump(input); before != after {
		t.Errorf("Value wrote to its input:\n%s", firstDifference(before, after))
	}
	if len(found) == 0 && !identical(input, out) {
		t.Errorf("a clean value came back as another: %#v", out)
	}
	if len(found) > 0 && identical(input, out) {
		t.Errorf("Value changed nothing although Inspect found\n%s", report("it", found))
	}
	encodes(t, out, p)
	if again := sanitize.Value(out, p); !identical(out, again) {
		t.Errorf("Value is not idempotent:\n%s", firstDifference(dump(out), dump(again)))
	}
	return out
}

// encodes proves that out can be sent, and that what is sent is clean.
func encodes(t *testing.T, out any, p sanitize.Policy) {
	t.Helper()
	if rest := sanitize.Inspect(asValue(out), p); len(rest) > 0 {
		t.Errorf("after Value:\n%s", report("it", rest))
	}
	var doc bytes.Buffer
	e := json.NewEncoder(&doc)
	e.SetEscapeHTML(false)
	if err := e.Encode(out); err != nil {
		t.Fatalf("after Value, encoding/json: %v", err)
	}
	sent := bytes.TrimSuffix(doc.Bytes(), []byte("\n"))
	if rest := sanitize.Inspect(json.RawMessage(sent), p); len(rest) > 0 {
		t.Errorf("in the encoded document:\n%s\n%.300s", report("it", rest), sent)
	}
}

// asValue keeps Inspect from taking v for a payload, as Value does not either.
func asValue(v any) any {
	switch v.(type) {
	case []byte, io.Reader:
		return []any{v}
	}
	return v
}

// identical reports whether b is a itself: the same pointer, map or slice, or an
// equal scalar.
func identical(a, b any) bool {
	va, vb := reflect.ValueOf(a), reflect.ValueOf(b)
	if !va.IsValid() || !vb.IsValid() || va.Type() != vb.Type() {
		return !va.IsValid() && !vb.IsValid()
	}
	switch va.Kind() {
	case reflect.Pointer, reflect.Map, reflect.Chan, reflect.Func, reflect.UnsafePointer:
		return va.Pointer() == vb.Pointer()
	case reflect.Slice:
		return va.Pointer() == vb.Pointer() && va.Len() == vb.Len()
	}
	return dump(a) == dump(b)
}

// dump writes all of v, NaN and unexported fields included, without addresses.
func dump(v any) string {
	var b strings.Builder
	dumpValue(&b, reflect.ValueOf(v), 12)
	return b.String()
}

func dumpValue(b *strings.Builder, v reflect.Value, depth int) {
	if !v.IsValid() || depth == 0 {
		fmt.Fprint(b, "…")
		return
	}
	fmt.Fprintf(b, "%s(", v.Type())
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		dumpValue(b, v.Elem(), depth-1)
	case reflect.Struct:
		for i := range v.NumField() {
			dumpValue(b, v.Field(i), depth-1)
		}
	case reflect.Slice, reflect.Array:
		for i := range min(v.Len(), 200) {
			dumpValue(b, v.Index(i), depth-1)
		}
	case reflect.Map:
		keys := v.MapKeys()
		slices.SortFunc(keys, func(x, y reflect.Value) int {
			return strings.Compare(fmt.Sprint(x), fmt.Sprint(y))
		})
		for _, k := range keys {
			fmt.Fprintf(b, "%q:", fmt.Sprint(k))
			dumpValue(b, v.MapIndex(k), depth-1)
		}
	case reflect.Chan, reflect.Func, reflect.UnsafePointer:
		fmt.Fprint(b, v.IsNil())
	default:
		fmt.Fprintf(b, "%q", fmt.Sprint(v))
	}
	fmt.Fprint(b, ")")
}

func firstDifference(a, b string) string {
	i := 0
	for i < len(a) && i < len(b) && a[i] == b[i] {
		i++
	}
	from := max(0, i-60)
	return fmt.Sprintf("first  …%.160s\nsecond …%.160s", a[min(from, len(a)):], b[min(from, len(b)):])
}

// report is what a failing test prints of findings.
func report(what string, found []sanitize.Finding) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d findings in %s", len(found), what)
	for _, f := range found {
		b.WriteString("\n  " + f.String())
	}
	return b.String()
}
