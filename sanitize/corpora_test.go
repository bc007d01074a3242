package sanitize_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/qarion/seedbed/sanitize"
)

// The public test suite for JSON parsers, MIT. It has no Go package to import, so
// it is downloaded as the module it is, and held to this sum.
const (
	jsonSuite    = "github.com/nst/JSONTestSuite@v0.0.0-20241122125541-1ef36fa01286"
	jsonSuiteSum = "h1:t/cjDwz9uc/5ZSagWtr7nWpoEA5Imvw/ArlJuI+d+Cw="
)

// jsonSuiteDir returns where the suite is unpacked. Without a network and a
// cached copy the test is skipped with the command that helps, and fails on CI.
func jsonSuiteDir(t *testing.T) string {
	t.Helper()
	if testing.Short() {
		t.Skip("-short: the JSON test suite is a download of 65 MB")
	}
	cmd := exec.Command("go", "mod", "download", "-json", jsonSuite)
	cmd.Dir = t.TempDir() // outside the module: its go.sum is not touched
	out, err := cmd.Output()
	var module struct{ Dir, Sum, Error string }
	if jsonErr := json.Unmarshal(out, &module); err != nil || jsonErr != nil {
		message := fmt.Sprintf("NOT TESTED against the JSON test suite: %v %s\nget it with: go mod download %s",
			errors.Join(err, jsonErr), module.Error, jsonSuite)
		if os.Getenv("CI") != "" {
			t.Fatal(message)
		}
		t.Skip(message)
	}
	if module.Sum != jsonSuiteSum {
		t.Fatalf("%s has sum %s, want %s", jsonSuite, module.Sum, jsonSuiteSum)
	}
	return module.Dir
}

// TestJSONTestSuite agrees with encoding/json on what parses, for every file, and
// repairs all of them.
func TestJSONTestSuite(t *testing.T) {
	t.Parallel()
	dir := jsonSuiteDir(t)
	var files []string
	for _, pattern := range []string{"test_parsing/*.json", "test_transform/*.json"} {
		some, err := filepath.Glob(filepath.Join(dir, filepath.FromSlash(pattern)))
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, some...)
	}
	if len(files) < 318 {
		t.Fatalf("%d files, expected 318 and more", len(files))
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			doc, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			agrees(t, doc)
			sound(t, func() any { return json.RawMessage(bytes.Clone(doc)) }, sanitize.Policy{})
		})
	}
}

// agrees checks that doc is invalid JSON to Inspect when it is to encoding/json,
// which takes a byte order mark for a syntax error.
func agrees(t *testing.T, doc []byte) {
	t.Helper()
	p := sanitize.Policy{MaxDepth: 10_000, MaxFindings: 1 << 20}
	found := sanitize.Inspect(json.RawMessage(doc), p)
	valid := json.Valid(bytes.TrimPrefix(doc, []byte("\ufeff")))
	refused := false
	for _, f := range found {
		refused = refused || f.Rule == "invalid-json" || f.Rule == "too-deep"
		within(t, f, string(doc))
	}
	if valid == refused {
		t.Errorf("encoding/json takes it: %v; Inspect found\n%.2000s", valid, report("it", found))
	}
}

// within checks that a finding's bytes stand where it says.
func within(t *testing.T, f sanitize.Finding, text string) {
	t.Helper()
	if f.In == "" {
		return
	}
	if f.Offset < 0 || f.Offset > len(text) || !strings.HasPrefix(text[f.Offset:], string(f.Bytes)) {
		t.Errorf("%s: these bytes are not there", f)
	}
}

func TestNaughtyStrings(t *testing.T) {
	t.Parallel()
	doc, err := os.ReadFile("testdata/naughty/blns.json")
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	if err := json.Unmarshal(doc, &list); err != nil || len(list) < 400 {
		t.Fatalf("%d strings, %v", len(list), err)
	}
	broken := map[string]int{}
	for _, s := range list {
		for _, f := range sanitize.Inspect(s, sanitize.Policy{}) {
			broken[f.Rule]++
			within(t, f, s)
		}
		naughty(t, s)
	}
	sound(t, func() any { return list }, sanitize.Policy{})
	sound(t, func() any { return json.RawMessage(doc) }, sanitize.Policy{})
	want := fmt.Sprint(map[string]int{"bidi-control": 4, "byte-order-mark": 2, "c0-control": 3})
	if got := fmt.Sprint(broken); got != want {
		t.Errorf("the list breaks %s, want %s", got, want)
	}
}

// naughty puts s wherever a string can be, whole and cut in the middle of its
// characters.
func naughty(t *testing.T, s string) {
	t.Helper()
	for _, s := range []string{s, s[:len(s)/2], s + "\xc0", "\x00" + s} {
		out := sound(t, func() any {
			return map[string]any{s: s, s + "\xff": []any{author{Bio: s}, json.RawMessage(asciiOrRaw(s))}}
		}, sanitize.Policy{MaxString: 64})
		back := map[string]any{}
		if doc, _ := json.Marshal(out); json.Unmarshal(doc, &back) != nil || len(back) != 2 {
			t.Errorf("%q came back as %v", s, back)
		}
		if doc, err := json.Marshal(sanitize.Value(s, sanitize.Policy{})); err != nil || !utf8.Valid(doc) {
			t.Errorf("%q became %q, %v", s, doc, err)
		}
	}
}

func asciiOrRaw(s string) string {
	doc, _ := json.Marshal(s)
	return string(doc)
}
