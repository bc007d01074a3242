//go:build unix

package osuser

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// CanReach returns nil when u may traverse every directory on the way to path,
// and path itself if it is a directory; otherwise a *BlockedError with the first
// that it may not. Parts of path that do not exist yet are not judged. It goes by
// owner, group and mode bits; it does not see access lists. For nil it is nil.
func (u *User) CanReach(path string) error {
	if u == nil {
		return nil
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return fmt.Errorf("reach %s: %w", path, err)
	}
	if err := u.walk(abs, path); err != nil {
		return err
	}
	// A link is followed through the directories of its target.
	if real, err := filepath.EvalSymlinks(abs); err == nil && real != abs {
		return u.walk(real, path)
	}
	return nil
}

func (u *User) walk(abs, path string) error {
	dir := "/"
	for _, part := range append([]string{""}, strings.Split(strings.Trim(abs, "/"), "/")...) {
		dir = filepath.Join(dir, part)
		info, err := os.Stat(dir)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("reach %s: %w", path, err)
		}
		if info.IsDir() && !u.may(info, 1) {
			return &BlockedError{User: u, Path: path, Dir: dir, Mode: info.Mode()}
		}
	}
	return nil
}

// may applies the mode bits as the kernel does: only the first class that fits counts.
func (u *User) may(info fs.FileInfo, want fs.FileMode) bool {
	mode := info.Mode().Perm()
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		switch {
		case int(st.Uid) == u.UID:
			mode >>= 6
		case int(st.Gid) == u.GID:
			mode >>= 3
		}
	}
	return mode&want == want
}

// Chown gives path and everything below it to u, the top last, so that a top that
// is u's says the whole was done; then a second call returns at once. Links are
// given away themselves, never followed. For nil it does nothing.
func (u *User) Chown(path string) error {
	if u == nil {
		return nil
	}
	info, err := os.Lstat(path)
	if err != nil {
		return fmt.Errorf("give %s to %s: %w", path, u, err)
	}
	if st, ok := info.Sys().(*syscall.Stat_t); ok && int(st.Uid) == u.UID && int(st.Gid) == u.GID {
		return nil
	}
	err = filepath.WalkDir(path, func(p string, d fs.DirEntry, err error) error {
		if err != nil || p == path {
			return err
		}
		return os.Lchown(p, u.UID, u.GID)
	})
	if err == nil {
		err = os.Lchown(path, u.UID, u.GID)
	}
	if err != nil {
		return fmt.Errorf("give %s to %s: %w", path, u, err)
	}
	return nil
}
