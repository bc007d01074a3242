//go:build unix

package pgtest_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/qarion/seedbed/internal/testkit"
	"github.com/qarion/seedbed/internal/testpg"
)

func TestMain(m *testing.M) { os.Exit(testkit.Main(m)) }

// A house is a cache directory of its own, with whatever runs in it.
type house struct {
	t     *testing.T
	cache string
	tmp   string
	idle  string
}

// newHouse is a house in whose cache Postgres is initialised.
func newHouse(t *testing.T) *house {
	t.Helper()
	prepareHouse(t)
	return houseOn(t, testpg.CacheDir(t))
}

// newEmptyHouse is a house that has nothing in its cache.
func newEmptyHouse(t *testing.T) *house {
	t.Helper()
	prepareHouse(t)
	return houseOn(t, testkit.CacheDir(t))
}

func prepareHouse(t *testing.T) {
	t.Helper()
	testkit.SkipShort(t, "boots servers of its own, which takes seconds")
	t.Parallel() // much of it is waiting
}

func houseOn(t *testing.T, cache string) *house {
	t.Helper()
	h := &house{t: t, cache: cache, tmp: testkit.OpenDir(t), idle: "500ms"}
	if err := os.Chmod(h.tmp, os.ModeSticky|0o777); err != nil { // as /tmp is
		t.Fatal(err)
	}
	t.Cleanup(func() {
		h.gone()
		if left := h.left(); len(left) > 0 {
			t.Errorf("%d files are left in the temporary directory, the first is %s", len(left), left[0].Name())
		}
	})
	return h
}

// left is what lies in the temporary directory when the server, which has gone,
// has had a moment to take its socket's directory with it.
func (h *house) left() (left []os.DirEntry) {
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if left, _ = os.ReadDir(h.tmp); len(left) == 0 {
			return nil
		}
	}
	return left
}

// command is one run of the child's tests that match pattern.
func (h *house) command(pattern string, args ...string) *exec.Cmd {
	h.t.Helper()
	cmd := exec.Command(testkit.TestBinary(h.t, "./testdata/child"), append([]string{"-test.run", "^(" + pattern + ")$", "-test.v"}, args...)...)
	cmd.Env = append(os.Environ(), "SEEDBED_CACHE="+h.cache, "TMPDIR="+h.tmp, "SEEDBED_IDLE="+h.idle)
	return cmd
}

// pass runs the child's tests that match pattern, and wants them to pass.
func (h *house) pass(pattern string, args ...string) string {
	h.t.Helper()
	out, err := h.command(pattern, args...).CombinedOutput()
	if err != nil {
		h.t.Fatalf("%s: %v\n%s", pattern, err, out)
	}
	return string(out)
}

// fail runs the child's tests that match pattern, and wants them to fail.
func (h *house) fail(pattern string, args ...string) string {
	h.t.Helper()
	out, err := h.command(pattern, args...).CombinedOutput()
	if err == nil {
		h.t.Fatalf("%s passed\n%s", pattern, out)
	}
	return string(out)
}

// postmasters are the process ids of the servers that run in the house.
func (h *house) postmasters() (pids []int) {
	files, _ := filepath.Glob(filepath.Join(h.cache, "servers", "*", "data", "postmaster.pid"))
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

// gone waits until no server runs in the house, as should be soon after the idle
// time.
func (h *house) gone() {
	h.t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for {
		var running []int
		for _, pid := range h.postmasters() {
			if testkit.Alive(pid) {
				running = append(running, pid)
			}
		}
		if len(running) == 0 {
			return
		}
		if time.Now().After(deadline) {
			h.t.Errorf("servers %v outlive their idle time of %s", running, h.idle)
			for _, pid := range running {
				syscall.Kill(pid, syscall.SIGQUIT)
			}
			return
		}
		time.Sleep(20 * time.Millisecond) // another process's end
	}
}

// Failure modes 1 and 24: everybody comes at once, and the cache is empty.
func TestTwentyProcessesShareOneServer(t *testing.T) {
	h := newEmptyHouse(t)
	h.idle = "3s"
	var all sync.WaitGroup
	for range 20 {
		cmd := h.command("TestPass")
		all.Go(func() {
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
	all.Wait()
	if pids := h.postmasters(); len(pids) != 1 {
		t.Errorf("postmasters %v, want one", pids)
	}
	if n := h.templates(); n != 2 { // the empty one and the migrated one
		t.Errorf("%d templates, want 2", n)
	}
}

func (h *house) templates() (n int) {
	h.t.Helper()
	conn, err := pgx.Connect(h.t.Context(), h.control())
	if err != nil {
		h.t.Fatal(err)
	}
	defer conn.Close(h.t.Context())
	if err := conn.QueryRow(h.t.Context(), "SELECT count(*) FROM seedbed.template").Scan(&n); err != nil {
		h.t.Fatal(err)
	}
	return n
}

// control is the control database of the server that runs in the house.
func (h *house) control() string {
	h.t.Helper()
	sockets, _ := filepath.Glob(filepath.Join(h.cache, "servers", "*", "s", ".s.PGSQL.*"))
	for _, socket := range sockets {
		// One that was killed leaves its socket.
		if conn, err := net.Dial("unix", socket); err == nil {
			conn.Close()
			return fmt.Sprintf("postgres://postgres@/seedbed?host=%s&port=%s", filepath.Dir(socket), strings.TrimPrefix(filepath.Ext(socket), "."))
		}
	}
	h.t.Fatal("no server runs")
	return ""
}

// Failure modes 16, 25 and 27: a client dies at any instant, among them the one
// that initialises, the one that boots and the one that builds the template.
func TestKilledAtAnyInstant(t *testing.T) {
	h := newEmptyHouse(t)
	for round := range testkit.Rounds(2, 60) {
		if round%5 == 0 { // every fifth begins from nothing
			h.gone()
			os.RemoveAll(filepath.Join(h.cache, "servers"))
			if round%10 == 0 {
				os.RemoveAll(filepath.Join(h.cache, "images"))
			}
		}
		cmd := h.command("TestHang")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(rand.IntN(1200)) * time.Millisecond) // the instant
		cmd.Process.Kill()
		cmd.Wait()
		h.pass("TestPass")
	}
}

// A process that is killed has told nobody what its tests did to their databases.
// The next one finds out by itself, and takes over those that can be mended.
func TestKilledTestsDatabases(t *testing.T) {
	h := newHouse(t)
	h.idle = "5s"
	for _, c := range []struct{ name, sql string }{
		{"nothing", ""},
		{"rows", "INSERT INTO things (name) VALUES ('a'), ('b')"},
		{"a sequence", "SELECT nextval('things_id_seq')"},
		{"rolled back", "BEGIN; INSERT INTO things (name) VALUES ('a'); ROLLBACK"},
		{"in a transaction", "BEGIN; INSERT INTO things (name) VALUES ('a'); LOCK things"},
		{"a table", "CREATE TABLE more (id int)"},
		{"a setting", "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET work_mem = ''5MB''', current_database()); END $$"},
		{"truncated", "INSERT INTO things (name) VALUES ('a'); TRUNCATE things"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h.t = t
			name := h.killIn(c.sql)
			out := h.pass("TestClean", "-test.parallel", "8")
			given := strings.Contains(out, "given "+name+"\n")
			if c.name == "nothing" && !given {
				t.Errorf("nobody took %s over, in which nothing has changed:\n%s", name, out)
			}
			if (c.name == "a table" || c.name == "a setting") && given {
				t.Errorf("%s, which has more than other rows, was handed out", name)
			}
		})
	}
	h.t = t
}

// When the server begins anew, everybody's locks are gone with their sessions: a
// process that goes on would have its databases taken for those of a dead one.
func TestServerThatCrashesUnderTests(t *testing.T) {
	h := newHouse(t)
	h.idle = "5s"
	out := h.fail("TestCrash")
	if !strings.Contains(out, "the server was restarted") {
		t.Errorf("the output does not say what happened:\n%s", out)
	}
	if strings.Contains(out, "in a database that should be new") {
		t.Errorf("a test was given another's database:\n%s", out)
	}
	h.pass("TestMany")
}

// A process or the server is killed while databases are dropped and cloned: the next
// process has databases that are whole, and in the end each one is on record.
func TestKilledWhileReplacing(t *testing.T) {
	h := newHouse(t)
	h.idle = "5s"
	for round := range testkit.Rounds(2, 30) {
		cmd := h.command("TestReplace")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(200+rand.IntN(1200)) * time.Millisecond) // the instant
		if round%2 == 1 {
			for _, pid := range h.postmasters() {
				syscall.Kill(pid, syscall.SIGKILL)
			}
		} else {
			cmd.Process.Kill()
		}
		cmd.Wait()
		h.pass("TestReplace|TestMany")
	}
	h.pass("TestPass") // another sweep: the last process may have begun before the killed one was gone
	h.nothingUnknown()
}

// nothingUnknown wants each database on the server to be on record, and each that is
// on record to be there.
func (h *house) nothingUnknown() {
	h.t.Helper()
	conn, err := pgx.Connect(h.t.Context(), h.control())
	if err != nil {
		h.t.Fatal(err)
	}
	defer conn.Close(h.t.Context())
	var unknown, lost []string
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) { // the sweep of the last process
		err := conn.QueryRow(h.t.Context(), `SELECT
			(SELECT array_agg(datname::text) FROM pg_database WHERE datname LIKE 'sb\_%' AND datname NOT IN (SELECT name FROM seedbed.clone UNION ALL SELECT name FROM seedbed.template)),
			(SELECT array_agg(name) FROM seedbed.clone WHERE name NOT IN (SELECT datname FROM pg_database) AND holder IN (SELECT holder FROM seedbed.presence))`).Scan(&unknown, &lost)
		if err != nil {
			h.t.Fatal(err)
		}
		if len(unknown)+len(lost) == 0 {
			return
		}
		if time.Now().After(deadline) {
			h.t.Fatalf("databases that are not on record: %v; on record, and not there: %v", unknown, lost)
		}
	}
}

// awaitSpare waits until a process has a database ready that no test has had.
func (h *house) awaitSpare() {
	h.t.Helper()
	conn, err := pgx.Connect(h.t.Context(), h.control())
	if err != nil {
		h.t.Fatal(err)
	}
	defer conn.Close(h.t.Context())
	for n, deadline := 0, time.Now().Add(30*time.Second); n < 2; time.Sleep(5 * time.Millisecond) {
		err := conn.QueryRow(h.t.Context(), "SELECT count(*) FROM seedbed.clone WHERE state = 'held' AND holder IN (SELECT holder FROM seedbed.presence)").Scan(&n)
		if err != nil || time.Now().After(deadline) {
			h.t.Fatalf("%d databases are held: %v", n, err)
		}
	}
}

// A template that has to be built anew has the same name, and other object
// identifiers: what is counted in a clone of the one before says nothing.
func TestRebuiltTemplate(t *testing.T) {
	for name, spoil := range map[string]string{
		"without a record": "DELETE FROM seedbed.template",
		"not whole":        "SELECT format('ALTER DATABASE %I WITH ALLOW_CONNECTIONS true', name) FROM seedbed.template",
	} {
		t.Run(name, func(t *testing.T) { rebuilt(t, spoil) })
	}
}

// rebuilt runs what spoils the templates, or the statements that it returns, and
// wants clean databases afterwards.
func rebuilt(t *testing.T, spoil string) {
	h := newHouse(t)
	h.idle = "5s"
	h.killIn("")
	h.pass("TestClean", "-test.parallel", "8") // so that the template's layout is on record
	h.killIn("")
	conn, err := pgx.Connect(t.Context(), h.control())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	var old []string
	if err := conn.QueryRow(t.Context(), "SELECT array_agg(name) FROM seedbed.clone WHERE state = 'held'").Scan(&old); err != nil {
		t.Fatal(err)
	}
	rows, _ := conn.Query(t.Context(), spoil)
	statements, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	for _, sql := range statements {
		if _, err := conn.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	for _, parallel := range []string{"1", "8"} {
		out := h.pass("TestClean", "-test.parallel", parallel)
		for _, name := range old {
			if strings.Contains(out, "given "+name+"\n") {
				t.Errorf("%s, a clone of the template before, was handed out", name)
			}
		}
	}
}

// killIn kills a process in the middle of a test that has run sql, and returns the
// name of the test's database.
func (h *house) killIn(sql string) string {
	h.t.Helper()
	cmd := h.command("TestChange")
	cmd.Env = append(cmd.Env, "CHILD_SQL="+sql)
	out, err := cmd.StdoutPipe()
	if err != nil {
		h.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		h.t.Fatal(err)
	}
	defer cmd.Wait()
	defer cmd.Process.Kill()
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if _, name, ok := strings.Cut(lines.Text(), "hanging in "); ok {
			h.awaitSpare()
			return name
		}
	}
	h.t.Fatalf("the test that runs %q did not get there", sql)
	return ""
}

// Failure mode 16: the server dies at any instant.
func TestPostmasterKilled(t *testing.T) {
	h := newHouse(t)
	for range testkit.Rounds(1, 30) {
		h.pass("TestPass")
		for _, pid := range h.postmasters() {
			syscall.Kill(pid, syscall.SIGKILL)
		}
		h.pass("TestMany")
	}
}

func TestServerGoesAfterItsIdleTime(t *testing.T) {
	h := newHouse(t)
	h.pass("TestPass")
	if len(h.postmasters()) != 1 {
		t.Fatal("no server runs right after the test")
	}
	h.gone()
	if pids := h.postmasters(); len(pids) > 0 {
		t.Errorf("postmaster.pid is left behind: %v", pids)
	}
	h.pass("TestPass") // and the next one boots it again
}

// Failure modes 19, 20 and 45: what ends a test badly ends neither the server nor
// the next test.
func TestBadEndings(t *testing.T) {
	h := newHouse(t)
	h.idle = "5s"
	for _, pattern := range []string{"TestPanic", "TestExit", "TestFail"} {
		h.fail(pattern)
		h.pass("TestPass")
	}
	h.fail("TestHang", "-test.timeout", "1s")
	h.pass("TestPass|TestMany")
}

// Failure modes 37, 38 and 42.
func TestWhatTestsLeaveOpen(t *testing.T) {
	h := newHouse(t)
	h.idle = "5s"
	out := h.pass("TestLeak|TestPass")
	if !strings.Contains(out, "the test ended with a connection in use") || !strings.Contains(out, "SELECT 'forgotten'") {
		t.Errorf("the leak is not reported:\n%s", out)
	}
	h.pass("TestReconnect|TestAfterReconnect")
	h.pass("TestPrepared|TestMany")
	out = h.fail("TestFailInParallelSubtest")
	if n := strings.Count(out, "its database is kept"); n != 1 {
		t.Errorf("%d databases are kept, want the failed subtest's alone:\n%s", n, out)
	}
}

// Failure mode 40: two packages of 32 parallel tests on a server with room for 32
// connections wait for each other; one that holds all of them is told so.
func TestMoreTestsThanConnections(t *testing.T) {
	h := newHouse(t)
	h.idle = "3s"
	var both sync.WaitGroup
	for range 2 {
		cmd := h.command("TestCrowd", "-test.parallel", "32")
		both.Go(func() {
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
	both.Wait()
	out := h.fail("TestGreedy")
	if !strings.Contains(out, "for a free connection: ") || !strings.Contains(out, "of 32 by TestGreedy") {
		t.Errorf("the error does not say who holds the connections:\n%s", out)
	}
}

// Failure mode 13: lib/pq panics on some of these, pgx obeys others.
func TestEnvironmentMeantForOtherServers(t *testing.T) {
	h := newHouse(t)
	cmd := h.command("TestPass")
	cmd.Env = append(cmd.Env, "PGHOST=nowhere.invalid", "PGPORT=1", "PGUSER=nobody", "PGDATABASE=none", "PGSERVICE=none", "PGSERVICEFILE=/none",
		"PGHOSTADDR=192.0.2.1", "PGSYSCONFDIR=/none", "PGREQUIRESSL=1", "PGSSLMODE=verify-full", "PGOPTIONS=-c nonsense=1", "LANG=xx_YY.nonsense", "LC_ALL=xx_YY.nonsense", "TZ=Nowhere/None")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// Failure mode 21: whoever reads the test's output must not wait for the server.
func TestOutputEndsWithTheTest(t *testing.T) {
	h := newHouse(t)
	h.idle = "10s"
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	bin := h.command("TestPass")
	cmd := exec.CommandContext(ctx, bin.Path, bin.Args[1:]...)
	cmd.Env = bin.Env
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out // pipes: Wait returns when the last writer closes them
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%s", err, &out)
	}
	if len(h.postmasters()) != 1 {
		t.Error("the server did not outlive the test, so this proves nothing")
	}
}
