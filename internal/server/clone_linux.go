package server

import (
	"os"

	"golang.org/x/sys/unix"
)

// canClone reports whether files in dir can share their blocks with a copy.
func canClone(dir string) bool {
	from, err := os.CreateTemp(dir, ".clone-*")
	if err != nil {
		return false
	}
	defer os.Remove(from.Name())
	defer from.Close()
	to, err := os.CreateTemp(dir, ".clone-*")
	if err != nil {
		return false
	}
	defer os.Remove(to.Name())
	defer to.Close()
	if _, err := from.WriteString("blocks to share"); err != nil {
		return false
	}
	return unix.IoctlFileClone(int(to.Fd()), int(from.Fd())) == nil
}
