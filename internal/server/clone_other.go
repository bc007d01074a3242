//go:build !linux && !darwin

package server

// canClone reports whether files in dir can share their blocks with a copy.
func canClone(string) bool { return false }
