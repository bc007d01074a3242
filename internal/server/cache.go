package server

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"

	"github.com/qarion/seedbed/internal/osuser"
)

// CacheDir returns the one directory that everything Seedbed leaves behind lives
// in, and creates it.
//
// SEEDBED_CACHE names it outright. Otherwise it is "seedbed" below the user's
// cache directory. As root the server runs as another user, who cannot look into
// a /root of mode 0700, so there the first place that user can reach is taken:
// the user's cache directory, /var/cache, the temporary directory.
func CacheDir(drop *osuser.User) (string, error) {
	if named := os.Getenv("SEEDBED_CACHE"); named != "" {
		return namedCache(named, drop)
	}
	var tried []error
	for _, dir := range cachePlaces(drop != nil) {
		err := usable(dir, drop)
		if err == nil {
			return dir, nil
		}
		tried = append(tried, err)
	}
	return "", fmt.Errorf("find a cache directory (set SEEDBED_CACHE to a writable one): %w", errors.Join(tried...))
}

func namedCache(named string, drop *osuser.User) (string, error) {
	dir, err := filepath.Abs(named)
	if err == nil {
		err = usable(dir, drop)
	}
	if err != nil {
		return "", fmt.Errorf("use SEEDBED_CACHE=%s: %w", named, err)
	}
	return dir, nil
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

// usable makes dir and proves that we can write there and, as root, that the
// server's user can get there. The directory itself is ours, so its mode is
// opened for passage; its parents are not, and stay as they are.
func usable(dir string, drop *osuser.User) error {
	// First, so that nothing is made where it will not be used.
	if err := drop.CanReach(filepath.Dir(dir)); err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	probe, err := os.CreateTemp(dir, ".probe-*")
	if err != nil {
		return err
	}
	probe.Close()
	os.Remove(probe.Name())
	if drop == nil {
		return nil
	}
	if info, err := os.Stat(dir); err == nil && info.Mode().Perm()&0o011 != 0o011 {
		if err := os.Chmod(dir, info.Mode().Perm()|0o011); err != nil {
			return err
		}
	}
	return drop.CanReach(dir)
}
