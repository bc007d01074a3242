//go:build unix

package postgres_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/qarion/seedbed/internal/postgres"
	"github.com/qarion/seedbed/internal/testkit"
)

// An ordinary user notices nothing of all this, one without a
// passwd entry neither. The tests named here run again as such users.
func TestAsOrdinaryUser(t *testing.T) {
	testkit.SkipShort(t, "it runs this test binary once more, as two other users")
	needRoot(t)
	program := filepath.Join(testkit.OpenDir(t), "test")
	if out, err := exec.Command("cp", os.Args[0], program).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for name, c := range map[string]struct {
		uid   int
		tests string
	}{
		"nobody":         {65534, "TestStart|TestDownloadARealPostgres|TestKilledWhileStarting|TestMissingLocale"},
		"without a name": {attacker, "TestStart|TestDownloadARealPostgres|TestExtensionsOfTheInstalled"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			uid, tests := c.uid, c.tests
			dir := testkit.OpenDir(t)
			do(t, os.Mkdir(dir+"/home", 0o700), os.Chown(dir+"/home", uid, uid))
			cmd := as(uid, exec.Command(program, "-test.run=^("+tests+")$", "-test.v"))
			cmd.Dir = dir + "/home"
			cmd.Env = append(os.Environ(), "HOME="+cmd.Dir, "SEEDBED_CACHE="+cmd.Dir+"/cache", "TMPDIR=/tmp", "XDG_CACHE_HOME=", "GOTMPDIR=")
			out, err := cmd.CombinedOutput()
			if err != nil || strings.Count(string(out), "\n--- PASS: ")+strings.Count(string(out), "\n--- SKIP: ") != strings.Count(tests, "|")+1 {
				t.Errorf("%v:\n%s", err, out)
			}
		})
	}
}

// Root runs servers as a user that has a number only.
func TestUserWithoutAName(t *testing.T) {
	needRoot(t)
	t.Setenv(postgres.UserVariable, strconv.Itoa(attacker)+":2342")
	h := newHome(t, newCache(t), postgres.DataOptions{})
	if got := h.cache.User.String(); got != "uid 48151" {
		t.Errorf("the user is %s", got)
	}
	mustContain(t, h.ask(t, h.start(t, nil), "SELECT pg_read_file('/proc/self/status')"), "Uid:\t48151\t48151", "Gid:\t2342\t2342")
}

func TestImpossibleUsers(t *testing.T) {
	needRoot(t)
	for named, want := range map[string]string{
		"no-such-user": "no such user", "root": "that is root", "0": "that is root", "-5": "no such user", "1:nogroup-x": "no such group",
	} {
		t.Setenv(postgres.UserVariable, named)
		_, err := postgres.ChooseUser()
		if none := new(postgres.UserError); !errors.As(err, &none) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", named, err, want)
		}
	}
}

// Whatever the umask, the server's user gets where it has to.
func TestUmask(t *testing.T) {
	dir := testkit.OpenDir(t)
	cmd := exec.Command("/bin/sh", "-c", `umask 077; exec "$0" -test.run='^TestStart$'`, os.Args[0])
	cmd.Env = append(os.Environ(), "SEEDBED_CACHE="+dir+"/a/cache")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v:\n%s", err, out)
	}
}
