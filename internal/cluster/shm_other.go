//go:build !linux

package cluster

// smallShm reports whether shared memory is too small for Postgres. Only Linux
// containers are known to limit it.
func smallShm() (bool, uint64) { return false, 0 }
