package testkit

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Golden compares got with the file at path. With -update it writes the file.
func Golden(t testing.TB, path, got string) {
	t.Helper()
	if Update() {
		WriteFile(t, path, got)
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v; run the test with -update to write it", err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("%s differs (-want +got); -update writes it:\n%s", path, diff)
	}
}

// GoldenParts compares texts that each begin with a line "# name" with those of the same names in
// the file at path: a test that ran a sample of its cases has no others. With -update it writes
// the file, which takes all of them: -long and no -run.
func GoldenParts(t testing.TB, path, got string) {
	t.Helper()
	if Long() && flag.Lookup("test.run").Value.String() == "" {
		Golden(t, path, got)
		return
	}
	if Update() {
		t.Fatalf("%s holds what all cases say: -update takes -long and no -run", path)
	}
	want := parts(ReadFile(t, path))
	for name, text := range parts(got) {
		if diff := cmp.Diff(strings.Split(want[name], "\n"), strings.Split(text, "\n")); diff != "" {
			t.Errorf("%q in %s differs (-want +got); -long -update writes it:\n%s", name, path, diff)
		}
	}
}

// parts are the texts that begin with a line "# name", by their names.
func parts(text string) map[string]string {
	all := map[string]string{}
	for _, part := range strings.Split("\n"+text, "\n# ")[1:] {
		name, said, _ := strings.Cut(part, "\n")
		all[name] += strings.TrimRight(said, "\n") + "\n"
	}
	return all
}

// WriteFile writes a file and the directories above it.
func WriteFile(t testing.TB, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// ReadFile returns the text of a file.
func ReadFile(t testing.TB, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// Mention checks that a text contains each of wants.
func Mention(t testing.TB, text string, wants ...string) {
	t.Helper()
	for _, want := range wants {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not mentioned in:\n%s", want, text)
		}
	}
}
