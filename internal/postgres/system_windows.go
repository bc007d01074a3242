package postgres

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"golang.org/x/sys/windows"
)

const exe = ".exe"

// Windows has no user to become: postgres and pg_ctl drop an administrator's
// rights themselves.

func (u *User) assign(*exec.Cmd) {}

func (u *User) give(string) error { return nil }

func (u *User) giveFile(*os.File) error { return nil }

func whyNot(err error, output string) string {
	if output != "" {
		return firstLine(output)
	}
	return err.Error()
}

func inode(fs.FileInfo) uint64 { return 0 }

func (u *User) owns(fs.FileInfo) bool { return true }

const careful = 0

// vet trusts what is there: the places that are used on Windows are a user's
// own by their access lists.
func vet(string) error { return nil }

func (u *User) reach(string) error { return nil }

// guard is nothing on Windows: a server that pg_ctl has started is stopped by its
// reaper alone.
type guard struct{}

func (*guard) release() error { return nil }

func (*User) watchOver(string) (*guard, error) { return &guard{}, nil }

const rootDir = ""

// libraryPrefix is a directory whose bin leads to the installation's pg_ctl.
// embedded-postgres looks for a file bin/pg_ctl, which Windows never has, and
// downloads Postgres when it is missing; what it runs is found through PATHEXT.
// So there are both: an empty file for the look, and a batch file for the run.
func (i *Installation) libraryPrefix(dir string) (string, error) {
	prefix := filepath.Join(dir, "prefix")
	bin := filepath.Join(prefix, "bin")
	if err := os.MkdirAll(bin, 0o755); err != nil {
		return "", err
	}
	if err := os.WriteFile(filepath.Join(bin, "pg_ctl"), nil, 0o644); err != nil {
		return "", err
	}
	batch := "@echo off\r\n\"" + strings.ReplaceAll(i.Program("pg_ctl"), "%", "%%") + "\" %*\r\n"
	return prefix, os.WriteFile(filepath.Join(bin, "pg_ctl.cmd"), []byte(batch), 0o755)
}

// stopper is what a Process is stopped or released with.
type stopper struct {
	released bool
	died     chan struct{} // pg_ctl has waited for the server: nil
}

// launch leaves the start to pg_ctl, which drops an administrator's rights.
func (o StartOptions) launch() (*Process, error) {
	cmd := exec.Command(o.Installation.Program("pg_ctl"), "start", "-w", "-D", o.Data, "-l", o.Log,
		"-o", fmt.Sprintf(`-c config_file="%s"`, o.Conf))
	cmd.Env = serverEnv(cmd.Environ())
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("pg_ctl start: %w: %s", err, out)
	}
	return &Process{options: o}, nil
}

// Release lets the server outlive this process.
func (p *Process) Release() error {
	p.released = true
	return nil
}

// Close stops the server at once, without writing anything out, and waits until
// it has gone. After Release it does nothing.
func (p *Process) Close() error {
	if p.released {
		return nil
	}
	p.released = true
	return Stop(context.Background(), StopOptions{Installation: p.options.Installation, Data: p.options.Data, Immediate: true})
}

func alive(pid int) bool {
	h, err := windows.OpenProcess(windows.PROCESS_QUERY_LIMITED_INFORMATION, false, uint32(pid))
	if err != nil {
		return errors.Is(err, windows.ERROR_ACCESS_DENIED)
	}
	defer windows.CloseHandle(h)
	var code uint32
	const stillActive = 259
	return windows.GetExitCodeProcess(h, &code) == nil && code == stillActive
}

// serves cannot look into a process here: a live pid counts as the server.
func serves(pid int, _ string) verdict {
	if alive(pid) {
		return yes
	}
	return no
}

func findPostmaster(string) int { return 0 }

// signal is left to pg_ctl on Windows: servers listen on a pipe for it.
func (u *User) signal(int, bool) error { return errors.ErrUnsupported }
