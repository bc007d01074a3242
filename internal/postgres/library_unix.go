//go:build unix

package postgres

import (
	"os"
	"path/filepath"
)

const rootDir = "/"

// libraryPrefix is the directory whose bin holds the installation's programs:
// embedded-postgres asks for that, and not every system calls it so.
func (i *Installation) libraryPrefix(dir string) (string, error) {
	if filepath.Base(i.Bin) == "bin" {
		return i.Prefix, nil
	}
	prefix := filepath.Join(dir, "prefix")
	if err := makeDirs(prefix, 0o755); err != nil {
		return "", err
	}
	link := filepath.Join(prefix, "bin")
	_ = os.Remove(link)
	return prefix, os.Symlink(i.Bin, link)
}
