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
	to := from.Name() + "-copy"
	defer os.Remove(to)
	return unix.Clonefile(from.Name(), to, 0) == nil
}
