//go:build unix

package postgres

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
)

// vet returns a *UntrustedError when a user other than root and this process's
// own could have written what path names: when that, a directory on the way to
// it, or a link on the way belongs to another user, or can be written by one.
// What does not exist yet is not judged. A directory in which each user can only
// touch what is theirs (/tmp) may be on the way, not the end of it.
//
// Links are followed one by one, because a link's place matters as much as what
// it points at.
func vet(path string) error {
	abs, err := filepath.Abs(path)
	if err != nil {
		return fmt.Errorf("look at %s: %w", path, err)
	}
	current, rest := "/", parts(abs)
	if err := vetEntry("/", path, len(rest) > 0); err != nil {
		return err
	}
	for links := 0; len(rest) > 0; {
		name := rest[0]
		rest = rest[1:]
		next := filepath.Join(current, name)
		info, err := os.Lstat(next)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil
		case err != nil:
			return fmt.Errorf("look at %s: %w", path, err)
		case info.Mode()&fs.ModeSymlink != 0:
			if links++; links > 40 {
				return &UntrustedError{Path: path, Reason: "too many links"}
			}
			if err := vetOwner(info, next, path); err != nil {
				return err
			}
			target, err := os.Readlink(next)
			if err != nil {
				return fmt.Errorf("look at %s: %w", path, err)
			}
			if filepath.IsAbs(target) {
				current = "/"
			}
			rest = append(parts(target), rest...)
			continue
		}
		if err := vetEntry(next, path, len(rest) > 0); err != nil {
			return err
		}
		current = next
	}
	return nil
}

func parts(path string) []string {
	return strings.FieldsFunc(path, func(r rune) bool { return r == '/' })
}

func vetEntry(entry, path string, onTheWay bool) error {
	info, err := os.Lstat(entry)
	if err != nil {
		return fmt.Errorf("look at %s: %w", path, err)
	}
	if err := vetOwner(info, entry, path); err != nil {
		return err
	}
	mode := info.Mode()
	if mode&fs.ModeSticky != 0 && mode.IsDir() && onTheWay {
		return nil
	}
	if mode.Perm()&0o002 != 0 || mode.Perm()&0o020 != 0 && !trustedGroup(info) {
		return &UntrustedError{Path: path, Entry: entry,
			Reason: fmt.Sprintf("has mode %04o, so that other users may write there", mode.Perm()), Fix: "chmod go-w " + entry}
	}
	return nil
}

func vetOwner(info fs.FileInfo, entry, path string) error {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok || st.Uid == 0 || int(st.Uid) == os.Geteuid() {
		return nil
	}
	return &UntrustedError{Path: path, Entry: entry,
		Reason: fmt.Sprintf("belongs to uid %d, and this process is uid %d", st.Uid, os.Geteuid())}
}

// trustedGroup holds for groups whose members are as good as root (root and
// wheel; admin on macOS), and for a group that is this user's alone by the
// convention that it has the user's number.
func trustedGroup(info fs.FileInfo) bool {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return false
	}
	gid := int(st.Gid)
	return gid == 0 || gid == 80 && runtime.GOOS == "darwin" || gid == os.Getegid() && gid == os.Geteuid()
}

// reach returns nil when u may enter the directory, which exists; otherwise a
// *BlockedError that names the first directory on the way that u may not enter.
// The kernel decides, as it will when the server starts.
func (u *User) reach(dir string) error {
	if u == nil {
		return nil
	}
	abs, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return fmt.Errorf("look at %s: %w", dir, err)
	}
	return u.do(func() error {
		current := "/"
		for _, name := range append([]string{""}, parts(abs)...) {
			current = filepath.Join(current, name)
			if err := syscall.Access(current, 1); err != nil {
				return &BlockedError{User: u, Path: dir, Dir: current, Err: err}
			}
		}
		return nil
	})
}
