//go:build unix

package pgtest_test

import (
	"bytes"
	"context"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/qarion/seedbed/internal/testkit"
)

// Many processes come at once, and the cache is empty.
func TestManyProcessesShareOneServer(t *testing.T) {
	box := newEmptySandbox(t)
	box.idle = "3s"
	var all sync.WaitGroup
	for range testkit.Rounds(8, 20) {
		cmd := box.command("TestPass")
		all.Go(func() {
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
	all.Wait()
	if pids := box.postmasters(); len(pids) != 1 {
		t.Errorf("postmasters %v, want one", pids)
	}
	if n := box.templates(); n != 1 {
		t.Errorf("%d templates, want one", n)
	}
}

func TestServerGoesAfterItsIdleTime(t *testing.T) {
	box := newSandbox(t)
	box.pass("TestPass")
	if len(box.postmasters()) != 1 {
		t.Fatal("no server runs right after the test")
	}
	box.gone()
	if pids := box.postmasters(); len(pids) > 0 {
		t.Errorf("postmaster.pid is left behind: %v", pids)
	}
	box.pass("TestPass") // and the next one boots it again
}

// What ends a test badly ends neither the server nor
// the next test.
func TestBadEndings(t *testing.T) {
	box := newSandbox(t)
	box.idle = "5s"
	for _, pattern := range []string{"TestPanic", "TestExit", "TestFail"} {
		box.fail(pattern)
		box.pass("TestPass")
	}
	box.fail("TestHang", "-test.timeout", "1s")
	box.pass("TestPass|TestMany")
}

// A connection that leaks, one that reconnects during the drop, a prepared transaction, a
// FailNow in a parallel subtest.
func TestWhatTestsLeaveOpen(t *testing.T) {
	box := newSandbox(t)
	box.idle = "5s"
	out := box.fail("TestLeak|TestPass")
	leak := regexp.MustCompile(`the test ended with a connection in use, acquired at \S*child_test\.go:\d+: idle .*SELECT 'forgotten'`)
	if !leak.MatchString(out) ||
		strings.Contains(out, "--- FAIL: TestPass") {
		t.Errorf("the leak is not reported:\n%s", out)
	}
	box.pass("TestReconnect|TestAfterReconnect")
	box.pass("TestPrepared|TestMany")
	out = box.fail("TestFailInParallelSubtest")
	if n := strings.Count(out, "its database is kept"); n != 1 {
		t.Errorf("%d databases are kept, want the failed subtest's alone:\n%s", n, out)
	}
}

// Two packages have more parallel tests together than the server has connections, 32: they
// wait for each other, and a test that holds all of them is told so.
func TestMoreTestsThanConnections(t *testing.T) {
	box := newSandbox(t)
	box.idle = "3s"
	var both sync.WaitGroup
	for range 2 {
		cmd := box.command("TestCrowd", "-test.parallel", strconv.Itoa(testkit.Rounds(20, 32)))
		both.Go(func() {
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
	both.Wait()
	out := box.fail("TestGreedy")
	if !strings.Contains(out, "for a free connection: ") || !strings.Contains(out, "of 32 by TestGreedy") {
		t.Errorf("the error does not say who holds the connections:\n%s", out)
	}
}

// lib/pq panics on some of these, pgx obeys others.
func TestEnvironmentMeantForOtherServers(t *testing.T) {
	box := newSandbox(t)
	cmd := box.command("TestPass")
	cmd.Env = append(cmd.Env, "PGHOST=nowhere.invalid", "PGPORT=1", "PGUSER=nobody", "PGDATABASE=none", "PGSERVICE=none", "PGSERVICEFILE=/none",
		"PGHOSTADDR=192.0.2.1", "PGSYSCONFDIR=/none", "PGREQUIRESSL=1", "PGSSLMODE=verify-full", "PGOPTIONS=-c nonsense=1", "LANG=xx_YY.nonsense", "LC_ALL=xx_YY.nonsense", "TZ=Nowhere/None")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// A program that reads the test's output must not wait for the server.
func TestOutputEndsWithTheTest(t *testing.T) {
	box := newSandbox(t)
	box.idle = "3s"
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	bin := box.command("TestPass")
	cmd := exec.CommandContext(ctx, bin.Path, bin.Args[1:]...)
	cmd.Env = bin.Env
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out // pipes: Wait returns when the last writer closes them
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%s", err, &out)
	}
	if len(box.postmasters()) != 1 {
		t.Error("the server did not outlive the test, so this proves nothing")
	}
}
