package binaries

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// memo remembers what a program said, and that a tree was found whole, in one
// small file each, for as long as the program, or the tree's manifest, has the
// same size, time and inode. It is only ever a short cut: a memo that cannot be
// read or written costs asking again.
type memo struct{ dir string }

type memoEntry struct {
	Path   string `json:"path"`
	Stamp  string `json:"stamp"`
	Answer string `json:"answer"`
}

// version is what the program at path says its version is, without its name.
func (m memo) version(ctx context.Context, path string) (string, error) {
	return m.ask(path, func() (string, error) { return askVersion(ctx, path) })
}

// ask returns what is remembered of path, or what the question answers now.
func (m memo) ask(path string, question func() (string, error)) (string, error) {
	stamp, err := stampOf(path)
	if err != nil {
		return "", err
	}
	if e, ok := m.read(path); ok && e.Stamp == stamp {
		return e.Answer, nil
	}
	answer, err := question()
	if err != nil {
		return "", err
	}
	m.write(memoEntry{Path: path, Stamp: stamp, Answer: answer})
	return answer, nil
}

func (m memo) file(path string) string {
	sum := sha256.Sum256([]byte(path))
	return filepath.Join(m.dir, "binaries", "known-"+hex.EncodeToString(sum[:8])+".json")
}

func (m memo) read(path string) (memoEntry, bool) {
	var e memoEntry
	if m.dir == "" {
		return e, false
	}
	data, err := os.ReadFile(m.file(path))
	if err != nil || json.Unmarshal(data, &e) != nil {
		return e, false
	}
	return e, e.Path == path && e.Answer != ""
}

func (m memo) write(e memoEntry) {
	if m.dir == "" {
		return
	}
	data, err := json.Marshal(e)
	if err != nil {
		return
	}
	_ = replaceFile(m.file(e.Path), data)
}

// replaceFile writes beside path and renames, so that a reader sees the old or
// the new and never a half.
func replaceFile(path string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return err
	}
	_, err = f.Write(data)
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

// askVersion runs the program: that it starts at all is the proof that it is of
// this system, processor and C library.
func askVersion(ctx context.Context, path string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, "--version")
	cmd.Env = plainEnv()
	cmd.WaitDelay = time.Second
	out, err := cmd.CombinedOutput()
	text := strings.TrimSpace(string(out))
	if err != nil {
		return "", fmt.Errorf("does not run: %s", whyNot(path, err, text))
	}
	_, v, ok := strings.Cut(text, "(PostgreSQL) ")
	if !ok {
		return "", fmt.Errorf("is not postgres: --version says %q", firstLine(text))
	}
	return strings.Fields(v + " ?")[0], nil
}

func firstLine(s string) string {
	s, _, _ = strings.Cut(strings.TrimSpace(s), "\n")
	return s
}

// plainEnv is the environment without what changes how programs answer.
func plainEnv() []string {
	var env []string
	for _, kv := range os.Environ() {
		if !strings.HasPrefix(kv, "PG") && !strings.HasPrefix(kv, "LC_") && !strings.HasPrefix(kv, "LANG") {
			env = append(env, kv)
		}
	}
	return append(env, "LC_ALL=C")
}
