package guides

import (
	"os"
	"os/exec"
	"path"
	"regexp"
	"strings"
	"testing"

	"github.com/qarion/seedbed/internal/testkit"
)

// Each page's programs are a package of a module elsewhere, as a reader's would be.
func TestProgramsRun(t *testing.T) {
	t.Parallel()
	module := testkit.NewModule(t, nil)
	for _, p := range pages(t) {
		for _, b := range p.Blocks {
			switch {
			case b.Language == "sh", b.Language == "text", b.Name == "before":
			case b.Name == "":
				t.Errorf("%s.md: a fence of %s has no file's name", p.Name, b.Language)
			default:
				module.Write(t, path.Join(p.Name, b.Name), b.Text)
			}
		}
		for _, m := range recipes.FindAllStringSubmatch(p.Prose, -1) {
			module.Write(t, path.Join(p.Name, m[2]), recipe(t, m[1]))
		}
	}
	module.Go(t, "vet", "./...")
	module.Go(t, "test", "-vet=off", "-count=1", "./...")
}

// Every command of the pages runs, in a cache of its own: `prune --all` is among them.
func TestCommandsRun(t *testing.T) {
	t.Parallel()
	cache := testkit.CacheDir(t)
	bin := t.TempDir()
	if out, err := exec.Command("go", "build", "-o", bin+"/seedbed", testkit.Path+"/cmd/seedbed").CombinedOutput(); err != nil {
		t.Fatalf("build seedbed: %v\n%s", err, out)
	}
	for _, p := range pages(t) {
		for i, b := range p.Blocks {
			if b.Language != "sh" {
				continue
			}
			cmd := exec.Command("sh", "-e", "-c", b.Text)
			cmd.Env = append(os.Environ(), "SEEDBED_CACHE="+cache, "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"))
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
	for _, b := range testkit.Fences(t, "../../migrations/RECIPES.md") {
		if b.Language == "sql" && b.Name == name {
			return b.Text
		}
	}
	t.Fatalf("RECIPES.md has no snippet %q", name)
	return ""
}
