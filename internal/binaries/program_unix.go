//go:build unix

package binaries

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

const exe = ""

// isProgram also holds for a file that this user may not execute: that is found
// out, and said, by running it.
func isProgram(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

func stampOf(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	stamp := fmt.Sprintf("%d %d", info.Size(), info.ModTime().UnixNano())
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		stamp += fmt.Sprintf(" %d", st.Ino)
	}
	return stamp, nil
}

// whyNot says in words what an exec error of a foreign program means.
func whyNot(path string, err error, output string) string {
	switch {
	case errors.Is(err, syscall.ENOEXEC):
		return "it is built for another system or processor, or is truncated (" + err.Error() + ")"
	case errors.Is(err, fs.ErrNotExist):
		return "its loader is missing: it is built for another C library (glibc or musl)"
	case errors.Is(err, fs.ErrPermission):
		return "permission denied: not executable, or on a file system mounted noexec"
	case output != "":
		return firstLine(output)
	}
	return err.Error()
}
