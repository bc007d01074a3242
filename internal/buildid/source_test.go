package buildid_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// A project is a module with two programs that print what identifies a function of a
// package they share, and one that has captured a variable.
type project struct{ dir string }

const program = `package main

import (
	"fmt"

	"example.com/project/buildid"
	"example.com/project/seeds"
)

func main() {
	shared, err := buildid.Function(seeds.Seed)
	if err != nil {
		panic(err)
	}
	n := NUMBER
	closure, err := buildid.Function(func() int { n++; return n })
	if err != nil {
		panic(err)
	}
	fmt.Println(shared)
	fmt.Println(closure)
}
`

func newProject(t *testing.T) *project {
	t.Helper()
	p := &project{t.TempDir()}
	p.write(t, "go.mod", "module example.com/project\n\ngo 1.24\n")
	p.write(t, "seeds/seed.go", "package seeds\n\nimport \"example.com/project/names\"\n\nfunc Seed() string { return names.First }\n")
	p.write(t, "seeds/testdata/rows.csv", "1,2,3\n")
	p.write(t, "names/names.go", "package names\n\nconst First = \"a\"\n")
	p.write(t, "unrelated/unrelated.go", "package unrelated\n")
	p.write(t, "one/main.go", strings.Replace(program, "NUMBER", "1", 1))
	p.write(t, "two/main.go", strings.Replace(program, "NUMBER", "2", 1))
	for _, name := range []string{"buildid.go", "source.go"} {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		p.write(t, "buildid/"+name, string(text))
	}
	return p
}

func (p *project) write(t *testing.T, name, text string) {
	t.Helper()
	path := filepath.Join(p.dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// build makes both programs.
func (p *project) build(t *testing.T, flags ...string) {
	t.Helper()
	cmd := exec.Command("go", append(append([]string{"build"}, flags...), "-o", "bin/", "./one", "./two")...)
	cmd.Dir, cmd.Env = p.dir, append(os.Environ(), "GOFLAGS=", "GOWORK=off", "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

// ids is what a program prints: of the shared function, and of the closure.
func (p *project) ids(t *testing.T, name string) (shared, closure string) {
	t.Helper()
	cmd := exec.Command(filepath.Join(p.dir, "bin", name))
	cmd.Dir = p.dir
	out, err := cmd.CombinedOutput()
	shared, closure, ok := strings.Cut(strings.TrimSpace(string(out)), "\n")
	if err != nil || !ok {
		t.Fatalf("%s: %v\n%s", name, err, out)
	}
	return shared, closure
}

// Programs that share a function's package get one answer, whatever else they have; a
// closure is its program's.
func TestFunctionOfASharedPackage(t *testing.T) {
	p := newProject(t)
	p.build(t)
	one, oneClosure := p.ids(t, "one")
	two, twoClosure := p.ids(t, "two")
	if one != two {
		t.Errorf("the shared function is %s in one program and %s in the other", one, two)
	}
	if oneClosure == twoClosure {
		t.Errorf("closures of two programs are one: %s", oneClosure)
	}
	if strings.HasPrefix(oneClosure, "example.com") {
		t.Errorf("a closure is told by its sources: %s", oneClosure)
	}
}

// What the function is made of, or may read, changes it; nothing else does.
func TestFunctionWhoseSourcesChange(t *testing.T) {
	p := newProject(t)
	p.build(t)
	before, _ := p.ids(t, "one")
	for _, c := range []struct {
		what, file, text string
		changes          bool
	}{
		{"a package that nothing imports", "unrelated/unrelated.go", "package unrelated\n\nvar X int\n", false},
		{"another program", "two/main.go", strings.Replace(program, "NUMBER", "3", 1), false},
		{"a test of the package", "seeds/seed_test.go", "package seeds\n", false},
		{"the function", "seeds/seed.go", "package seeds\n\nimport \"example.com/project/names\"\n\nfunc Seed() string { return names.First + \"!\" }\n", true},
		{"what it imports", "names/names.go", "package names\n\nconst First = \"b\"\n", true},
		{"a file in its testdata", "seeds/testdata/rows.csv", "1,2,4\n", true},
		{"a file beside it", "seeds/rows.json", "{}\n", true},
		{"the module's versions", "go.mod", "module example.com/project\n\ngo 1.25\n", true},
	} {
		p.write(t, c.file, c.text)
		p.build(t)
		after, _ := p.ids(t, "one")
		if changed := after != before; changed != c.changes {
			t.Errorf("after a change of %s: changed %t, want %t", c.what, changed, c.changes)
		}
		if !strings.HasPrefix(after, "example.com/project/seeds.Seed ") {
			t.Errorf("after a change of %s it is told by %s, not by its sources", c.what, after)
		}
		before = after
	}
}

// A source that is newer than the program may not be what the program was made of: then
// the program's build tells, and so it does where paths are trimmed.
func TestFunctionWhoseSourcesCannotBeTrusted(t *testing.T) {
	p := newProject(t)
	p.build(t)
	before, _ := p.ids(t, "one")
	p.write(t, "names/names.go", "package names\n\nconst First = \"later\"\n")
	if after, _ := p.ids(t, "one"); after == before || strings.HasPrefix(after, "example.com") {
		t.Errorf("the program is older than its sources, and is told by them: %s", after)
	}
	p.build(t, "-trimpath")
	if id, _ := p.ids(t, "one"); strings.HasPrefix(id, "example.com") {
		t.Errorf("paths are trimmed, and the function is told by %s", id)
	}
}
