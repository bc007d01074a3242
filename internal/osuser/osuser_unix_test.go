//go:build unix

package osuser

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

func none(string) string { return "" }

func named(s string) func(string) string {
	return func(key string) string {
		if key == Variable {
			return s
		}
		return ""
	}
}

func needRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root drops")
	}
}

// Failure mode 8: an ordinary user notices nothing of all this.
func TestOrdinaryUserDropsNothing(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("this process is root")
	}
	u, err := Choose(named("no-such-user"))
	if u != nil || err != nil {
		t.Fatalf("Choose: %v, %v; want nil, nil", u, err)
	}
	if got, err := u.Command(); len(got) != 0 || err != nil {
		t.Fatalf("Command of nil: %q, %v", got, err)
	}
	if err := errors.Join(u.CanReach("/"), u.Chown("/")); err != nil {
		t.Fatal(err)
	}
}

// Failure mode 8: a uid without a passwd entry, with and without a group.
func TestNumbersWithoutNames(t *testing.T) {
	needRoot(t)
	for in, want := range map[string]*User{
		"48151":      {UID: 48151, GID: 48151},
		"48151:2342": {UID: 48151, GID: 2342},
	} {
		u, err := Choose(named(in))
		if err != nil {
			t.Errorf("%s: %v", in, err)
			continue
		}
		if u.UID != want.UID || u.GID != want.GID || u.Name != "" {
			t.Errorf("%s: got %+v", in, u)
		}
		prefix, err := u.Command()
		if err != nil {
			t.Fatal(err)
		}
		if got := run(t, append(prefix, "id", "-u")); got != "48151" {
			t.Errorf("%s: the command ran as %s", in, got)
		}
	}
}

// Every way that works here hands arguments over untouched.
func TestEveryWayKeepsArguments(t *testing.T) {
	needRoot(t)
	u, err := Choose(none)
	if err != nil {
		t.Fatal(err)
	}
	worked := 0
	for _, w := range ways(u) {
		path, err := exec.LookPath(w.command)
		if err != nil {
			continue
		}
		prefix := append([]string{path}, w.args...)
		if err := try(prefix, u.UID); err != nil {
			t.Logf("%s does not work here: %v", w.command, err)
			continue
		}
		worked++
		odd := `a "b" $HOME \ 'c' --x=*`
		if got := run(t, append(prefix, "printf", "%s|", odd, "-D", "")); got != odd+"|-D||" {
			t.Errorf("%s: arguments arrived as %s", w.command, got)
		}
	}
	if worked == 0 {
		t.Fatal("no way down works here, although Choose found one")
	}
}

func run(t *testing.T, argv []string) string {
	t.Helper()
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Dir = "/"
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%q: %v", argv, err)
	}
	return strings.TrimSpace(string(out))
}

func TestUnusableNames(t *testing.T) {
	for in, want := range map[string]string{
		"no-such-user": "no such user",
		"root":         "is root",
		"0":            "is root",
		"-5":           "no such user",
		"1:nogroup-x":  "no such user",
	} {
		_, err := parse(in)
		var none *NoUserError
		if !errors.As(err, &none) || !strings.Contains(err.Error(), want) {
			t.Errorf("parse %q: %v, want %q", in, err, want)
		}
	}
}

// Failure mode 8: root without any command that drops is told what was tried.
func TestNoWayDownSaysWhatWasTried(t *testing.T) {
	needRoot(t)
	t.Setenv("PATH", t.TempDir())
	u, err := Choose(none)
	if err != nil {
		t.Fatal(err)
	}
	_, err = u.Command()
	var noWay *NoWayError
	if !errors.As(err, &noWay) {
		t.Fatalf("got %v, want a NoWayError", err)
	}
	for _, want := range []string{"setpriv: not installed", "su: not installed", "install util-linux"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%v\nlacks %q", err, want)
		}
	}
}

// A command that exits well without having dropped is not believed: busybox's
// setpriv and many wrappers accept options that they ignore.
func TestPretendedDropIsNoticed(t *testing.T) {
	needRoot(t)
	dir := t.TempDir()
	fake := "#!/bin/sh\nwhile [ \"$1\" != -- ]; do shift; done; shift; exec \"$@\"\n"
	if err := os.WriteFile(filepath.Join(dir, "setpriv"), []byte(fake), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	u, err := Choose(none)
	if err != nil {
		t.Fatal(err)
	}
	prefix, err := u.Command()
	if err != nil {
		t.Skipf("no other way here: %v", err)
	}
	if prefix[0] == filepath.Join(dir, "setpriv") {
		t.Fatal("chose a setpriv that stays root")
	}
}

func TestBlockedDirectoryIsNamed(t *testing.T) {
	needRoot(t)
	u := &User{UID: 48151, GID: 48151}
	top, err := os.MkdirTemp("", "reach")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(top) })
	mkdir := func(mode os.FileMode, parts ...string) string {
		dir := filepath.Join(append([]string{top}, parts...)...)
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(dir, mode); err != nil {
			t.Fatal(err)
		}
		return dir
	}
	mkdir(0o755)
	inner := mkdir(0o755, "open", "shut", "inner")
	shut := mkdir(0o700, "open", "shut")
	link := filepath.Join(top, "link")
	if err := os.Symlink(inner, link); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{inner, link, filepath.Join(inner, "not", "yet")} {
		var blocked *BlockedError
		if err := u.CanReach(path); !errors.As(err, &blocked) || blocked.Dir != shut {
			t.Errorf("CanReach(%s): %v, want it blocked at %s", path, err, shut)
		} else if !strings.Contains(err.Error(), "uid "+strconv.Itoa(u.UID)) {
			t.Errorf("%v: does not say who", err)
		}
	}
	if err := os.Chown(shut, u.UID, 0); err != nil {
		t.Fatal(err)
	}
	if err := u.CanReach(inner); err != nil {
		t.Errorf("as its owner: %v", err)
	}
	if err := os.Chmod(shut, 0o077); err != nil {
		t.Fatal(err)
	}
	if err := u.CanReach(inner); err == nil {
		t.Error("the owner's bits count, not the others': want it blocked")
	}
}

func TestChownGivesEverythingAndNothingElse(t *testing.T) {
	needRoot(t)
	u := &User{UID: 48151, GID: 2342}
	dir := t.TempDir()
	outside := filepath.Join(t.TempDir(), "outside")
	for _, err := range []error{
		os.WriteFile(outside, nil, 0o600),
		os.MkdirAll(filepath.Join(dir, "a", "b"), 0o700),
		os.WriteFile(filepath.Join(dir, "a", "b", "f"), nil, 0o600),
		os.Symlink(outside, filepath.Join(dir, "link")),
		u.Chown(dir),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for path, want := range map[string]bool{dir: true, filepath.Join(dir, "a", "b", "f"): true, outside: false} {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		owner := &User{UID: u.UID, GID: -1}
		if got := owner.may(chmodded{info}, 0o1); got != want {
			t.Errorf("%s: given away is %v, want %v", path, got, want)
		}
	}
}

// chmodded is a file whose owner alone may execute it, so that may tells who owns it.
type chmodded struct{ os.FileInfo }

func (chmodded) Mode() os.FileMode { return 0o100 }
