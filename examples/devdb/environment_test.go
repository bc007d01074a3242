package main

import (
	"bytes"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

// The life of the environment, as a developer has it: started, used, changed, stopped,
// started again with the change in it, reset.
func TestEnvironment(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("the Makefile wants make and a POSIX shell")
	}
	e := newEnvironment(t)
	e.make(t, "up")
	url := e.url(t)
	lists(t, url, open)

	change(t, url, "UPDATE tasks SET done = true WHERE title = 'Olives'")
	e.make(t, "down")
	if conn, err := pgx.Connect(t.Context(), url); err == nil {
		conn.Close(t.Context())
		t.Error("the server still runs")
	}
	if got := e.make(t, "run"); !strings.HasSuffix(got, "\nMoving: Forty boxes\n") || strings.Contains(got, "Olives\n") {
		t.Errorf("what was changed is changed back:\n%s", got)
	}

	e.make(t, "reset")
	lists(t, e.url(t), open)
}

// An environment has a cache of its own, or it would be the developer's.
type environment []string

func newEnvironment(t *testing.T) environment {
	t.Helper()
	cache, err := os.MkdirTemp("", "devdb")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(cache, 0o755); err != nil { // as root, Postgres runs as another user
		t.Fatal(err)
	}
	e := environment(append(os.Environ(), "SEEDBED_CACHE="+cache))
	t.Cleanup(func() {
		e.make(t, "down")
		if err := os.RemoveAll(cache); err != nil {
			t.Error(err)
		}
	})
	return e
}

// make returns what a target writes to stdout.
func (e environment) make(t *testing.T, target string) string {
	t.Helper()
	return e.run(t, "make", "--no-print-directory", target)
}

func (e environment) url(t *testing.T) string {
	t.Helper()
	return strings.TrimSpace(e.run(t, "go", "tool", "seedbed", "dev", "url"))
}

func (e environment) run(t *testing.T, name string, args ...string) string {
	t.Helper()
	var out, messages bytes.Buffer
	cmd := exec.Command(name, args...) // not the test's context: it is over when the clean-up stops the server
	cmd.Env, cmd.Stdout, cmd.Stderr = e, &out, &messages
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s: %v\n%s%s", cmd, err, &out, &messages)
	}
	return out.String()
}

// lists runs the app and compares what it writes.
func lists(t *testing.T, url, want string) {
	t.Helper()
	var out strings.Builder
	if err := run(t.Context(), url, &out); err != nil || out.String() != want {
		t.Errorf("got %q, %v; want %q", out.String(), err, want)
	}
}

func change(t *testing.T, url, sql string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if _, err := conn.Exec(t.Context(), sql); err != nil {
		t.Fatal(err)
	}
}
