// Package flock takes a lock on a file that the kernel releases when its holder
// dies, however it dies. It is what processes that share a cache agree through:
//
//	unlock, err := flock.Lock(ctx, filepath.Join(cache, "boot.lock"))
//	if err != nil { … }
//	defer unlock()
//
// A lock costs an open and one system call. It is not reentrant: two locks of
// one path exclude each other inside one process too. Children do not inherit it,
// unless the file is given to them: see LockFile.
package flock

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
)

// ErrHeld is what Try returns when another process holds the lock.
var ErrHeld = errors.New("lock is held")

// Lock waits until it holds the lock on path and returns what gives it back,
// which may be called more than once. The file is made with mode 0600 when it is
// missing, its directory too (0700), and it is never removed: removing a lock
// file is how two holders come about. Lock returns ctx's error when ctx ends first.
func Lock(ctx context.Context, path string) (unlock func(), err error) {
	f, err := LockFile(ctx, path)
	if err != nil {
		return nil, err
	}
	return unlocker(f), nil
}

// LockFile is Lock for a caller that hands the file on: a child that inherits it
// holds the lock too (on Unix), until both have closed it. Closing it gives the
// lock back.
func LockFile(ctx context.Context, path string) (*os.File, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	if f, err := acquire(path, false); !errors.Is(err, ErrHeld) {
		return f, err
	}
	type result struct {
		file *os.File
		err  error
	}
	// The kernel wakes a blocked waiter at once and in turn, where polling would
	// lose to the process that polls fastest. The call cannot be interrupted, so a waiter
	// that is no longer wanted gives the lock back as soon as it gets it.
	got := make(chan result)
	go func() {
		f, err := acquire(path, true)
		select {
		case got <- result{f, err}:
		case <-ctx.Done():
			if err == nil {
				f.Close()
			}
		}
	}()
	select {
	case r := <-got:
		return r.file, r.err
	case <-ctx.Done():
		return nil, fmt.Errorf("lock %s: another process holds it: %w", path, ctx.Err())
	}
}

// Try takes the lock on path if it is free and returns ErrHeld if it is not.
func Try(path string) (unlock func(), err error) {
	f, err := acquire(path, false)
	if err != nil {
		return nil, err
	}
	return unlocker(f), nil
}

func unlocker(f *os.File) func() {
	return sync.OnceFunc(func() { unlockFile(f); f.Close() })
}

// acquire opens and locks path, again if the file was replaced in between: a
// lock on a file that is no longer at path excludes no process.
func acquire(path string, wait bool) (*os.File, error) {
	for {
		f, err := open(path)
		if err != nil {
			return nil, err
		}
		if err := lockFile(f, wait); err != nil {
			f.Close()
			if errors.Is(err, ErrHeld) {
				return nil, fmt.Errorf("lock %s: %w", path, ErrHeld)
			}
			return nil, fmt.Errorf("lock %s: %w", path, err)
		}
		if current(f, path) {
			return f, nil
		}
		f.Close()
	}
}

func open(path string) (*os.File, error) {
	f, err := openFile(path, true)
	if errors.Is(err, fs.ErrNotExist) {
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return nil, fmt.Errorf("lock %s: %w", path, err)
		}
		f, err = openFile(path, true)
	}
	// In a sticky directory the kernel may refuse O_CREATE on a file that
	// exists and is another user's; opening it as it is tells us more.
	if errors.Is(err, fs.ErrPermission) {
		f, err = openFile(path, false)
	}
	if errors.Is(err, fs.ErrPermission) {
		return nil, fmt.Errorf("lock %s: %w%s: remove it, or use another cache directory (SEEDBED_CACHE)", path, err, ownerNote(path))
	}
	if err != nil {
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	return f, nil
}

func current(f *os.File, path string) bool {
	held, err := f.Stat()
	if err != nil {
		return false
	}
	there, err := os.Stat(path)
	return err == nil && os.SameFile(held, there)
}
