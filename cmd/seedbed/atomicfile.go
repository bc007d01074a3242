package main

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// staleDraftAge is how old a draft is that a killed process left: writing one takes
// milliseconds.
const staleDraftAge = time.Minute

// writeAtomically writes a file beside its place and renames it, so that what was there
// stays until the new one is complete and on disk. It clears up drafts of processes
// that were killed in between. A device or a pipe, such as /dev/stdout, is written to.
func writeAtomically(file, text string) error {
	if info, err := os.Stat(file); err == nil && !info.Mode().IsRegular() {
		return writeThrough(file, text)
	}
	if err := checkOutput(file); err != nil {
		return err
	}
	dir, pattern := filepath.Dir(file), "."+filepath.Base(file)+".*.draft"
	if old, err := filepath.Glob(filepath.Join(dir, pattern)); err == nil {
		for _, name := range old {
			if info, err := os.Stat(name); err == nil && time.Since(info.ModTime()) > staleDraftAge {
				_ = os.Remove(name) // may belong to another user: then it stays
			}
		}
	}
	draft, err := os.CreateTemp(dir, pattern)
	if err != nil {
		return err
	}
	_, err = io.WriteString(draft, text)
	err = errors.Join(err, draft.Chmod(modeOf(file)), draft.Sync(), draft.Close())
	if err == nil {
		err = os.Rename(draft.Name(), file)
	}
	if err != nil {
		os.Remove(draft.Name())
	}
	return err
}

// checkOutput refuses a file whose directory is not there. A command that works for a while
// asks before it begins.
func checkOutput(file string) error {
	dir := filepath.Dir(file)
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return usagef("%s: there is no directory %s; mkdir -p %s", file, dir, shellQuote(dir))
	}
	return nil
}

func writeThrough(file, text string) error {
	f, err := os.OpenFile(file, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = io.WriteString(f, text)
	return errors.Join(err, f.Close())
}

// modeOf is that of the file that is there, or what files have.
func modeOf(file string) os.FileMode {
	if info, err := os.Stat(file); err == nil {
		return info.Mode().Perm()
	}
	return 0o644
}
