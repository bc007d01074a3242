package seedbed_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

var fence = regexp.MustCompile("(?ms)^```([a-z]+)\n(.*?)^```")

// Every program in the README is one that compiles in a repository elsewhere.
func TestREADME(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	if lines := strings.Count(string(readme), "\n"); lines >= 200 {
		t.Errorf("README.md has %d lines, want fewer than 200", lines)
	}
	blocks := map[string][]string{}
	for _, m := range fence.FindAllStringSubmatch(string(readme), -1) {
		blocks[m[1]] = append(blocks[m[1]], m[2])
	}
	// .ci/run runs both.
	if got := strings.Join(blocks["sh"], ""); got != "go run ./cmd/seedbed dev\ngo test ./...\n" {
		t.Errorf("the README's commands are %q", got)
	}
	for i, program := range blocks["go"] {
		vet(t, i, program)
	}
}

func vet(t *testing.T, n int, program string) {
	t.Helper()
	dir := t.TempDir()
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	mod, err := os.ReadFile("go.mod")
	if err != nil {
		t.Fatal(err)
	}
	sum, err := os.ReadFile("go.sum")
	if err != nil {
		t.Fatal(err)
	}
	// A module that requires what we do, as one that imports us would.
	text := strings.Replace(string(mod), "module github.com/qarion/seedbed", "module example.com/elsewhere", 1)
	text += "\nrequire github.com/qarion/seedbed v0.0.0\nreplace github.com/qarion/seedbed => " + strconv.Quote(here) + "\n"
	for name, content := range map[string]string{
		"go.mod":                     text,
		"go.sum":                     string(sum),
		"snippet_test.go":            program,
		"migrations/00001_first.sql": "-- +goose Up\nCREATE TABLE widgets (name text);\n",
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("go", "test", "-count=1", "./...")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("Go program %d of the README: %v\n%s", n+1, err, out)
	}
}
