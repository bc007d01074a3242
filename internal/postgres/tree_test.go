//go:build unix

package postgres

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// What another user puts in a file's place after it was listed is not copied.
func TestCopyOfSwappedFiles(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("it takes root to be several users")
	}
	theirs := &User{UID: 48151, GID: 48151}
	for name, swap := range map[string]func(file, secret string) error{
		"link":      func(file, secret string) error { return os.Symlink(secret, file) },
		"hard link": func(file, secret string) error { return os.Link(secret, file) },
		"pipe":      func(file, _ string) error { return syscall.Mkfifo(file, 0o666) },
		"directory": func(file, _ string) error { return os.Mkdir(file, 0o755) },
		"nothing":   func(string, string) error { return nil },
		"root's":    func(file, _ string) error { return os.WriteFile(file, nil, 0o644) },
		"link outside": func(file, _ string) error {
			return errors.Join(os.Remove(filepath.Dir(file)), os.Symlink("/etc", filepath.Dir(file)))
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			secret := filepath.Join(dir, "secret")
			if err := errors.Join(os.WriteFile(secret, []byte("root's"), 0o600), os.MkdirAll(filepath.Join(dir, "from", "base"), 0o755),
				swap(filepath.Join(dir, "from", "base", "passwd"), secret)); err != nil {
				t.Fatal(err)
			}
			c := treeCopy{from: filepath.Join(dir, "from"), to: filepath.Join(dir, "to"), digest: quickDigest, owner: theirs, mode: 0o755,
				want: manifest{"base": {Dir: true}, "base/passwd": {Size: 6, Sum: "x"}}}
			if _, err := c.copy(); err == nil {
				t.Error("copied")
			}
			if text, err := os.ReadFile(filepath.Join(dir, "to", "base", "passwd")); err == nil && len(text) > 0 {
				t.Errorf("it wrote %q", text)
			}
		})
	}
}
