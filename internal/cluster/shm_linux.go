package cluster

import "golang.org/x/sys/unix"

// smallShm reports whether /dev/shm is too small for Postgres's dynamic shared
// memory, and its size in bytes.
func smallShm() (bool, uint64) {
	var fs unix.Statfs_t
	if err := unix.Statfs("/dev/shm", &fs); err != nil {
		return true, 0
	}
	size := fs.Blocks * uint64(fs.Bsize)
	return size < 256<<20, size
}
