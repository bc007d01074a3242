//go:build unix

package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/qarion/seedbed/internal/postgres"
	"github.com/qarion/seedbed/internal/testkit"
)

// attacker is the uid of another user of the machine.
const attacker = 48151

func needRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("it takes root to be several users")
	}
}

// as makes cmd run as a uid.
func as(uid int, cmd *exec.Cmd) *exec.Cmd {
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(uid)}}
	return cmd
}

// A cache that another user could have written to is refused,
// before anything is made in it.
func TestForeignCache(t *testing.T) {
	needRoot(t)
	for name, c := range map[string]struct {
		prepare func(dir string) error // dir is the cache's parent
		want    string
	}{
		"belongs to another": {func(dir string) error {
			return errors.Join(os.Mkdir(dir+"/cache", 0o755), os.Chown(dir+"/cache", attacker, attacker))
		}, "/cache belongs to uid 48151"},
		"anyone may write": {func(dir string) error {
			return errors.Join(os.Mkdir(dir+"/cache", 0o755), os.Chmod(dir+"/cache", 0o777))
		}, "has mode 0777"},
		"sticky": {func(dir string) error {
			return errors.Join(os.Mkdir(dir+"/cache", 0o755), os.Chmod(dir+"/cache", 0o777|fs.ModeSticky))
		}, "has mode 0777"},
		"a group may write": {func(dir string) error {
			return errors.Join(os.Mkdir(dir+"/cache", 0o755), os.Chown(dir+"/cache", 0, 1000), os.Chmod(dir+"/cache", 0o775))
		}, "chmod go-w"},
		"parent belongs to another": {func(dir string) error { return os.Chown(dir, attacker, attacker) }, "belongs to uid 48151"},
		"anyone may replace it":     {func(dir string) error { return os.Chmod(dir, 0o777) }, "has mode 0777"},
		"link of another": {func(dir string) error {
			return errors.Join(os.Mkdir(dir+"/mine", 0o755), os.Symlink(dir+"/mine", dir+"/cache"), os.Lchown(dir+"/cache", attacker, attacker))
		}, "/cache belongs to uid 48151"},
		"link to another's": {func(dir string) error {
			return errors.Join(os.MkdirAll(dir+"/theirs/cache", 0o755), os.Chown(dir+"/theirs", attacker, attacker), os.Symlink("theirs/cache", dir+"/cache"))
		}, "/theirs belongs to uid 48151"},
		"link in a circle": {func(dir string) error { return os.Symlink("cache", dir+"/cache") }, "too many links"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := testkit.OpenDir(t)
			do(t, c.prepare(dir))
			_, err := postgres.OpenCache(dir + "/cache")
			if untrusted := new(postgres.UntrustedError); !errors.As(err, &untrusted) || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got %v\nwant %q", err, c.want)
			}
			t.Setenv("SEEDBED_CACHE", dir+"/cache")
			if _, err = postgres.OpenCache(""); err == nil || !strings.Contains(err.Error(), "SEEDBED_CACHE="+dir) {
				t.Errorf("by the variable: %v", err)
			}
		})
	}
}

// A link of our own is followed; a directory of ours is opened for passage only.
func TestOwnCache(t *testing.T) {
	needRoot(t)
	dir := testkit.OpenDir(t)
	do(t, os.Mkdir(dir+"/real", 0o700), os.Symlink("real", dir+"/link"))
	_, err := postgres.OpenCache(dir + "/link/a/cache")
	if blocked := new(postgres.BlockedError); !errors.As(err, &blocked) || blocked.Dir != dir+"/real" {
		t.Errorf("got %v", err)
	}
	do(t, os.Chmod(dir+"/real", 0o755))
	if _, err := postgres.OpenCache(dir + "/link/a/cache"); err != nil {
		t.Error(err)
	}
}

// A job container runs as root with another user's HOME: a private directory is
// used, and the same one the next time.
func TestForeignHome(t *testing.T) {
	needRoot(t)
	home := testkit.OpenDir(t)
	do(t, os.Chown(home, attacker, attacker))
	t.Setenv("SEEDBED_CACHE", "")
	t.Setenv("XDG_CACHE_HOME", "")
	t.Setenv("HOME", home)
	first, err := postgres.OpenCache("")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Remove(first.Dir) }) // where it was not there before
	second, err := postgres.OpenCache("")
	if err != nil || first.Dir != second.Dir || strings.HasPrefix(first.Dir, home) {
		t.Errorf("%s, then %+v, %v", first.Dir, second, err)
	}
	if left, _ := os.ReadDir(home); len(left) > 0 {
		t.Errorf("made %v in another user's directory", left)
	}
}

// Programs of another user do not run, wherever they are found.
func TestForeignPrograms(t *testing.T) {
	needRoot(t)
	for name, expose := range map[string]func(bin string) error{
		"directory of another": func(bin string) error { return os.Chown(bin, attacker, attacker) },
		"prefix of another":    func(bin string) error { return os.Chown(filepath.Dir(bin), attacker, attacker) },
		"program of another":   func(bin string) error { return os.Chown(bin+"/initdb", attacker, attacker) },
		"program to write to":  func(bin string) error { return os.Chmod(bin+"/postgres", 0o777) },
		"link of another": func(bin string) error {
			return errors.Join(os.Rename(bin+"/pg_ctl", bin+"/real"), os.Symlink("real", bin+"/pg_ctl"), os.Lchown(bin+"/pg_ctl", attacker, attacker))
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := testkit.OpenDir(t)
			bin, ran := dir+"/prefix/bin", dir+"/ran"
			do(t, os.WriteFile(ran, nil, 0o666), os.Chmod(ran, 0o666))
			fake(t, bin, "17.3", "id -u >>"+ran)
			do(t, expose(bin))
			t.Setenv("PATH", bin+":/usr/bin:/bin")
			t.Setenv("SEEDBED_BINARIES", "")
			t.Setenv("SEEDBED_VERSION", "")
			cache := newCache(t)
			seen, err := postgres.Look(t.Context(), postgres.Request{Cache: cache, Version: "17"})
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(fmt.Sprint(seen), "is not to be trusted") {
				t.Errorf("looked at %+v", seen)
			}
			_, err = postgres.Find(t.Context(), postgres.Request{Cache: cache, Dir: dir + "/prefix"})
			if err == nil || !strings.Contains(err.Error(), "is not to be trusted") {
				t.Errorf("by its name: %v", err)
			}
			if text, _ := os.ReadFile(ran); len(text) > 0 {
				t.Errorf("ran as uid %s", text)
			}
		})
	}
}

// What does run, --version and the like, does so as the server's user.
func TestProgramsRunAsTheServersUser(t *testing.T) {
	needRoot(t)
	dir := testkit.OpenDir(t)
	ran := dir + "/ran"
	do(t, os.WriteFile(ran, nil, 0o666), os.Chmod(ran, 0o666))
	fake(t, dir+"/bin", "17.3", "id -u >>"+ran+"; env >>"+ran)
	t.Setenv("SECRET", "hunter2")
	cache := newCache(t)
	_, err := postgres.Find(t.Context(), postgres.Request{Cache: cache, Dir: dir, Extensions: []string{"x"}})
	if err == nil {
		t.Error("found an extension in nothing")
	}
	text, _ := os.ReadFile(ran)
	if !strings.HasPrefix(string(text), fmt.Sprintln(cache.User.UID)) || strings.Contains(string(text), "\n0\n") {
		t.Errorf("ran as:\n%s", text)
	}
	if strings.Contains(string(text), "hunter2") {
		t.Error("a program of Postgres sees the test's environment")
	}
}

// The server's user plays tricks in its own directories while root makes an image
// out of them, and afterwards: root neither reads nor writes anything else.
func TestServersUserAttacks(t *testing.T) {
	needRoot(t)
	cache := newCache(t)
	inst := installed(t, cache)
	victim := testkit.OpenDir(t)
	secret := filepath.Join(victim, "secret")
	do(t, os.WriteFile(secret, []byte("the secret of root"), 0o600))
	before := state(t, victim)

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	tricks := as(cache.User.UID, exec.CommandContext(ctx, "/bin/sh", "-c", `while :; do
	for work in "$1"/images/.making-*/work; do
		[ -e "$work/data/PG_VERSION" ] || continue
		for f in pg_hba.conf pg_ident.conf PG_VERSION global/pg_filenode.map pg_xact; do
			mv "$work/data/$f" "$work/data/$f.away" && ln -s "$2" "$work/data/$f"
		done
		rm -f "$work/data/postmaster.opts"; ln -s "$2" "$work/data/postmaster.opts"
		mkfifo "$work/data/pipe"
	done
done 2>/dev/null`, "sh", cache.Dir, secret))
	tricks.Dir = "/"
	do(t, tricks.Start())
	for range 2 {
		dir := testkit.OpenDir(t)
		if _, err := inst.CreateData(t.Context(), dir+"/data", postgres.DataOptions{Cache: cache, Key: dir}); err == nil {
			t.Log("the image was made nevertheless")
		}
	}
	cancel()
	_ = tricks.Wait()
	if after := state(t, victim); after != before {
		t.Errorf("root's directory was\n%s\nand is\n%s", before, after)
	}
	_ = filepath.WalkDir(cache.Dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			if text, _ := os.ReadFile(path); strings.Contains(string(text), "the secret of root") {
				t.Errorf("root copied its secret to %s", path)
			}
		}
		return nil
	})
}

// A data directory is the server's user's word: what it says is not believed.
func TestForgedDataDirectory(t *testing.T) {
	needRoot(t)
	victim := testkit.OpenDir(t)
	secret := filepath.Join(victim, "secret")
	do(t, os.WriteFile(secret, []byte("1\n/\n"), 0o600))
	mine := exec.Command("sleep", "600") // a process of root's
	mine.Dir = victim
	do(t, mine.Start())
	defer func() { _ = mine.Process.Kill(); _ = mine.Wait() }()
	for name, forge := range map[string]string{
		"pid of root's process":  "printf '%s\\n%s\\n1\\n5432\\n\\n\\n\\nready\\n' $3 $1 >$1/postmaster.pid",
		"link to root's file":    "ln -s $2 $1/postmaster.pid",
		"link to a directory":    "ln -s /etc $1/postmaster.pid",
		"pipe without a writer":  "mkfifo $1/postmaster.pid",
		"directory":              "mkdir -p $1/postmaster.pid/x",
		"link to an endless one": "ln -s /dev/zero $1/postmaster.pid",
	} {
		t.Run(name, func(t *testing.T) {
			h := newHome(t, sharedCache(t), postgres.DataOptions{})
			before := state(t, victim)
			if out, err := as(h.cache.User.UID, exec.Command("/bin/sh", "-c", forge, "sh", h.data(), secret, fmt.Sprint(mine.Process.Pid))).CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			if p, err := postgres.Running(h.data()); p != nil {
				t.Errorf("believes in %+v, %v", p, err)
			}
			_ = postgres.Stop(t.Context(), postgres.StopOptions{User: h.cache.User, Data: h.data(), Immediate: true})
			if p, err := postgres.Start(t.Context(), h.options()); err == nil {
				do(t, p.Close())
			}
			if err := mine.Process.Signal(syscall.Signal(0)); err != nil {
				t.Fatalf("root's process: %v", err)
			}
			if after := state(t, victim); after != before {
				t.Errorf("root's directory was\n%s\nand is\n%s", before, after)
			}
		})
	}
}

// A signal is sent with the rights of the server's user: a pid that the data
// directory makes look right reaches no one else's process.
func TestStopHasTheServersRightsOnly(t *testing.T) {
	needRoot(t)
	h := newHome(t, sharedCache(t), postgres.DataOptions{})
	mine := exec.Command("sleep", "600") // root's, and at work in the data directory
	mine.Dir = h.data()
	do(t, mine.Start())
	defer func() { _ = mine.Process.Kill(); _ = mine.Wait() }()
	do(t, os.WriteFile(h.data()+"/postmaster.pid", fmt.Appendf(nil, "%d\n%s\n1\n5432\n\n\n\nready\n", mine.Process.Pid, h.data()), 0o600))
	if err := postgres.Stop(t.Context(), postgres.StopOptions{User: h.cache.User, Data: h.data()}); !errors.Is(err, syscall.EPERM) {
		t.Errorf("Stop: %v, want it not permitted", err)
	}
}

// state describes a directory of root's and what is in it.
func state(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		st := info.Sys().(*syscall.Stat_t)
		text, _ := os.ReadFile(path)
		fmt.Fprintf(&b, "%s %v %d:%d %q\n", path, info.Mode(), st.Uid, st.Gid, text)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// fake installs programs that say they are some version, after running some shell.
func fake(t *testing.T, bin, version, shell string) {
	t.Helper()
	do(t, os.MkdirAll(bin, 0o755))
	for _, name := range []string{"postgres", "initdb", "pg_ctl"} {
		text := "#!/bin/sh\n" + shell + "\necho 'postgres (PostgreSQL) " + version + "'\n"
		do(t, os.WriteFile(filepath.Join(bin, name), []byte(text), 0o755), os.Chmod(filepath.Join(bin, name), 0o755))
	}
}
