//go:build !linux

package server

import "io/fs"

// Only Linux has a file system in memory that is always there.
const memoryRoot = ""

func memoryRoom() uint64 { return 0 }

// smallShm reports whether shared memory is too small for Postgres. Only Linux
// containers are known to limit it.
func smallShm() (bool, uint64) { return false, 0 }

func ownedByUs(fs.FileInfo) bool { return false }
