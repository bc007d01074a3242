package widgets

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// Each pipeline's shell lines run here, one after the other, in a copy of the
// directory and on an empty cache. Not exercised: the actions, the runners' own
// handling of caches and artifacts, other images and majors than this machine has.
func TestGitHub(t *testing.T) {
	t.Parallel()
	p, c := github(t), newCheckout(t)
	c.run(t, p, "bash", "-e", "-o", "pipefail", "-c")
}

func TestGitLab(t *testing.T) {
	t.Parallel()
	p, c := gitlab(t), newCheckout(t)
	c.run(t, p, "sh", "-e", "-c")
	var report []any
	if text, err := os.ReadFile(filepath.Join(c.dir, "review.json")); err != nil || json.Unmarshal(text, &report) != nil {
		t.Errorf("the code quality report is %q, %v", text, err)
	}
}

func TestInContainer(t *testing.T) {
	t.Parallel()
	env := map[string]string{"SEEDBED_CACHE": "$CI_PROJECT_DIR/.seedbed"} // not this machine's
	if os.Getuid() == 0 {
		env["SEEDBED_OS_USER"] = "nobody" // the image has no postgres user
	}
	newCheckout(t).run(t, pipeline{Env: env, Lines: []string{"./in-container.sh"}}, "sh", "-e", "-c")
}

// checkout is a copy of this directory without the tests of the pipelines, which
// would start themselves.
type checkout struct{ dir string }

func newCheckout(t *testing.T) checkout {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("the pipelines are for runners with a POSIX shell")
	}
	dir, err := os.MkdirTemp("", "ci")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	if err := os.Chmod(dir, 0o755); err != nil { // as root, Postgres runs as another user
		t.Fatal(err)
	}
	for _, name := range []string{"go.mod", "go.sum", "widgets.go", "widgets_test.go", "in-container.sh", "migrations/00001_widgets.sql"} {
		copyFile(t, name, filepath.Join(dir, name))
	}
	return checkout{dir}
}

// copyFile copies a file; what go.mod calls ../.. is not there from elsewhere, and
// may be a path with spaces.
func copyFile(t *testing.T, from, to string) {
	t.Helper()
	text, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if root, err := filepath.Abs("../.."); err == nil && from == "go.mod" {
		text = bytes.Replace(text, []byte("=> ../.."), []byte("=> "+strconv.Quote(root)), 1)
	}
	info, err := os.Stat(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, text, info.Mode()); err != nil {
		t.Fatal(err)
	}
}

// run runs the lines as a runner does, and then stops the server that they leave
// for the next one.
func (c checkout) run(t *testing.T, p pipeline, shell ...string) {
	t.Helper()
	env := c.environment(p.Env)
	do := func(line string) {
		cmd := exec.Command(shell[0], append(slices.Clone(shell[1:]), line)...)
		cmd.Dir, cmd.Env = c.dir, env
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", line, err, out)
		}
	}
	t.Cleanup(func() { do("go tool seedbed prune --all") })
	if len(p.Lines) == 0 {
		t.Fatal("the pipeline runs nothing")
	}
	for _, line := range p.Lines {
		do(line)
	}
}

// environment is this process's, without its own word on Seedbed but for where
// Postgres is, and with the pipeline's. Its version is the one that is here.
func (c checkout) environment(own map[string]string) []string {
	env := slices.DeleteFunc(os.Environ(), func(e string) bool {
		return strings.HasPrefix(e, "SEEDBED_") && !strings.HasPrefix(e, "SEEDBED_BINARIES=")
	})
	env = append(env, "CI=true", "CI_PROJECT_DIR="+c.dir)
	own = maps.Clone(own)
	delete(own, "SEEDBED_VERSION")
	for name, value := range own {
		value = strings.ReplaceAll(value, "/tmp/seedbed", c.dir+"/.seedbed")
		env = append(env, name+"="+strings.ReplaceAll(value, "$CI_PROJECT_DIR", c.dir))
	}
	return env
}
