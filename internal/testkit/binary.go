package testkit

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"testing"
)

// binaries are what this process has built, below one directory.
var binaries struct {
	mu    sync.Mutex
	dir   string
	built map[string]func() (string, error) // by package
}

// TestBinary builds the tests of a package, once in this process, and returns the
// program. Main removes it.
func TestBinary(t testing.TB, pkg string) string {
	t.Helper()
	binaries.mu.Lock()
	if binaries.built == nil {
		binaries.built = map[string]func() (string, error){}
	}
	once := binaries.built[pkg]
	if once == nil {
		once = sync.OnceValues(func() (string, error) { return compile(pkg) })
		binaries.built[pkg] = once
	}
	binaries.mu.Unlock()
	path, err := once()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// Command is one run of the tests of a package, in its directory, that have the name.
func Command(t testing.TB, pkg, name string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), TestBinary(t, pkg), append([]string{"-test.v", "-test.run", "^" + name + "$"}, args...)...)
	cmd.Dir = pkg
	return cmd
}

func compile(pkg string) (string, error) {
	dir, err := binaryDir()
	if err != nil {
		return "", err
	}
	sub, err := os.MkdirTemp(dir, "")
	if err != nil {
		return "", err
	}
	path := filepath.Join(sub, filepath.Base(pkg)+".exe")
	// Without what debuggers read, linking takes a third less.
	out, err := exec.Command("go", "test", "-c", "-ldflags=-s -w", "-o", path, pkg).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build %s: %w\n%s", pkg, err, out)
	}
	return path, nil
}

func binaryDir() (string, error) {
	binaries.mu.Lock()
	defer binaries.mu.Unlock()
	if binaries.dir == "" {
		dir, err := os.MkdirTemp("", "seedbed-built-")
		if err != nil {
			return "", err
		}
		binaries.dir = dir
	}
	return binaries.dir, nil
}

// Main runs a package's tests and removes what they have built. A package that calls
// TestBinary has it as its TestMain:
//
//	func TestMain(m *testing.M) { os.Exit(testkit.Main(m)) }
//
// Unless -parallel says otherwise, four tests for each processor run at a time: the
// tests of such a package wait for other processes most of their time.
func Main(m *testing.M) int {
	flag.Parse()
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "test.parallel" })
	if !given {
		_ = flag.Set("test.parallel", strconv.Itoa(4*runtime.GOMAXPROCS(0)))
	}
	defer func() {
		binaries.mu.Lock()
		defer binaries.mu.Unlock()
		if binaries.dir != "" {
			_ = os.RemoveAll(binaries.dir)
		}
	}()
	return m.Run()
}
