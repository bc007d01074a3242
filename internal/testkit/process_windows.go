package testkit

import "os"

// Alive reports whether a process exists.
func Alive(pid int) bool {
	_, err := os.FindProcess(pid)
	return err == nil
}

// quit ends a postmaster at once.
func quit(pid int) {
	if p, err := os.FindProcess(pid); err == nil {
		_ = p.Kill()
	}
}
