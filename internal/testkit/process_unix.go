//go:build unix

package testkit

import (
	"errors"
	"syscall"
)

// Alive reports whether a process exists, whichever user it belongs to.
func Alive(pid int) bool { return !errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) }

// quit ends a postmaster and its backends at once.
func quit(pid int) { _ = syscall.Kill(pid, syscall.SIGQUIT) }
