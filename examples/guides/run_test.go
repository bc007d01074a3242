package guides

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// Each page's programs are a package of a module elsewhere, as a reader's would be.
func TestProgramsRun(t *testing.T) {
	t.Parallel()
	dir := newModule(t)
	for _, p := range pages(t) {
		for _, b := range p.Blocks {
			switch {
			case b.Language == "sh", b.Language == "text", b.Name == "before":
			case b.Name == "":
				t.Errorf("%s.md: a fence of %s has no file's name", p.Name, b.Language)
			default:
				write(t, filepath.Join(dir, p.Name, b.Name), b.Text)
			}
		}
		for _, m := range recipes.FindAllStringSubmatch(p.Prose, -1) {
			write(t, filepath.Join(dir, p.Name, m[2]), recipe(t, m[1]))
		}
	}
	for _, args := range [][]string{{"vet", "./..."}, {"test", "-count=1", "./..."}} {
		cmd := exec.Command("go", args...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", cmd, err, out)
		}
	}
}

// Every command of the pages runs, in a cache of its own: `prune --all` is among them.
func TestCommandsRun(t *testing.T) {
	t.Parallel()
	cache, err := os.MkdirTemp("", "guides")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(cache) })
	if err := os.Chmod(cache, 0o755); err != nil { // as root, Postgres runs as somebody else
		t.Fatal(err)
	}
	for _, p := range pages(t) {
		for i, b := range p.Blocks {
			if b.Language != "sh" {
				continue
			}
			cmd := exec.Command("sh", "-e", "-c", b.Text)
			cmd.Env = append(os.Environ(), "SEEDBED_CACHE="+cache)
			out, err := cmd.Output()
			if err != nil {
				t.Fatalf("%s.md: %s: %v\n%s", p.Name, b.Text, err, out)
			}
			if i+1 < len(p.Blocks) && p.Blocks[i+1].Language == "text" {
				mentions(t, p.Name, string(out), p.Blocks[i+1].Text)
			}
		}
	}
}

// mentions wants each line of a page's output at the start of one of the real.
func mentions(t *testing.T, page, out, want string) {
	t.Helper()
	for line := range strings.Lines(want) {
		if !strings.Contains("\n"+out, "\n"+strings.TrimSuffix(line, "\n")) {
			t.Errorf("%s.md shows %q, which is not in\n%s", page, line, out)
		}
	}
}

// recipes of a page are named in its prose, with the file that each becomes.
var recipes = regexp.MustCompile("recipe `(\\S+)`,\\s+as\\s+`(\\S+)`")

// recipe is a snippet of the reference schema's recipes.
func recipe(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile("../../migrations/RECIPES.md")
	if err != nil {
		t.Fatal(err)
	}
	_, after, found := strings.Cut(string(text), "```sql "+name+"\n")
	sql, _, closed := strings.Cut(after, "```\n")
	if !found || !closed {
		t.Fatalf("RECIPES.md has no snippet %q", name)
	}
	return sql
}

// newModule is an empty module that requires what this one does.
func newModule(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	root, err := filepath.Abs("../..")
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
	write(t, filepath.Join(dir, "go.mod"), string(bytes.Replace(mod, []byte("=> ../.."), []byte("=> "+strconv.Quote(root)), 1)))
	write(t, filepath.Join(dir, "go.sum"), string(sum))
	return dir
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
