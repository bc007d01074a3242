package postgres

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"
)

// command prepares a program to run as u, in the environment of a server.
func (u *User) command(ctx context.Context, path string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Env = serverEnv(os.Environ())
	cmd.WaitDelay = time.Second
	u.assign(cmd)
	return cmd
}

// askTimeout bounds what takes milliseconds.
const askTimeout = 20 * time.Second

// ask runs a program for its output, both streams together.
func (u *User) ask(ctx context.Context, path string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	return output(u.command(ctx, path, args...))
}

// askInitdb is ask for initdb, which wants to know its user's name.
func (u *User) askInitdb(ctx context.Context, path string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	cmd := u.command(ctx, path, args...)
	u.lendName(cmd)
	return output(cmd)
}

func output(cmd *exec.Cmd) (string, error) {
	cmd.Dir = rootDir // the user may not be allowed where we are
	out, err := cmd.CombinedOutput()
	text := strings.TrimSpace(string(out))
	if err != nil {
		return text, fmt.Errorf("does not run: %s", whyNot(err, text))
	}
	return text, nil
}

// inherited lists the variables that a server may need. The rest of the test's
// environment, with its secrets and its PG* variables, is not the server's.
var inherited = []string{
	"PATH", "TMPDIR", "TZDIR", "LOCPATH", "LOCALE_ARCHIVE", "ICU_DATA", "OPENSSL_CONF",
	"LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH", "PERL5LIB", "PYTHONPATH", "PYTHONHOME",
	"SYSTEMROOT", "SYSTEMDRIVE", "COMSPEC", "WINDIR", "PATHEXT", "TEMP", "TMP", "USERPROFILE", "APPDATA",
}

// serverEnv picks those out of environ. The locale is C: the databases' is in
// their data directory, and on macOS none at all starts threads in the postmaster.
func serverEnv(environ []string) []string {
	env := []string{"LC_ALL=C"}
	for _, kv := range environ {
		name, _, _ := strings.Cut(kv, "=")
		if slices.Contains(inherited, strings.ToUpper(name)) {
			env = append(env, kv)
		}
	}
	return env
}

func firstLine(s string) string {
	s, _, _ = strings.Cut(strings.TrimSpace(s), "\n")
	return s
}

// recovered runs f and makes a panic an error.
func recovered(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return f()
}
