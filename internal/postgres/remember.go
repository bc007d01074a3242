package postgres

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// answer is what a program said, for as long as its file stays what it was.
type answer struct {
	Path  string `json:"path"`
	Stamp string `json:"stamp"`
	Said  string `json:"said"`
}

// remember returns what is noted in the cache about path, or asks and notes it.
// It is a short cut only: a note that cannot be read or written costs asking again.
func (c *Cache) remember(path, question string, ask func() (string, error)) (string, error) {
	stamp, err := stampOf(path)
	if err != nil {
		return "", err
	}
	return c.rememberAs(path, question, stamp, ask)
}

func (c *Cache) rememberAs(path, question, stamp string, ask func() (string, error)) (string, error) {
	sum := sha256.Sum256([]byte(question + "\x00" + path))
	note := filepath.Join(c.Dir, "binaries", "known-"+hex.EncodeToString(sum[:8])+".json")
	var a answer
	if text, err := os.ReadFile(note); err == nil && json.Unmarshal(text, &a) == nil && a.Path == path && a.Stamp == stamp {
		return a.Said, nil
	}
	said, err := ask()
	if err != nil {
		return said, err
	}
	if text, err := json.Marshal(answer{path, stamp, said}); err == nil {
		if _, err := c.MakeDir("binaries"); err == nil {
			_ = replaceFile(note, text, 0o644)
		}
	}
	return said, nil
}

// stampOf changes when the file is written or replaced.
func stampOf(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	return stamp(info), nil
}

func stamp(info os.FileInfo) string {
	return fmt.Sprintf("%d %d %d", info.Size(), info.ModTime().UnixNano(), inode(info))
}

// replaceFile writes beside path and renames, so that a reader sees the old or
// the new and never a half. The directory is ours.
func replaceFile(path string, data []byte, mode os.FileMode) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Chmod(mode)
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		_ = os.Remove(f.Name())
	}
	return err
}
