package server

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/qarion/seedbed/internal/postgres"
)

// A test server's data lies in memory where the machine has room for it: making and
// dropping databases there takes half the time that it takes on a disk, and starting
// from the image a tenth. The home's data is then a link. The directory it leads to
// names the home, so that what a removed cache leaves behind is found.

// memoryNeeded is how much has to be free for a server to be put there.
const memoryNeeded = 1 << 30

// memoryPrefix begins the names of our directories in memory.
const memoryPrefix = "seedbed-"

// MemoryVariable is the environment variable that keeps data out of memory, when it
// is "off".
const MemoryVariable = "SEEDBED_MEMORY"

// newMemory makes a directory for the data of h in memory, and returns where the data
// goes; "" where it should be on disk.
func (h home) newMemory() (data string, err error) {
	if os.Getenv(MemoryVariable) == "off" || memoryRoom() < memoryNeeded {
		return "", nil
	}
	// The name cannot be foreseen: every user of the machine can write there.
	dir, err := os.MkdirTemp(memoryRoot, memoryPrefix)
	if err != nil {
		return "", err
	}
	data = filepath.Join(dir, "data")
	if err = h.own(data); err == nil {
		err = os.Chmod(dir, 0o711) // the server's user passes through
	}
	if err != nil {
		return "", errors.Join(err, removeMemory(dir))
	}
	return data, nil
}

// own notes that data in memory belongs to h.
func (h home) own(data string) error {
	return os.WriteFile(filepath.Join(filepath.Dir(data), "home"), []byte(h.dir), 0o600)
}

// inMemory is where the link of h leads, "" where the data is on disk.
func (h home) inMemory() string {
	target, err := os.Readlink(h.data())
	if err != nil {
		return ""
	}
	return target
}

// removeMemory removes a directory of ours in memory, and no other.
func removeMemory(dir string) error {
	if filepath.Dir(dir) != memoryRoot || !strings.HasPrefix(filepath.Base(dir), memoryPrefix) {
		return errors.New("remove " + dir + ": it is not one of ours")
	}
	return os.RemoveAll(dir)
}

// clearMemory removes what processes that were killed have put in memory for h and
// not linked. The caller holds the server's lock.
func (h home) clearMemory() {
	dirs, _ := filepath.Glob(filepath.Join(memoryRoot, memoryPrefix+"*"))
	for _, dir := range dirs {
		info, err := os.Lstat(dir)
		if err != nil || !info.IsDir() || !ownedByUs(info) {
			continue
		}
		of, err := os.ReadFile(filepath.Join(dir, "home"))
		if err == nil && string(of) == h.dir && h.inMemory() != filepath.Join(dir, "data") {
			_ = removeMemory(dir)
		}
	}
}

// sweepMemory removes what lies in memory and belongs to no server: the cache was
// removed, or the process that put it there was killed before the server had it.
func sweepMemory() {
	dirs, _ := filepath.Glob(filepath.Join(memoryRoot, memoryPrefix+"*"))
	for _, dir := range dirs {
		info, err := os.Lstat(dir)
		if err != nil || !info.IsDir() || !ownedByUs(info) || time.Since(info.ModTime()) < 5*time.Minute {
			continue
		}
		of, err := os.ReadFile(filepath.Join(dir, "home"))
		data := filepath.Join(dir, "data")
		if err != nil && !errors.Is(err, fs.ErrNotExist) || homeIn(string(of)).inMemory() == data {
			continue
		}
		if p, err := postgres.Running(data); p == nil && err == nil {
			_ = removeMemory(dir)
		}
	}
}
