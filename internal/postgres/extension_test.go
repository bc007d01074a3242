//go:build unix

package postgres_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/qarion/seedbed/internal/postgres"
	"github.com/qarion/seedbed/internal/testkit"
)

// withExtensions installs a Postgres that has some extensions.
func withExtensions(t *testing.T, version string, controls map[string]string) (bin string) {
	t.Helper()
	dir := testkit.OpenDir(t)
	bin = filepath.Join(dir, "bin")
	fake(t, bin, version, "echo share_path="+dir+"/share")
	do(t, os.MkdirAll(dir+"/share/extension", 0o755))
	for name, text := range controls {
		do(t, os.WriteFile(filepath.Join(dir, "share", "extension", name+".control"), []byte(text), 0o644))
	}
	return bin
}

// The Postgres that has the extensions is taken, though it is not the newest one.
func TestExtensionDecides(t *testing.T) {
	newer := withExtensions(t, "98.2", map[string]string{"cube": ""})
	older := withExtensions(t, "97.1", map[string]string{"cube": "", "vector": "comment = 'x'\n", "earthdistance": "requires = 'cube' # and no more\n", "half": "requires = 'cube, absent'"})
	t.Setenv("PATH", newer+":"+older+":/usr/bin:/bin")
	t.Setenv("SEEDBED_BINARIES", "")
	t.Setenv("SEEDBED_VERSION", "")
	cache := newCache(t)
	for extension, want := range map[string]string{"cube": "98.2", "vector": "97.1", "earthdistance": "97.1"} {
		inst, err := postgres.Find(t.Context(), postgres.Request{Cache: cache, Extensions: []string{extension}})
		if err != nil || inst.Version != want {
			t.Errorf("%s: %+v, %v; want %s", extension, inst, err, want)
		}
	}
	_, err := postgres.Find(t.Context(), postgres.Request{Cache: cache, Extensions: []string{"half"}})
	if err == nil || !strings.Contains(err.Error(), older+": lacks extension absent") {
		t.Errorf("half: %v", err)
	}
	_, err = postgres.Find(t.Context(), postgres.Request{Cache: cache, Version: "98", Extensions: []string{"vector"}})
	if err == nil {
		t.Fatal("98 has no vector")
	}
	mustContain(t, err.Error(), "find postgres 98 with vector", newer+": lacks extension vector", older+": not the wanted 98", "their builds have no vector")
	if _, lookErr := os.Stat("/usr/bin/apt-get"); lookErr == nil {
		mustContain(t, err.Error(), "apt-get install -y postgresql-98 postgresql-98-pgvector")
	}
	_, err = postgres.Find(t.Context(), postgres.Request{Cache: cache, Dir: newer, Extensions: []string{"vector"}})
	if err == nil {
		t.Fatal("the named one has no vector")
	}
	mustContain(t, err.Error(), "lacks extension vector", "install with: ")
}

// A real Postgres tells where its extensions are.
func TestExtensionsOfTheInstalled(t *testing.T) {
	cache := sharedCache(t)
	inst, err := postgres.Find(t.Context(), postgres.Request{Cache: cache, Extensions: []string{"plpgsql"}})
	if err != nil || inst.Version == "" {
		t.Errorf("%+v, %v", inst, err)
	}
}
