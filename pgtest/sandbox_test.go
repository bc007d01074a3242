//go:build unix

package pgtest_test

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/qarion/seedbed/internal/testkit"
	"github.com/qarion/seedbed/internal/testpg"
)

func TestMain(m *testing.M) { os.Exit(testkit.Main(m)) }

// A sandbox is a cache directory of its own, with whatever runs in it.
type sandbox struct {
	t     *testing.T
	cache string
	tmp   string
	idle  string
}

// newSandbox is a sandbox in whose cache Postgres is initialised.
func newSandbox(t *testing.T) *sandbox {
	t.Helper()
	skipOrParallel(t)
	return sandboxOn(t, testpg.CacheDir(t))
}

// newEmptySandbox is a sandbox that has nothing in its cache.
func newEmptySandbox(t *testing.T) *sandbox {
	t.Helper()
	skipOrParallel(t)
	return sandboxOn(t, testkit.CacheDir(t))
}

func skipOrParallel(t *testing.T) {
	t.Helper()
	testkit.SkipShort(t, "boots servers of its own, which takes seconds")
	t.Parallel() // much of it is waiting
}

func sandboxOn(t *testing.T, cache string) *sandbox {
	t.Helper()
	box := &sandbox{t: t, cache: cache, tmp: testkit.OpenDir(t), idle: "500ms"}
	if err := os.Chmod(box.tmp, os.ModeSticky|0o777); err != nil { // as /tmp is
		t.Fatal(err)
	}
	t.Cleanup(func() {
		box.gone()
		if left := box.left(); len(left) > 0 {
			t.Errorf("%d files are left in the temporary directory, the first is %s", len(left), left[0].Name())
		}
	})
	return box
}

// left is what lies in the temporary directory when the server, which has gone,
// has had a moment to take its socket's directory with it.
func (box *sandbox) left() (left []os.DirEntry) {
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if left, _ = os.ReadDir(box.tmp); len(left) == 0 {
			return nil
		}
	}
	return left
}

// command is one run of the child's tests that match pattern.
func (box *sandbox) command(pattern string, args ...string) *exec.Cmd {
	box.t.Helper()
	args = append([]string{"-test.run", "^(" + pattern + ")$", "-test.v", fmt.Sprintf("-long=%t", testkit.Long())}, args...)
	cmd := exec.Command(testkit.TestBinary(box.t, "./testdata/child"), args...)
	cmd.Env = append(os.Environ(), "SEEDBED_CACHE="+box.cache, "TMPDIR="+box.tmp, "SEEDBED_IDLE="+box.idle)
	return cmd
}

// pass runs the child's tests that match pattern, and wants them to pass.
func (box *sandbox) pass(pattern string, args ...string) string {
	box.t.Helper()
	out, err := box.command(pattern, args...).CombinedOutput()
	if err != nil {
		box.t.Fatalf("%s: %v\n%s", pattern, err, out)
	}
	return string(out)
}

// fail runs the child's tests that match pattern, and wants them to fail.
func (box *sandbox) fail(pattern string, args ...string) string {
	box.t.Helper()
	out, err := box.command(pattern, args...).CombinedOutput()
	if err == nil {
		box.t.Fatalf("%s passed\n%s", pattern, out)
	}
	return string(out)
}

// postmasters are the process ids of the servers that run in the sandbox.
func (box *sandbox) postmasters() (pids []int) {
	files, _ := filepath.Glob(filepath.Join(box.cache, "servers", "*", "data", "postmaster.pid"))
	for _, file := range files {
		text, err := os.ReadFile(file)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		line, _, _ := strings.Cut(string(text), "\n")
		if pid, err := strconv.Atoi(line); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}

// gone waits until no server runs in the sandbox, as should be soon after the idle
// time.
func (box *sandbox) gone() {
	box.t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for {
		var running []int
		for _, pid := range box.postmasters() {
			if testkit.Alive(pid) {
				running = append(running, pid)
			}
		}
		if len(running) == 0 {
			return
		}
		if time.Now().After(deadline) {
			box.t.Errorf("servers %v outlive their idle time of %s", running, box.idle)
			for _, pid := range running {
				syscall.Kill(pid, syscall.SIGQUIT)
			}
			return
		}
		time.Sleep(20 * time.Millisecond) // another process's end
	}
}

func (box *sandbox) templates() (n int) {
	box.t.Helper()
	conn, err := pgx.Connect(box.t.Context(), box.control())
	if err != nil {
		box.t.Fatal(err)
	}
	defer conn.Close(box.t.Context())
	if err := conn.QueryRow(box.t.Context(), "SELECT count(*) FROM seedbed.template").Scan(&n); err != nil {
		box.t.Fatal(err)
	}
	return n
}

// control is the control database of the server that runs in the sandbox.
func (box *sandbox) control() string {
	box.t.Helper()
	sockets, _ := filepath.Glob(filepath.Join(box.cache, "servers", "*", "s", ".s.PGSQL.*"))
	for _, socket := range sockets {
		// One that was killed leaves its socket.
		if conn, err := net.Dial("unix", socket); err == nil {
			conn.Close()
			return fmt.Sprintf("postgres://postgres@/seedbed?host=%s&port=%s", filepath.Dir(socket), strings.TrimPrefix(filepath.Ext(socket), "."))
		}
	}
	box.t.Fatal("no server runs")
	return ""
}

// nothingUnknown wants each database on the server to be on record, and each that is
// on record to be there.
func (box *sandbox) nothingUnknown() {
	box.t.Helper()
	conn, err := pgx.Connect(box.t.Context(), box.control())
	if err != nil {
		box.t.Fatal(err)
	}
	defer conn.Close(box.t.Context())
	var unknown, lost []string
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) { // the sweep of the last process
		err := conn.QueryRow(box.t.Context(), `SELECT
			(SELECT array_agg(datname::text) FROM pg_database WHERE datname LIKE 'sb\_%' AND datname NOT IN (SELECT name FROM seedbed.clone UNION ALL SELECT name FROM seedbed.template)),
			(SELECT array_agg(name) FROM seedbed.clone WHERE name NOT IN (SELECT datname FROM pg_database) AND holder IN (SELECT holder FROM seedbed.presence))`).Scan(&unknown, &lost)
		if err != nil {
			box.t.Fatal(err)
		}
		if len(unknown)+len(lost) == 0 {
			return
		}
		if time.Now().After(deadline) {
			box.t.Fatalf("databases that are not on record: %v; on record, and not there: %v", unknown, lost)
		}
	}
}

// awaitSpare waits until a process has a database ready that no test has had.
func (box *sandbox) awaitSpare() {
	box.t.Helper()
	conn, err := pgx.Connect(box.t.Context(), box.control())
	if err != nil {
		box.t.Fatal(err)
	}
	defer conn.Close(box.t.Context())
	for n, deadline := 0, time.Now().Add(30*time.Second); n < 2; time.Sleep(5 * time.Millisecond) {
		err := conn.QueryRow(box.t.Context(), "SELECT count(*) FROM seedbed.clone WHERE state = 'held' AND holder IN (SELECT holder FROM seedbed.presence)").Scan(&n)
		if err != nil || time.Now().After(deadline) {
			box.t.Fatalf("%d databases are held: %v", n, err)
		}
	}
}

// killIn kills a process in the middle of a test that has run sql, and returns the
// name of the test's database.
func (box *sandbox) killIn(sql string) string {
	box.t.Helper()
	cmd := box.command("TestChange")
	cmd.Env = append(cmd.Env, "CHILD_SQL="+sql)
	out, err := cmd.StdoutPipe()
	if err != nil {
		box.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		box.t.Fatal(err)
	}
	defer cmd.Wait()
	defer cmd.Process.Kill()
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if _, name, ok := strings.Cut(lines.Text(), "hanging in "); ok {
			box.awaitSpare()
			return name
		}
	}
	box.t.Fatalf("the test that runs %q did not get there", sql)
	return ""
}
