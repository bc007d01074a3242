// Package buildid tells one version of code from the next: a build of the running
// program, or the sources of a function.
package buildid

import (
	"bytes"
	"crypto/sha256"
	"debug/elf"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"sync"
)

// Running identifies the build of the running program: by the ID that the Go
// linker wrote into it, which covers all code linked in, else by a hash of the
// file. It is read once.
var Running = sync.OnceValues(func() (string, error) {
	path, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("find the running binary: %w", err)
	}
	f, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("read the running binary: %w", err)
	}
	defer f.Close()
	if id := linkedID(f); id != "" {
		return id, nil
	}
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", fmt.Errorf("read the running binary: %w", err)
	}
	return "sha256:" + hex.EncodeToString(h.Sum(nil)), nil
})

// linkedID reads the ID where cmd/internal/buildid does: an ELF note, else a marked
// string at the start of the text segment, which lies in the first 32 KB.
func linkedID(f *os.File) string {
	if e, err := elf.NewFile(f); err == nil {
		if s := e.Section(".note.go.buildid"); s != nil {
			if note, err := s.Data(); err == nil && len(note) > 16 {
				return string(bytes.TrimRight(note[16:], "\x00"))
			}
		}
	}
	head := make([]byte, 32<<10)
	n, _ := f.ReadAt(head, 0)
	_, after, ok := bytes.Cut(head[:n], []byte("\xff Go build ID: \""))
	id, _, closed := bytes.Cut(after, []byte("\"\n \xff"))
	if !ok || !closed {
		return ""
	}
	return string(id)
}
