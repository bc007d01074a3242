//go:build unix

package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/qarion/seedbed/internal/flock"
	"github.com/qarion/seedbed/internal/postgres"
	"github.com/qarion/seedbed/internal/testkit"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv("POSTGRES_TEST_START"); dir != "" {
		if err := startAndWait(dir); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	if mirror := os.Getenv("POSTGRES_TEST_FIND"); mirror != "" {
		os.Exit(findAndSay(mirror))
	}
	os.Exit(testkit.Main(m))
}

// findAndSay is one of several processes that look for the same Postgres.
func findAndSay(mirror string) int {
	cache, err := postgres.OpenCache("")
	if err == nil {
		var inst *postgres.Installation
		if inst, err = postgres.Find(context.Background(), postgres.Request{Cache: cache, Version: "18.3", Mirror: mirror}); err == nil {
			fmt.Println(inst.Version, inst.Source)
			return 0
		}
	}
	fmt.Println(err)
	return 1
}

// startAndWait is a process that starts a server and is killed before it can
// release it.
func startAndWait(dir string) error {
	ctx := context.Background()
	cache, err := postgres.OpenCache("")
	if err != nil {
		return err
	}
	lock, err := flock.LockFile(ctx, filepath.Join(dir, "lock"))
	if err != nil {
		return err
	}
	h := &home{cache: cache, dir: dir}
	if h.inst, err = postgres.Find(ctx, postgres.Request{Cache: cache}); err != nil {
		return err
	}
	if _, err := os.Stat(h.data()); err != nil {
		if _, err := h.inst.CreateData(ctx, h.data(), postgres.DataOptions{Cache: cache, Key: os.Getenv("POSTGRES_TEST_KEY")}); err != nil {
			return err
		}
	}
	o := h.options()
	o.Lock = lock
	p, err := postgres.Start(ctx, o)
	if err != nil {
		return err
	}
	if os.Getenv("POSTGRES_TEST_RELEASE") != "" {
		fmt.Println("released")
		return p.Release()
	}
	fmt.Println("ready")
	select {}
}

func child(dir string, env ...string) *exec.Cmd {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), append(env, "POSTGRES_TEST_START="+dir)...)
	return cmd
}

// Killed at any instant of a start, a process leaves
// no server, and no other process gets its lock before that server has gone.
func TestKilledWhileStarting(t *testing.T) {
	h := newHome(t, sharedCache(t), postgres.DataOptions{})
	for n := range testkit.Rounds(10, 200) {
		cmd := child(h.dir)
		do(t, cmd.Start())
		time.Sleep(time.Duration(rand.IntN(120)) * time.Millisecond)
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		unlock, err := flock.Lock(ctx, filepath.Join(h.dir, "lock"))
		cancel()
		if err != nil {
			t.Fatalf("round %d: the lock is never free: %v", n, err)
		}
		if p, err := postgres.Running(h.data()); p != nil || err != nil {
			t.Fatalf("round %d: %+v still runs, %v", n, p, err)
		}
		unlock()
	}
	if got := h.ask(t, h.start(t, nil), "SELECT 'x'"); got != "x" {
		t.Errorf("afterwards: %s", got)
	}
}

// The same while the image is made, which embedded-postgres boots.
func TestKilledWhileMakingAnImage(t *testing.T) {
	cache := newCache(t)
	installed(t, cache) // fetching, where that takes it, is killed in another test
	dir := testkit.OpenDir(t)
	for n := range testkit.Rounds(3, 60) {
		cmd := child(dir, "SEEDBED_CACHE="+cache.Dir, fmt.Sprint("POSTGRES_TEST_KEY=", n))
		do(t, cmd.Start())
		time.Sleep(time.Duration(300+rand.IntN(1500)) * time.Millisecond)
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		do(t, os.RemoveAll(filepath.Join(dir, "data")))
	}
	until(t, "the servers of killed processes to end", func() bool { return len(testkit.Servers(cache.Dir)) == 0 })
	h := newHome(t, cache, postgres.DataOptions{Key: "last"})
	if got := h.ask(t, h.start(t, nil), "SELECT 'x'"); got != "x" {
		t.Errorf("afterwards: %s", got)
	}
	// An initdb that outlived its process may have written while its directory was
	// removed: the next image removes the rest.
	if left := leftovers(t, cache); len(left) > 0 {
		newHome(t, cache, postgres.DataOptions{Key: "after the last"})
	}
	if left := leftovers(t, cache); len(left) > 0 {
		t.Errorf("left %v", left)
	}
}

// A server that was released outlives the process, which holds
// neither its output nor its lock for it.
func TestReleasedServerStays(t *testing.T) {
	h := newHome(t, sharedCache(t), postgres.DataOptions{})
	out, err := child(h.dir, "POSTGRES_TEST_RELEASE=1").CombinedOutput() // waits for the end of the output
	if err != nil || string(out) != "released\n" {
		t.Fatalf("%v: %s", err, out)
	}
	unlock, err := flock.Try(filepath.Join(h.dir, "lock"))
	if err != nil {
		t.Fatal(err)
	}
	unlock()
	running, err := postgres.Running(h.data())
	if running == nil || err != nil {
		t.Fatalf("it has gone: %v", err)
	}
	if got := h.ask(t, &postgres.Process{Port: running.Port}, "SELECT 'x'"); got != "x" {
		t.Errorf("it answers %s", got)
	}
	if _, err := postgres.Start(t.Context(), h.options()); !errors.Is(err, postgres.ErrRunning) {
		t.Errorf("a second one: %v", err)
	}
	for range 2 { // of what does not run, it is nothing
		do(t, postgres.Stop(t.Context(), postgres.StopOptions{User: h.cache.User, Data: h.data()}))
	}
	if running, err := postgres.Running(h.data()); running != nil || err != nil {
		t.Errorf("stopped, and %+v, %v", running, err)
	}
}

// until waits for what happens in another process and cannot be waited for.
func until(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}
