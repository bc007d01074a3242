package testkit

import "syscall"

// freeMemory is how many bytes of files /dev/shm has room for.
func freeMemory() uint64 {
	var fs syscall.Statfs_t
	if err := syscall.Statfs("/dev/shm", &fs); err != nil {
		return 0
	}
	return fs.Bavail * uint64(fs.Bsize)
}
