package seedbed_test

import (
	"fmt"
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
	// .ci/run runs the second; the scripts of cmd/seedbed are about the first.
	if commands != "go run ./cmd/seedbed dev\ngo test ./...\n" {
		t.Errorf("the README's commands are %q", commands)
	}
	testkit.SkipShort(t, "compiles a module")
	module.Go(t, "test", "-count=1", "./...")
}
