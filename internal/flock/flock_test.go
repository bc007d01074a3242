package flock_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/qarion/seedbed/internal/flock"
)

// TestMain lets the test binary be the other process of a test.
func TestMain(m *testing.M) {
	if path := os.Getenv("FLOCK_TEST_HOLD"); path != "" {
		if _, err := flock.Lock(context.Background(), path); err != nil {
			panic(err)
		}
		os.Stdout.WriteString("held\n")
		select {}
	}
	os.Exit(m.Run())
}

func TestOneHolderAtATime(t *testing.T) {
	path := filepath.Join(t.TempDir(), "deep", "er", "x.lock")
	var inside atomic.Int32
	done := make(chan error)
	for range 8 {
		go func() {
			unlock, err := flock.Lock(t.Context(), path)
			if err == nil {
				if inside.Add(1) != 1 {
					err = errors.New("two holders")
				}
				inside.Add(-1)
				unlock()
				unlock()
			}
			done <- err
		}()
	}
	for range 8 {
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("lock file: %v, %v; want mode 0600", info, err)
	}
}

func TestWaitEndsWithContext(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.lock")
	unlock, err := flock.Lock(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := flock.Try(path); !errors.Is(err, flock.ErrHeld) {
		t.Fatalf("Try on a held lock: %v, want ErrHeld", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	waited := make(chan error)
	go func() { _, err := flock.Lock(ctx, path); waited <- err }()
	cancel()
	if err := <-waited; !errors.Is(err, context.Canceled) {
		t.Fatalf("cancelled wait: %v", err)
	}
	unlock()
	// The abandoned waiter must not keep what it was handed.
	again, err := flock.Lock(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	again()
}

// The kernel releases what a SIGKILLed process held.
func TestKilledHolderReleases(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.lock")
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "FLOCK_TEST_HOLD="+path)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := out.Read(make([]byte, 5)); err != nil {
		t.Fatal(err)
	}
	if _, err := flock.Try(path); !errors.Is(err, flock.ErrHeld) {
		t.Fatalf("while the child holds it: %v, want ErrHeld", err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	unlock, err := flock.Lock(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	unlock()
}

// A person who tidies a cache may remove a lock file that a process waits for.
func TestReplacedFileIsLockedAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.lock")
	first, err := flock.Lock(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(path); err != nil {
		t.Skipf("an open file cannot be removed here: %v", err)
	}
	second, err := flock.Lock(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	first()
	if _, err := flock.Try(path); !errors.Is(err, flock.ErrHeld) {
		t.Fatalf("the new file's lock: %v, want ErrHeld", err)
	}
	second()
}

// A lock file that is another user's is one clear error.
func TestForeignFileIsAClearError(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root may open every file")
	}
	path := filepath.Join(t.TempDir(), "x.lock")
	if err := os.WriteFile(path, nil, 0); err != nil {
		t.Fatal(err)
	}
	_, err := flock.Lock(t.Context(), path)
	if err == nil || !strings.Contains(err.Error(), "SEEDBED_CACHE") {
		t.Fatalf("got %v, want an error with the way out", err)
	}
}
