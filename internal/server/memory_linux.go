package server

import (
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

const memoryRoot = "/dev/shm"

// memoryRoom is how much a server's data may take in memory: what is free there,
// within what the control group still allows.
func memoryRoom() uint64 {
	var st unix.Statfs_t
	if unix.Statfs(memoryRoot, &st) != nil || st.Type != unix.TMPFS_MAGIC {
		return 0
	}
	room := st.Bavail * uint64(st.Bsize)
	var info unix.Sysinfo_t
	if unix.Sysinfo(&info) == nil {
		room = min(room, available(info))
	}
	return min(room, groupRoom())
}

// available is the kernel's estimate of what programs can get without swapping.
func available(info unix.Sysinfo_t) uint64 {
	text, _ := os.ReadFile("/proc/meminfo")
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "MemAvailable:"); ok {
			if kb, err := strconv.ParseUint(strings.Fields(rest)[0], 10, 64); err == nil {
				return kb << 10
			}
		}
	}
	return uint64(info.Freeram) * uint64(info.Unit)
}

// groupRoom is what the process's control group may still use: the least of what it
// and those above it allow.
func groupRoom() uint64 {
	room := ^uint64(0)
	text, _ := os.ReadFile("/proc/self/cgroup")
	for line := range strings.Lines(string(text)) {
		part := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(part) < 3 {
			continue
		}
		root, limit, used := "/sys/fs/cgroup", "memory.max", "memory.current"
		if part[0] != "0" { // version 1
			if !strings.Contains(","+part[1]+",", ",memory,") {
				continue
			}
			root, limit, used = "/sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.usage_in_bytes"
		}
		for dir := filepath.Clean("/" + part[2]); ; dir = filepath.Dir(dir) {
			most, err := readNumber(filepath.Join(root, dir, limit))
			now, usedErr := readNumber(filepath.Join(root, dir, used))
			if err == nil && usedErr == nil {
				room = min(room, most-min(now, most))
			}
			if dir == "/" {
				break
			}
		}
	}
	return room
}

// readNumber fails where the file says "max".
func readNumber(path string) (uint64, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	return strconv.ParseUint(strings.TrimSpace(string(text)), 10, 64)
}

// smallShm reports whether /dev/shm is too small for Postgres's dynamic shared
// memory, and its size in bytes.
func smallShm() (bool, uint64) {
	var st unix.Statfs_t
	if err := unix.Statfs(memoryRoot, &st); err != nil {
		return true, 0
	}
	size := st.Blocks * uint64(st.Bsize)
	return size < 256<<20, size
}

func ownedByUs(info fs.FileInfo) bool {
	st, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(st.Uid) == os.Geteuid()
}
