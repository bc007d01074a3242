package cluster

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"github.com/qarion/seedbed/internal/binaries"
)

// A home is the directory of one server.
type home struct {
	dir    string
	socket string // directory of the Unix socket; "" where the system has none
}

// maxSocketDir keeps "<dir>/.s.PGSQL.65535" within the 103 bytes that macOS
// allows (Linux: 107).
const maxSocketDir = 103 - len("/.s.PGSQL.65535")

// newHome returns the home of the server that cfg describes: by name, or by all
// that shapes a server, so that two versions of anything never share one.
func newHome(cfg Config, bin *binaries.Installation) home {
	shape, _ := json.Marshal([]any{bin.Prefix, bin.Version, cfg.locale(), cfg.settings(), cfg.Protocol, setupSQL, reaperSQL, controlSQL})
	sum := sha256.Sum256(shape)
	name := fmt.Sprintf("%d-%s", bin.Major, hex.EncodeToString(sum[:5]))
	dir := filepath.Join(cfg.Cache, "servers", name)
	if cfg.Name != "" {
		dir = filepath.Join(cfg.Cache, cfg.Name)
	}
	return home{dir: dir, socket: socketDir(dir)}
}

// socketDir is inside the home where that path is short enough, and else a
// directory of ours in the system's temporary directory.
func socketDir(dir string) string {
	if runtime.GOOS == "windows" {
		return ""
	}
	if inside := filepath.Join(dir, "s"); len(inside) <= maxSocketDir {
		return inside
	}
	sum := sha256.Sum256([]byte(dir))
	name := "seedbed-" + strconv.Itoa(os.Getuid()) + "-" + hex.EncodeToString(sum[:5])
	if dir := filepath.Join(os.TempDir(), name); len(dir) <= maxSocketDir {
		return dir
	}
	return filepath.Join("/tmp", name)
}

func (h home) data() string     { return filepath.Join(h.dir, "data") }
func (h home) log() string      { return filepath.Join(h.dir, "server.log") }
func (h home) lock() string     { return filepath.Join(h.dir, "lock") }
func (h home) run() string      { return filepath.Join(h.dir, "run") }
func (h home) password() string { return filepath.Join(h.dir, "password") }
func (h home) bootID() string   { return filepath.Join(h.dir, "boot_id") }

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
		// The server's end signals whatever its sessions have started, so what
		// is to outlive it begins deaf to that.
		stop = `trap "" INT TERM QUIT HUP; p="$(head -n 1 postmaster.pid)"; ` +
			`(while kill -0 "$p"; do sleep 0.1; done; rmdir ` + shellQuote(h.socket) + `) >/dev/null 2>&1 & kill -INT "$p"`
	}
	return stop
}

// shellQuote quotes for a POSIX shell.
func shellQuote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
