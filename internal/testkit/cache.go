package testkit

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// OpenDir makes a directory that the user that Postgres runs as can enter, which
// t.TempDir's is not; its path is short enough for sockets below it.
func OpenDir(t testing.TB) string {
	t.Helper()
	return openDir(t, "")
}

func openDir(t testing.TB, below string) string {
	t.Helper()
	dir, err := os.MkdirTemp(below, "sb")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// CacheDir makes a cache for SEEDBED_CACHE that no other test uses. Servers that run
// in it at the test's end are stopped. It lies in memory where there is plenty: servers
// for development wait for the disk.
func CacheDir(t testing.TB) string {
	t.Helper()
	below := ""
	if os.Getenv("TMPDIR") == "" && freeMemory() > 4<<30 {
		below = "/dev/shm"
	}
	dir := openDir(t, below)
	t.Cleanup(func() { StopServers(dir) })
	return dir
}

// Servers are the process ids of the servers that run on data directories below
// dir, by directory.
func Servers(dir string) map[string]int {
	running := map[string]int{}
	_ = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return nil // it has gone meanwhile
		}
		if entry.Type() == fs.ModeSymlink { // to data that lies in memory
			path = filepath.Join(path, "postmaster.pid")
		}
		if filepath.Base(path) == "postmaster.pid" {
			if pid := postmaster(path); pid > 1 && Alive(pid) {
				running[filepath.Dir(path)] = pid
			}
		}
		return nil
	})
	return running
}

// removeMemory removes what servers below dir have in memory.
func removeMemory(dir string) {
	links, _ := filepath.Glob(filepath.Join(dir, "s*", "*", "data")) // of servers and spares
	for _, link := range links {
		target, err := os.Readlink(link)
		if err == nil && strings.HasPrefix(filepath.Base(filepath.Dir(target)), "seedbed-") {
			_ = os.RemoveAll(filepath.Dir(target))
		}
	}
}

// postmaster is the first line of a postmaster.pid; 0 if there is none.
func postmaster(path string) int {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0
	}
	first, _, _ := bytes.Cut(text, []byte("\n"))
	pid, err := strconv.Atoi(string(bytes.TrimSpace(first)))
	if err != nil {
		return 0
	}
	return pid
}

// StopServers ends the servers that run below dir at once, and removes what they hold
// in memory: the rest is to be removed with dir.
func StopServers(dir string) {
	for _, pid := range Servers(dir) {
		quit(pid)
		for end := time.Now().Add(10 * time.Second); Alive(pid) && time.Now().Before(end); {
			time.Sleep(5 * time.Millisecond) // the end of a process that is no child of ours has no event
		}
	}
	removeMemory(dir)
}
