package guides

import (
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// A page is a guide. Its fences say what they are: a language and a file's name for
// what is compiled, `before` for what one comes from, `sh` for commands.
type page struct {
	Name   string // without .md
	Prose  string // what is outside of fences
	Blocks []block
}

type block struct {
	Language, Name, Text string
}

var fence = regexp.MustCompile("(?ms)^```([a-z]+) ?([^\n]*)\n(.*?)^```$")

func pages(t *testing.T) (all []page) {
	t.Helper()
	files, err := filepath.Glob("*.md")
	if err != nil || len(files) == 0 {
		t.Fatalf("no guides: %v", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		p := page{Name: strings.TrimSuffix(file, ".md"), Prose: fence.ReplaceAllString(string(text), "")}
		for _, m := range fence.FindAllStringSubmatch(string(text), -1) {
			p.Blocks = append(p.Blocks, block{m[1], m[2], m[3]})
		}
		if got, want := len(p.Blocks), strings.Count("\n"+string(text), "\n```")/2; got != want {
			t.Errorf("%s: %d of %d fences are understood", file, got, want)
		}
		all = append(all, p)
	}
	return all
}

// What one comes from is not compiled here, for we do not depend on it; it is Go all
// the same, once its ellipses are gone.
func TestBeforeIsGo(t *testing.T) {
	t.Parallel()
	for _, p := range pages(t) {
		for _, b := range p.Blocks {
			if b.Name != "before" {
				continue
			}
			text := "package before\n" + strings.ReplaceAll(b.Text, "…", "")
			if _, err := parser.ParseFile(token.NewFileSet(), p.Name+".md", text, 0); err != nil {
				t.Errorf("%v in\n%s", err, text)
			}
		}
	}
}

var link = regexp.MustCompile(`\]\(([^)#:]+)\)`)

func TestLinks(t *testing.T) {
	t.Parallel()
	for _, p := range pages(t) {
		for _, m := range link.FindAllStringSubmatch(p.Prose, -1) {
			if _, err := os.Stat(m[1]); err != nil {
				t.Errorf("%s.md links to %s: %v", p.Name, m[1], err)
			}
		}
	}
}
