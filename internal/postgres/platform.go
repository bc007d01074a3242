package postgres

import (
	"os"
	"path/filepath"
	"runtime"
)

// platform names what a tree was built for, the C library included: a cache may
// be shared between machines, and between containers of one machine.
func platform() string {
	p := runtime.GOOS + "-" + runtime.GOARCH
	if musl() {
		p += "-musl"
	}
	return p
}

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
