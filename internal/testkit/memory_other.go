//go:build !linux

package testkit

// freeMemory is 0: this system has no directory in memory.
func freeMemory() uint64 { return 0 }
