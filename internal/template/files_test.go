//go:build unix

package template

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// write makes files in a new directory, which were written an hour ago.
func write(t *testing.T, contents map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range contents {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, time.Time{}, time.Now().Add(-time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func read(t *testing.T, dir string) map[string]string {
	t.Helper()
	contents := map[string]string{}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		content, err := os.ReadFile(filepath.Join(dir, entry.Name()))
		if err != nil {
			t.Fatal(err)
		}
		contents[entry.Name()] = string(content)
	}
	return contents
}

func TestRestoreFiles(t *testing.T) {
	whole := map[string]string{"1": "one", "2": "two", "3": "", "4": "four", mapFile: "map"}
	for name, change := range map[string]func(dir string) error{
		"nothing":                     func(string) error { return nil },
		"another content":             func(dir string) error { return os.WriteFile(filepath.Join(dir, "2"), []byte("TWO"), 0o600) },
		"longer":                      func(dir string) error { return os.WriteFile(filepath.Join(dir, "3"), []byte("more"), 0o600) },
		"shorter":                     func(dir string) error { return os.Truncate(filepath.Join(dir, "4"), 0) },
		"gone":                        func(dir string) error { return os.Remove(filepath.Join(dir, "1")) },
		"one more":                    func(dir string) error { return os.WriteFile(filepath.Join(dir, "5"), []byte("five"), 0o600) },
		"by another of the same name": func(dir string) error { return os.Rename(filepath.Join(dir, "1"), filepath.Join(dir, "2")) },
		"with a clock that goes back": func(dir string) error {
			path := filepath.Join(dir, "2")
			err := os.WriteFile(path, []byte("TWO"), 0o600)
			if err == nil {
				err = os.Chtimes(path, time.Time{}, time.Now().Add(-2*time.Hour))
			}
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			template, dir := write(t, whole), write(t, whole)
			were, err := lookAtFiles(dir)
			if err != nil {
				t.Fatal(err)
			}
			// Twice, as what is noted of restored files has to serve for the next time.
			for range 2 {
				if err := change(dir); err != nil {
					t.Fatal(err)
				}
				if lockDirectory(dir) == nil {
					t.Fatal("the directory is not locked")
				}
				if were, err = restoreFiles(dir, template, were); err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(whole, read(t, dir)); diff != "" {
					t.Errorf("files (-template +restored):\n%s", diff)
				}
			}
		})
	}
}

// What is written while somebody looks cannot be told from what is written right
// afterwards.
func TestFilesOfThisInstantAreNotTrusted(t *testing.T) {
	dir := write(t, map[string]string{"old": "old", "new": "new"})
	later := time.Now().Add(time.Hour)
	if err := os.Chtimes(filepath.Join(dir, "new"), time.Time{}, later); err != nil {
		t.Fatal(err)
	}
	seen, err := lookAtFiles(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := seen["old"]; len(seen) != 1 || !ok {
		t.Errorf("noted are %v, want the old file alone", seen)
	}
	if got := read(t, dir); len(got) != 2 {
		t.Errorf("files are left behind: %v", got)
	}
}

// Somebody who can write to the directory must not make a process that may write
// anywhere do so.
func TestLinksAreNotFollowed(t *testing.T) {
	template := write(t, map[string]string{"1": "one", mapFile: "map"})
	outside := write(t, map[string]string{"precious": "precious"})
	dir := t.TempDir()
	if err := os.Symlink(filepath.Join(outside, "precious"), filepath.Join(dir, "1")); err != nil {
		t.Fatal(err)
	}
	_, err := restoreFiles(dir, template, files{})
	if err == nil || !strings.Contains(err.Error(), "not a plain file") {
		t.Errorf("error = %v, want one about the link", err)
	}
	if got := read(t, outside)["precious"]; got != "precious" {
		t.Errorf("the file outside is %q now", got)
	}
}

func TestDirectoryLock(t *testing.T) {
	whole := map[string]string{"1": "one", mapFile: "map"}
	dir := write(t, whole)
	lock := lockDirectory(dir)
	if _, there := read(t, dir)[mapFile]; lock == nil || there {
		t.Errorf("a session that begins finds its catalogs: %v", read(t, dir))
	}
	lock.undo()
	if diff := cmp.Diff(whole, read(t, dir)); diff != "" {
		t.Errorf("files (-before +after):\n%s", diff)
	}
	if lockDirectory(filepath.Join(dir, "gone")) != nil {
		t.Error("a directory that is not there is locked")
	}
}
