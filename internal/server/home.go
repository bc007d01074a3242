package server

import (
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
)

// The directories of servers, below the cache.
const (
	testServers = "servers"
	devServers  = "dev"
)

// home is the directory of one server.
type home struct {
	dir    string
	socket string // directory of the Unix socket; "" where the system has none
}

func homeIn(dir string) home { return home{dir: dir, socket: socketDir(dir)} }

func (h home) data() string     { return filepath.Join(h.dir, "data") } // or a link to it, see memory.go
func (h home) log() string      { return filepath.Join(h.dir, "server.log") }
func (h home) conf() string     { return filepath.Join(h.dir, "server.conf") }
func (h home) password() string { return filepath.Join(h.dir, "password") }
func (h home) bootID() string   { return filepath.Join(h.dir, "boot_id") }
func (h home) project() string  { return filepath.Join(h.dir, "project.json") }
func (h home) retired() string  { return filepath.Join(h.dir, "retired") }

// lock is the path of the lock under which a server is started, stopped or removed:
// all generations share the first one's.
func (h home) lock() string {
	first, _, _ := strings.Cut(filepath.Base(h.dir), ".")
	return filepath.Join(filepath.Dir(h.dir), first, "lock")
}

// major is the major version that the data is of; zero where there is none.
func (h home) major() int {
	text, err := os.ReadFile(filepath.Join(h.data(), "PG_VERSION"))
	if err != nil {
		return 0
	}
	major, _ := strconv.Atoi(strings.TrimSpace(string(text)))
	return major
}

// maxSocketDir keeps "<dir>/.s.PGSQL.65535" within the 103 bytes that macOS
// allows (Linux: 107).
const maxSocketDir = 103 - len("/.s.PGSQL.65535")

// socketDir is inside the home where that path is short enough, and else a
// directory of ours in the system's temporary directory.
func socketDir(dir string) string {
	if runtime.GOOS == "windows" {
		return ""
	}
	if inside := filepath.Join(dir, "s"); len(inside) <= maxSocketDir {
		return inside
	}
	name := "seedbed-" + strconv.Itoa(os.Getuid()) + "-" + shortHash(dir)
	if dir := filepath.Join(os.TempDir(), name); len(dir) <= maxSocketDir {
		return dir
	}
	return filepath.Join("/tmp", name)
}

// socketOutside reports whether the socket's directory is not below the home,
// so that it has to be removed by itself.
func (h home) socketOutside() bool {
	return h.socket != "" && h.socket != filepath.Join(h.dir, "s")
}

// stopCommand is what the reaper has a shell run, in the data directory, to
// stop the server it lives in.
func (h home) stopCommand() string {
	if runtime.GOOS == "windows" {
		return `pg_ctl stop -D . -m fast -W`
	}
	stop := `p="$(head -n 1 postmaster.pid)"; kill -INT "$p"`
	if h.socketOutside() {
		// The server's end signals all that its sessions have started, so what
		// is to outlive it begins deaf to that.
		stop = `trap "" INT TERM QUIT HUP; p="$(head -n 1 postmaster.pid)"; ` +
			`(while kill -0 "$p"; do sleep 0.1; done; rmdir ` + shellQuote(h.socket) + `) >/dev/null 2>&1 & kill -INT "$p"`
	}
	return stop
}

// shellQuote quotes for a POSIX shell.
func shellQuote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
