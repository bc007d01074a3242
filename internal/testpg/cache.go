package testpg

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/qarion/seedbed/internal/testkit"
)

// CacheDir makes a cache for SEEDBED_CACHE as testkit.CacheDir does, with what takes
// longest already in it: the initialised data directories of this process's cache.
// Tests of how these are made take testkit.CacheDir.
func CacheDir(t testing.TB) string {
	t.Helper()
	dir := testkit.CacheDir(t)
	shared := sharedCache(t)
	for _, image := range images(t, filepath.Join(shared, "images")) {
		to := filepath.Join(dir, "images", filepath.Base(image))
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			t.Fatal(err)
		}
		// With its owner, who is the user that Postgres runs as. Servers copy an image and
		// never write to it, so that its files may be links to the shared ones.
		if exec.Command("cp", "-Rpl", image, to).Run() == nil {
			continue
		}
		if err := os.RemoveAll(to); err != nil {
			t.Fatal(err)
		}
		if out, err := exec.Command("cp", "-Rp", image, to).CombinedOutput(); err != nil { // another file system
			t.Fatalf("copy an image: %v\n%s", err, out)
		}
	}
	return dir
}

// sharedCache is the cache of this process: where the server runs whose databases
// its tests have.
func sharedCache(t testing.TB) string {
	t.Helper()
	data := One[string](t, Superuser(t, Empty.DB(t)), "SHOW data_directory")
	return filepath.Join(data, "..", "..", "..") // servers/NAME/data
}

// images are the directories below dir that are complete.
func images(t testing.TB, dir string) (all []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil // SEEDBED_URL names the server
	}
	for _, e := range entries {
		if e.IsDir() && !strings.HasPrefix(e.Name(), ".") && !strings.HasSuffix(e.Name(), ".draft") {
			all = append(all, filepath.Join(dir, e.Name()))
		}
	}
	return all
}
