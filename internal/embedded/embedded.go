// Package embedded is the one place where embedded-postgres is used, unmodified,
// as the engine that provides and boots Postgres.
//
//	err := embedded.Init(ctx, cfg)        // once: initdb
//	srv, err := embedded.Boot(ctx, cfg)   // about 50 ms
//	err = embedded.Stop(ctx, embedded.StopConfig{Data: cfg.Data, Immediate: true})
//
// The library refuses root, takes no context, hands its own output to the
// server, waits in steps of 100 ms and reads the PG* environment. It lets us name
// the directory it takes initdb and pg_ctl from, so we give it one that holds
// two small wrappers, and everything it lacks happens there: dropping to another
// user, a clean environment, output to a file, a wait that ends when the server
// is ready. Nobody is connected to a server that Boot returned.
package embedded

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/qarion/seedbed/internal/osuser"
)

// BootConfig describes one server. All paths should be absolute; Boot makes the
// last directory of each that is missing and gives it to Drop.
type BootConfig struct {
	Bin     string // the directory with the real initdb, pg_ctl and postgres
	Data    string // the data directory; Boot calls Init when it is missing
	Runtime string // a private directory for Boot's own files; emptied when it returns
	Socket  string // the directory of the Unix socket; empty: TCP only
	LogFile string // the server's output; a former one is kept as LogFile.1

	// Port is tried first; when it is taken, and for 0, a free one is picked.
	Port int

	User     string // the superuser; empty: postgres
	Password string // required: letters, digits and -._~ only, the library does not quote it

	Locale   string   // for initdb; empty: C
	Encoding string   // for initdb; empty: UTF8
	InitArgs []string // more arguments for initdb

	// Settings go into a file that postgresql.conf includes, so that any value
	// survives. The port and the socket directory are not theirs to set.
	Settings map[string]string

	Drop    *osuser.User  // who the server runs as; nil: this process's user
	Timeout time.Duration // for all of it; zero: one minute
}

// Server is a server that accepts connections, on the Unix socket in
// BootConfig.Socket and on TCP at localhost.
type Server struct {
	PID  int
	Port int
}

func (cfg BootConfig) complete() (BootConfig, error) {
	if cfg.User == "" {
		cfg.User = "postgres"
	}
	if cfg.Encoding == "" {
		cfg.Encoding = "UTF8"
	}
	if cfg.Timeout == 0 {
		cfg.Timeout = time.Minute
	}
	for _, p := range []*string{&cfg.Bin, &cfg.Data, &cfg.Runtime, &cfg.LogFile} {
		if *p == "" {
			return cfg, errors.New("a path is missing: Bin, Data, Runtime and LogFile are required")
		}
		abs, err := filepath.Abs(*p)
		if err != nil {
			return cfg, err
		}
		*p = abs
	}
	for name, s := range map[string]string{"User": cfg.User, "Password": cfg.Password} {
		if s == "" || strings.Trim(s, plainLetters) != "" {
			return cfg, fmt.Errorf("%s is %q: want letters, digits and -._~", name, s)
		}
	}
	if len(cfg.Socket) > maxSocketDir {
		return cfg, fmt.Errorf("socket directory %s is %d bytes long, the system takes %d: use a shorter one", cfg.Socket, len(cfg.Socket), maxSocketDir)
	}
	return cfg, nil
}

const plainLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~"

// macOS allows 103 bytes for the whole path, other systems 107.
const maxSocketDir = 103 - len("/.s.PGSQL.65535")

// Boot starts the server and returns once it accepts connections. It never
// removes a data directory: one of another version, or that is none, is an
// error. When it fails, or ctx ends, no server is left behind; the error quotes
// the server's log. Two calls for one data directory must not overlap; those of
// one process are made one after the other, see library.go.
func Boot(ctx context.Context, cfg BootConfig) (*Server, error) {
	cfg, err := cfg.complete()
	if err != nil {
		return nil, fmt.Errorf("boot postgres: %w", err)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, cfg.Timeout, fmt.Errorf("not ready after %v", cfg.Timeout))
	defer cancel()
	if err := prepareData(ctx, cfg); err != nil {
		return nil, err
	}
	if err := prepareDirs(cfg); err != nil {
		return nil, bootError(cfg, err)
	}
	defer removeRuntime(cfg.Runtime)
	port := cfg.Port
	for try := 1; ; try++ {
		if port == 0 || !portFree(port) {
			if port, err = FreePort(); err != nil {
				return nil, bootError(cfg, err)
			}
		}
		srv, err := bootOnce(ctx, cfg, port)
		if err == nil {
			return srv, nil
		}
		// Whoever holds the port now took it from us between the look and the
		// server's bind. Another one will do.
		if ctx.Err() != nil || try == 5 || portFree(port) {
			return nil, err
		}
		port = 0
	}
}

// prepareData sees to it that Data is an initialised directory of the right
// version that no server uses and that Postgres will accept.
func prepareData(ctx context.Context, cfg BootConfig) error {
	if err := settle(ctx, cfg); err != nil {
		return bootError(cfg, err)
	}
	state, err := dataVersion(cfg.Data)
	if err != nil {
		return bootError(cfg, err)
	}
	if state == "" {
		if err := Init(ctx, cfg); err != nil {
			return err
		}
	}
	if err := clearStale(cfg.Data); err != nil {
		return bootError(cfg, err)
	}
	// A cache that was packed and unpacked comes back as 0755, which Postgres refuses.
	if err := os.Chmod(cfg.Data, 0o700); err != nil {
		return bootError(cfg, err)
	}
	if err := cfg.Drop.Chown(cfg.Data); err != nil {
		return bootError(cfg, err)
	}
	return nil
}

// dataVersion is the content of PG_VERSION, or "" for a directory that is missing
// or empty. The library erases a data directory whose version it does not expect,
// so anything else ends here.
func dataVersion(data string) (string, error) {
	text, err := os.ReadFile(filepath.Join(data, "PG_VERSION"))
	if err == nil {
		return strings.TrimSpace(string(text)), nil
	}
	entries, dirErr := os.ReadDir(data)
	switch {
	case errors.Is(dirErr, os.ErrNotExist):
		return "", nil
	case dirErr != nil:
		return "", dirErr
	case len(entries) > 0:
		return "", fmt.Errorf("%s is not empty and not a data directory: %w", data, err)
	}
	return "", nil
}

func prepareDirs(cfg BootConfig) error {
	if cfg.Socket != "" {
		if err := makeDir(cfg.Socket, 0o700, cfg.Drop); err != nil {
			return err
		}
	}
	if err := makeDir(cfg.Runtime, 0o755, nil); err != nil {
		return err
	}
	if err := cfg.Drop.CanReach(cfg.Data); err != nil {
		return err
	}
	if err := cfg.Drop.CanReach(cfg.Runtime); err != nil {
		return err
	}
	return freshLog(cfg.LogFile, cfg.Drop)
}

// makeDir makes a missing directory of exactly that mode, owned by who.
func makeDir(dir string, mode os.FileMode, who *osuser.User) error {
	err := os.Mkdir(dir, mode)
	if errors.Is(err, os.ErrNotExist) {
		if err = os.MkdirAll(filepath.Dir(dir), 0o755); err == nil {
			err = os.Mkdir(dir, mode)
		}
	}
	if errors.Is(err, os.ErrExist) {
		return who.Chown(dir)
	}
	if err != nil {
		return err
	}
	if err := os.Chmod(dir, mode); err != nil {
		return err
	}
	return who.Chown(dir)
}

// bootOnce is one start on one port.
func bootOnce(ctx context.Context, cfg BootConfig, port int) (*Server, error) {
	if err := writeConf(cfg, port); err != nil {
		return nil, bootError(cfg, err)
	}
	w, err := newWrappers(cfg, func(w *wrappers) (map[string]string, error) { return w.bootPrograms(cfg, port) })
	if err != nil {
		return nil, bootError(cfg, err)
	}
	major, err := dataVersion(cfg.Data)
	if err != nil {
		return nil, bootError(cfg, err)
	}
	watched := w.watch(ctx, func(p *Postmaster) error { return greet(ctx, cfg, port) }, cfg.Data)
	err = w.start(libraryCall{cfg: cfg, data: cfg.Data, port: port, version: major})
	srv, watchErr := watched()
	if err == nil && watchErr == nil {
		return srv, nil
	}
	if stopErr := Stop(context.WithoutCancel(ctx), StopConfig{Data: cfg.Data, Immediate: true}); stopErr != nil {
		watchErr = errors.Join(watchErr, stopErr)
	}
	if watchErr == nil {
		watchErr = err
	}
	return nil, bootError(cfg, watchErr)
}
