package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/qarion/seedbed/internal/testkit"
)

// The test that init writes compiles and passes in a module that is not ours, whatever
// its migrations are.
func TestFirstTestPasses(t *testing.T) {
	testkit.SkipShort(t, "compiles")
	goose := "-- +goose Up\nCREATE TABLE parcels (id int PRIMARY KEY);\n"
	m := testkit.NewModule(t, map[string]string{
		"one/p.go": "package one\n", "one/db/migrations/1_p.sql": goose,
		"dump/structure.sql": "SELECT pg_catalog.set_config('search_path', '', false);\nCREATE TABLE public.riders (id int PRIMARY KEY);\n",
		"two/a/1_p.sql":      goose, "two/b/migrations/1_b.up.sql": "create table b (id int primary key);\n",
		"reference/readme": "",
	})
	for dir, args := range map[string][]string{
		"one": nil, "dump": nil, "two": {"--migrations", "a", "--migrations", "b/migrations"}, "reference": {"--reference"},
	} {
		initIn(t, filepath.Join(m.Dir, dir), args...)
	}
	m.Go(t, "vet", "./...")
	m.Go(t, "test", "-vet=off", "-c", "-o", m.Dir, "./dump", "./two")
	for _, dir := range []string{"dump", "two"} {
		if out, err := runTest(m, dir); err != nil || !strings.Contains(out, "--- PASS: TestDatabase") {
			t.Errorf("%s: %v\n%s", dir, err, out)
		}
	}

	// It fails where there is nothing.
	m.Write(t, "dump/structure.sql", "SELECT 1;\n")
	if out, err := runTest(m, "dump"); err == nil || !strings.Contains(out, "the migrations made no table") {
		t.Errorf("%v\n%s", err, out)
	}
}

// runTest runs the tests of a directory as the go command does: in it.
func runTest(m *testkit.Module, dir string) (string, error) {
	cmd := exec.Command(filepath.Join(m.Dir, dir+".test"), "-test.v")
	cmd.Dir = filepath.Join(m.Dir, dir)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// initIn runs init in a directory that is a project for as long as that takes.
func initIn(t *testing.T, dir string, args ...string) {
	t.Helper()
	mark := filepath.Join(dir, "go.mod")
	testkit.WriteFile(t, mark, "module example.com/x\n")
	t.Chdir(dir)
	var said bytes.Buffer
	term := terminal{in: strings.NewReader(""), out: &said, err: &said, env: func(string) string { return "" }}
	if status := run(append([]string{"init"}, args...), term); status != 0 {
		t.Fatalf("init in %s: status %d\n%s", dir, status, said.String())
	}
	if err := os.Remove(mark); err != nil { // and part of the module around it again
		t.Fatal(err)
	}
}
