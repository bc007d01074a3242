package osuser

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// ways lists what becomes another user, the most direct first: the first ones
// replace themselves by the command, the later ones stay in between. Only those
// marked so need a passwd entry.
func ways(u *User) []way {
	uid, gid := strconv.Itoa(u.UID), strconv.Itoa(u.GID)
	return []way{
		{"setpriv", []string{"--reuid", uid, "--regid", gid, "--clear-groups", "--"}, false},
		// A user namespace may forbid setgroups.
		{"setpriv", []string{"--reuid", uid, "--regid", gid, "--keep-groups", "--"}, false},
		{"su-exec", []string{uid + ":" + gid}, false},
		{"gosu", []string{uid + ":" + gid}, false},
		{"chroot", []string{"--userspec=" + uid + ":" + gid, "--groups=", "--", "/"}, false},
		{"runuser", []string{"-u", u.Name, "--"}, true},
		// Everything after -- goes to the shell, which hands it on word by word.
		{"su", []string{"-s", "/bin/sh", "-c", `exec "$0" "$@"`, "--", u.Name}, true},
		{"sudo", []string{"-n", "-u", "#" + uid, "-g", "#" + gid, "--"}, false},
	}
}

type way struct {
	command   string
	args      []string
	needsName bool
}

// wayDown returns the first way that really ends up as u.
func wayDown(u *User) ([]string, error) {
	var tried []string
	for _, w := range ways(u) {
		if w.needsName && u.Name == "" {
			tried = append(tried, w.command+": needs a passwd entry")
			continue
		}
		path, err := exec.LookPath(w.command)
		if err != nil {
			tried = append(tried, w.command+": not installed")
			continue
		}
		argv := append([]string{path}, w.args...)
		if err := try(argv, u.UID); err != nil {
			tried = append(tried, w.command+": "+err.Error())
			continue
		}
		return argv, nil
	}
	return nil, &NoWayError{User: u, Tried: tried}
}

// try runs the way once: busybox has commands of these names that lack the
// options, su may be stopped by PAM, a container may lack the capability. The
// word with a space and a dash shows that arguments survive.
func try(argv []string, uid int) error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	argv = append(argv[:len(argv):len(argv)], "/bin/sh", "-c", `id -u; echo "$1"`, "sh", "-D a  b")
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Dir = "/"
	cmd.WaitDelay = time.Second
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		first, _, _ := strings.Cut(strings.TrimSpace(stderr.String()), "\n")
		return fmt.Errorf("%w %s", err, first)
	}
	if got, want := string(out), fmt.Sprintf("%d\n-D a  b\n", uid); got != want {
		return fmt.Errorf("it answers %q instead of %q", got, want)
	}
	return nil
}
