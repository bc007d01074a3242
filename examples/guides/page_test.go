package guides

import (
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/qarion/seedbed/internal/testkit"
)

// A page is a guide. Its fences say what they are: a language and a file's name for
// what is compiled, `before` for what one comes from, `sh` for commands.
type page struct {
	Name   string // without .md
	Prose  string // what is outside of fences
	Blocks []testkit.Fence
}

func pages(t *testing.T) (all []page) {
	t.Helper()
	files, err := filepath.Glob("*.md")
	if err != nil || len(files) == 0 {
		t.Fatalf("no guides: %v", err)
	}
	for _, file := range files {
		all = append(all, page{strings.TrimSuffix(file, ".md"), testkit.Prose(t, file), testkit.Fences(t, file)})
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
