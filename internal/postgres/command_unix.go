//go:build unix

package postgres

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"sync"
	"syscall"
)

const exe = ""

// assign makes cmd run as u. The kernel drops the rights in the child, before
// the program begins.
func (u *User) assign(cmd *exec.Cmd) {
	if u == nil {
		return
	}
	attributes(cmd).Credential = &syscall.Credential{Uid: uint32(u.UID), Gid: uint32(u.GID), NoSetGroups: keepsGroups()}
}

func attributes(cmd *exec.Cmd) *syscall.SysProcAttr {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	return cmd.SysProcAttr
}

// keepsGroups reports whether this is a user namespace that forbids setgroups.
var keepsGroups = sync.OnceValue(func() bool {
	text, err := os.ReadFile("/proc/self/setgroups")
	return err == nil && bytes.HasPrefix(text, []byte("deny"))
})

// give makes a file or directory u's, itself and nothing below it. A link is
// given away itself and not followed.
func (u *User) give(path string) error {
	if u == nil {
		return nil
	}
	if err := os.Lchown(path, u.UID, u.GID); err != nil {
		return fmt.Errorf("give %s to %s: %w", path, u, err)
	}
	return nil
}

// giveFile is give for an open file.
func (u *User) giveFile(f *os.File) error {
	if u == nil {
		return nil
	}
	return f.Chown(u.UID, u.GID)
}

// whyNot says in words what the error of starting a foreign program means.
func whyNot(err error, output string) string {
	switch {
	case errors.Is(err, syscall.ENOEXEC):
		return "it is built for another system or processor, or is truncated (" + err.Error() + ")"
	case errors.Is(err, fs.ErrNotExist):
		return "its loader is missing: it is built for another C library (glibc or musl)"
	case errors.Is(err, fs.ErrPermission):
		return "permission denied: not executable, on a file system mounted noexec, or in a directory that the user may not enter"
	case output != "":
		return firstLine(output)
	}
	return err.Error()
}

func inode(info fs.FileInfo) uint64 {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return uint64(st.Ino)
	}
	return 0
}

// owns reports whether a file belongs to u.
func (u *User) owns(info fs.FileInfo) bool {
	uid := os.Geteuid()
	if u != nil {
		uid = u.UID
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	return !ok || int(st.Uid) == uid
}

// careful opens a file that another process may put in a plain file's place: a
// link is not followed, and a pipe without a writer does not hold us up.
const careful = syscall.O_NOFOLLOW | syscall.O_NONBLOCK
