package server_test

import (
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/qarion/seedbed/internal/server"
	"github.com/qarion/seedbed/internal/testkit"
)

// childCache is the variable that makes a test process one that acquires a server in
// the cache it names, to be killed in the middle of it.
const childCache = "SEEDBED_TEST_CHILD_CACHE"

func child(cache string) server.Config {
	return server.Config{Cache: cache, Idle: time.Second, Base: role("killed")}
}

// TestChild runs in a process of its own.
func TestChild(t *testing.T) {
	cache := os.Getenv(childCache)
	if cache == "" {
		t.Skip("it is a part of TestKilledBootLeavesNothing")
	}
	acquire(t, child(cache))
}

// SIGKILL at any instant of a boot leaves no server that outlives the idle time, and
// the next process has one as new.
func TestKilledBootLeavesNothing(t *testing.T) {
	cache := testkit.CacheDir(t)
	start := func() *exec.Cmd {
		cmd := exec.Command(os.Args[0], "-test.run=^TestChild$")
		cmd.Env = append(os.Environ(), childCache+"="+cache)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		return cmd
	}
	if err := start().Wait(); err != nil { // the image is made
		t.Fatal(err)
	}
	gone(t, cache)
	began := time.Now()
	if err := start().Wait(); err != nil {
		t.Fatal(err)
	}
	whole := time.Since(began)
	rounds := testkit.Rounds(8, 200)
	for i := range rounds {
		gone(t, cache)
		cmd := start()
		if i%2 == 0 {
			time.Sleep(whole * time.Duration(i) / time.Duration(rounds)) // the instants are what is tried
		} else {
			serverRuns(t, cache)
			time.Sleep(time.Duration(i%16) * 5 * time.Millisecond)
		}
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}
	gone(t, cache)
	acquire(t, child(cache))
}

// serverRuns waits until there is a postmaster, which is before it is ready.
func serverRuns(t *testing.T, cache string) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); len(testkit.Servers(cache)) == 0; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("no server was started")
		}
	}
}
