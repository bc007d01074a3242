package postgres

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
)

// Cache is the one directory that everything Seedbed leaves behind lives in. It
// belongs to this process's user and no other user may write there.
type Cache struct {
	Dir  string
	User *User // who servers run as; they may enter Dir and write nothing in it
}

// OpenCache opens the cache directory, and makes it when it is missing. Empty:
// SEEDBED_CACHE, else "seedbed" below the user's cache directory. Where that is
// another user's (a job container has root and a foreign HOME) or the server's
// user may not enter it (/root), it is /var/cache/seedbed for root, and then
// one below the temporary directory.
//
// A named directory that another user could have written to is refused with a
// *UntrustedError.
func OpenCache(dir string) (*Cache, error) {
	u, err := ChooseUser()
	if err != nil {
		return nil, err
	}
	if dir != "" {
		return named(dir, dir, u)
	}
	if dir = os.Getenv("SEEDBED_CACHE"); dir != "" {
		return named(dir, "SEEDBED_CACHE="+dir, u)
	}
	var tried []error
	for _, dir := range cachePlaces(u != nil) {
		c := &Cache{Dir: dir, User: u}
		err := c.open()
		if err == nil {
			return c, nil
		}
		tried = append(tried, err)
	}
	return nil, fmt.Errorf("find a cache directory (set SEEDBED_CACHE to one of your own): %w", errors.Join(tried...))
}

func named(dir, as string, u *User) (*Cache, error) {
	if !filepath.IsAbs(dir) {
		return nil, fmt.Errorf("use the cache %s: it is relative, and go test runs each package's tests in a directory of their own: name it from the root on", as)
	}
	if info, err := os.Stat(dir); err == nil && !info.IsDir() {
		return nil, fmt.Errorf("use the cache %s: it is a file: name a directory, which is made if it is missing", as)
	}
	c := &Cache{Dir: filepath.Clean(dir), User: u}
	if err := c.open(); err != nil {
		way := ""
		var path *fs.PathError
		if errors.As(err, &path) && (path.Op == "mkdir" || path.Op == "open") {
			way = ": name a directory that you may make and write to"
		}
		return nil, fmt.Errorf("use the cache %s: %w%s", as, err, way)
	}
	return c, nil
}

func cachePlaces(root bool) []string {
	var places []string
	if dir, err := os.UserCacheDir(); err == nil && filepath.IsAbs(dir) {
		places = append(places, filepath.Join(dir, "seedbed"))
	}
	if root {
		places = append(places, "/var/cache/seedbed")
	}
	name := "seedbed"
	if runtime.GOOS != "windows" {
		name += "-" + strconv.Itoa(os.Getuid())
	}
	return append(places, filepath.Join(os.TempDir(), name))
}

// open makes the directory and proves that it is ours, that we can write there,
// and that the server's user can get there. Nothing is made where it will not be
// used, and the mode of no directory but Dir itself is changed.
func (c *Cache) open() error {
	if err := vet(c.Dir); err != nil {
		return err
	}
	if err := c.User.reach(existing(c.Dir)); err != nil {
		return err
	}
	if err := makeDirs(c.Dir, 0o755); err != nil {
		return err
	}
	if err := vet(c.Dir); err != nil {
		return err
	}
	probe, err := os.CreateTemp(c.Dir, ".probe-*")
	if err != nil {
		return err
	}
	probe.Close()
	return os.Remove(probe.Name())
}

// existing is dir, or the nearest directory above it that exists. A Dir that
// exists is left out when it is ours to open.
func existing(dir string) string {
	for parent := filepath.Dir(dir); ; dir, parent = parent, filepath.Dir(parent) {
		if _, err := os.Stat(parent); err == nil || parent == dir {
			return parent
		}
	}
}

// MakeDir makes a directory below the cache, with those on the way: ours, and
// open to the server's user for passage whatever the umask says.
func (c *Cache) MakeDir(elem ...string) (string, error) {
	dir := filepath.Join(append([]string{c.Dir}, elem...)...)
	if err := makeDirs(dir, 0o755); err != nil {
		return "", fmt.Errorf("make %s: %w", dir, err)
	}
	return dir, nil
}

// makeDirs is os.MkdirAll that gives what it makes, and dir itself, that mode
// whatever the umask is.
func makeDirs(dir string, mode os.FileMode) error {
	info, err := os.Stat(dir)
	if errors.Is(err, os.ErrNotExist) {
		if parent := filepath.Dir(dir); parent != dir {
			if _, err := os.Stat(parent); errors.Is(err, os.ErrNotExist) {
				if err := makeDirs(parent, mode); err != nil {
					return err
				}
			}
		}
		if err := os.Mkdir(dir, mode); err != nil && !errors.Is(err, os.ErrExist) {
			return err
		}
		return os.Chmod(dir, mode)
	}
	if err != nil {
		return err
	}
	if missing := mode &^ info.Mode().Perm(); missing != 0 {
		return os.Chmod(dir, info.Mode().Perm()|missing)
	}
	return nil
}
