package server

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/qarion/seedbed/internal/osuser"
)

// copyTree copies a data directory. Go copies between files with
// copy_file_range, so file systems with reflinks share the blocks. Modes are
// Postgres's: it does not start in a directory that others can read.
func copyTree(from, to string, owner *osuser.User) error {
	err := filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		target := filepath.Join(to, rel)
		switch {
		case entry.IsDir():
			return os.Mkdir(target, 0o700)
		case entry.Type().IsRegular():
			return copyFile(path, target)
		default:
			return fmt.Errorf("%s is neither a file nor a directory", path)
		}
	})
	if err != nil {
		return err
	}
	return owner.Chown(to)
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	if cerr := out.Close(); err == nil {
		err = cerr
	}
	return err
}
