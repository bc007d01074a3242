package postgres

import (
	"os"
	"path/filepath"
	"runtime"
)

// platform names the operating system, architecture and C library that a Postgres
// installation was built for. Machines and containers that differ in these may share
// the cache directory.
func platform() string {
	p := runtime.GOOS + "-" + runtime.GOARCH
	if musl() {
		p += "-musl"
	}
	return p
}

// musl reports whether the system's C library is musl. A system with the loaders of both
// is taken for one of glibc, except for Alpine.
func musl() bool {
	if runtime.GOOS != "linux" {
		return false
	}
	if _, err := os.Stat("/etc/alpine-release"); err == nil {
		return true
	}
	loaders, _ := filepath.Glob("/lib/ld-musl-*.so.1")
	glibc, _ := filepath.Glob("/lib*/ld-linux*.so.*")
	return len(loaders) > 0 && len(glibc) == 0
}
