package testkit

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// Path is the import path of the module that is tested.
const Path = "github.com/qarion/seedbed"

// Root is the directory of the module that is tested: that of go.mod above the
// test's working directory.
func Root(t testing.TB) string {
	t.Helper()
	dir, err := root()
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

var root = sync.OnceValues(func() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for ; ; dir = filepath.Dir(dir) {
		text, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err == nil && strings.HasPrefix(string(text), "module "+Path+"\n") {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", errors.New("find the module's root: no go.mod of " + Path + " above the working directory")
		}
	}
})

// Module is a module elsewhere that imports this one, as a user's repository does.
type Module struct {
	Dir string
}

var moduleLine = regexp.MustCompile(`(?m)^module .*$`)

// NewModule makes a module in a temporary directory that requires what this one
// requires, and this one from where it lies. files are by path; SQL, Go, whatever.
func NewModule(t testing.TB, files map[string]string) *Module {
	t.Helper()
	m := &Module{Dir: t.TempDir()}
	mod := moduleLine.ReplaceAllString(ReadFile(t, filepath.Join(Root(t), "go.mod")), "module example.com/elsewhere")
	mod += "\nrequire " + Path + " v0.0.0\nreplace " + Path + " => " + strconv.Quote(Root(t)) + "\n"
	m.Write(t, "go.mod", mod)
	m.Write(t, "go.sum", ReadFile(t, filepath.Join(Root(t), "go.sum")))
	for name, text := range files {
		m.Write(t, name, text)
	}
	return m
}

// Write writes a file of the module.
func (m *Module) Write(t testing.TB, name, text string) {
	t.Helper()
	WriteFile(t, filepath.Join(m.Dir, filepath.FromSlash(name)), text)
}

// Go runs the go command in the module, which must succeed, and returns its output.
func (m *Module) Go(t testing.TB, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", args...)
	cmd.Dir = m.Dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}
