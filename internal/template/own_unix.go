//go:build unix

package template

import (
	"io/fs"
	"os"
	"syscall"
)

// own gives a new file to the owner of another.
func own(f *os.File, like fs.FileInfo) error {
	st, ok := like.Sys().(*syscall.Stat_t)
	if !ok || os.Geteuid() == int(st.Uid) {
		return nil
	}
	return f.Chown(int(st.Uid), int(st.Gid))
}
