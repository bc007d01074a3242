package seedbed_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/qarion/seedbed/internal/testkit"
)

// Every program in the README is one that compiles, and passes, in a repository
// elsewhere.
func TestREADME(t *testing.T) {
	if lines := strings.Count(testkit.ReadFile(t, "README.md"), "\n"); lines >= 200 {
		t.Errorf("README.md has %d lines, want fewer than 200", lines)
	}
	var commands string
	module := testkit.NewModule(t, nil)
	for i, block := range testkit.Fences(t, "README.md") {
		switch block.Language {
		case "sh":
			commands += block.Text
		case "go":
			dir := fmt.Sprintf("program%d/", i)
			module.Write(t, dir+"snippet_test.go", block.Text)
			module.Write(t, dir+"migrations/00001_first.sql", "-- +goose Up\nCREATE TABLE widgets (name text);\n")
		}
	}
	// .ci/run runs the tests; the scripts of cmd/seedbed are about each of its commands.
	scripts, err := filepath.Glob("cmd/seedbed/testdata/script/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	var tried string
	for _, file := range scripts {
		tried += testkit.ReadFile(t, file)
	}
	for line := range strings.Lines(commands) {
		command, _, _ := strings.Cut(line, " #")
		words := strings.Fields(command)
		switch {
		case len(words) == 0, strings.HasPrefix(line, "go test ./..."), strings.HasPrefix(line, "go install "+testkit.Path+"/cmd/seedbed@v"):
		case words[0] == "go" && words[1] == "run" && words[2] == "./cmd/seedbed":
			words = words[2:]
			fallthrough
		case words[0] == "seedbed":
			if !strings.Contains(tried, "seedbed "+words[1]) {
				t.Errorf("no script of cmd/seedbed tries %q", command)
			}
		default:
			t.Errorf("nothing tries the README's command %q", command)
		}
	}
	testkit.SkipShort(t, "compiles a module")
	module.Go(t, "test", "-count=1", "./...")
}
