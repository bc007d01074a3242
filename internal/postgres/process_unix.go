//go:build unix

package postgres

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
)

// alive reports whether a process runs. Being forbidden to signal it is not
// being dead, having exited without a parent that asks is.
func alive(pid int) bool {
	if err := syscall.Kill(pid, 0); errors.Is(err, syscall.ESRCH) {
		return false
	}
	return !zombie(pid)
}

func zombie(pid int) bool {
	stat, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return false
	}
	// The name is in parentheses and may hold any character.
	_, rest, ok := bytes.Cut(stat[bytes.LastIndexByte(stat, '('):], []byte(") "))
	return ok && len(rest) > 0 && rest[0] == 'Z'
}

// serves says whether pid is the postmaster of data: it works in that directory.
func serves(pid int, data string) verdict {
	if !alive(pid) {
		return no
	}
	if runtime.GOOS != "linux" {
		out, err := exec.Command("ps", "-o", "comm=", "-p", strconv.Itoa(pid)).Output()
		if err != nil {
			return unknown
		}
		if strings.Contains(string(out), "postgres") {
			return yes
		}
		return no
	}
	proc := filepath.Join("/proc", strconv.Itoa(pid))
	there, err := os.Stat(filepath.Join(proc, "cwd"))
	if errors.Is(err, os.ErrNotExist) {
		return no
	}
	if err != nil {
		comm, err := os.ReadFile(filepath.Join(proc, "comm"))
		if err == nil && strings.TrimSpace(string(comm)) != "postgres" {
			return no
		}
		return unknown
	}
	here, err := os.Stat(data)
	if err == nil && os.SameFile(here, there) {
		return yes
	}
	return no
}

// findPostmaster looks through all processes for one that works in data; it
// returns 0 where there is none or the system does not tell.
func findPostmaster(data string) int {
	dirs, _ := filepath.Glob("/proc/[0-9]*")
	for _, dir := range dirs {
		comm, err := os.ReadFile(filepath.Join(dir, "comm"))
		if err != nil || strings.TrimSpace(string(comm)) != "postgres" {
			continue
		}
		pid, _ := strconv.Atoi(filepath.Base(dir))
		// Backends work there too; the postmaster is the one they come from.
		if serves(pid, data) == yes && serves(parent(pid), data) != yes {
			return pid
		}
	}
	return 0
}

func parent(pid int) int {
	stat, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return -1
	}
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	if len(fields) < 2 {
		return -1
	}
	ppid, _ := strconv.Atoi(fields[1])
	return ppid
}

// signal asks a server to stop: cleanly but without waiting for its clients, or
// at once. It does so with the rights of the server's user: the pid is that
// user's word.
func (u *User) signal(pid int, immediate bool) error {
	sig := syscall.SIGINT
	if immediate {
		sig = syscall.SIGQUIT
	}
	err := u.do(func() error { return syscall.Kill(pid, sig) })
	if errors.Is(err, syscall.ESRCH) {
		return nil
	}
	return err
}
