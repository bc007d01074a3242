package server

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/qarion/seedbed/internal/flock"
	"github.com/qarion/seedbed/internal/postgres"
)

// DevConfig says which development server is wanted. Its data is a person's work: it
// has Postgres's own guards against a crash of the machine, it is never in memory, and
// a server that does not start is an error, never a reason to begin anew.
type DevConfig struct {
	Project Project
	// Version is a major or exact version. Empty: SEEDBED_VERSION, else any.
	Version string
	// Idle is how long the server outlives its last client. Negative: for ever.
	Idle time.Duration
	// Port is tried first. Taken: a free one is picked.
	Port int
	// Logf receives what was chosen. Nil: nothing.
	Logf func(format string, args ...any)
}

// DevName is the name of the server of a project and branch, below the cache. It
// does not follow from migrations: an edit must not hide a person's rows.
func DevName(p Project) string {
	return filepath.Join(devServers, slug(filepath.Base(p.Root), 20)+"-"+slug(p.Branch, 20)+"-"+shortHash(p.Root+"\x00"+p.Branch))
}

// DevDir is the directory of the server of a project and branch.
func DevDir(p Project) (string, error) {
	cache, err := postgres.OpenCache("")
	if err != nil {
		return "", err
	}
	return filepath.Join(cache.Dir, DevName(p)), nil
}

// AcquireDev finds the development server, or starts it, and leases it.
func AcquireDev(ctx context.Context, cfg DevConfig) (*Server, error) {
	sp, err := newSpec("", cfg.Logf)
	if err != nil {
		return nil, err
	}
	sp.name, sp.project, sp.idle, sp.port = DevName(cfg.Project), cfg.Project, cfg.Idle, cfg.Port
	sp.settings, sp.durable = devSettings(), true
	if err := sp.find(ctx, postgres.Request{Version: cfg.Version}); err != nil {
		return nil, err
	}
	s, err := sp.acquire(ctx)
	if err == nil {
		sp.touch(s.home)
	}
	return s, err
}

// Find leases the server of a name if it runs, and returns nil where it does not. It
// never starts, waits or downloads, and leaves the idle time as it is. An empty cache
// is the usual one.
func Find(ctx context.Context, cache, name string) (*Server, error) {
	sp, err := newSpec(cache, nil)
	if err != nil {
		return nil, err
	}
	sp.name, sp.keepIdle = name, true
	s, err := sp.attach(ctx, sp.generation(1))
	if errors.Is(err, errNotRunning) {
		return nil, nil
	}
	return s, err
}

// Stop ends the server for all who use it, cleanly: what is committed is on the disk.
// It waits until its processes have gone and removes what lies outside of the
// server's directory. The lease is over, whatever it returns.
func (s *Server) Stop(ctx context.Context) error {
	if s.External() {
		return errors.New("stop the server: it is not one of ours")
	}
	_ = s.Release(ctx) // the server ends the session anyway
	unlock, err := flock.Lock(ctx, s.home.lock())
	if err != nil {
		return fmt.Errorf("wait for the process that starts the server in %s: %w", s.home.dir, err)
	}
	defer unlock()
	if err := postgres.Stop(ctx, postgres.StopOptions{Installation: s.bin, User: s.user, Data: s.home.data()}); err != nil {
		return err
	}
	if s.home.socketOutside() {
		_ = os.Remove(s.home.socket) // only where it is empty
	}
	return nil
}

// slug keeps what needs no quotes in a path.
func slug(s string, most int) string {
	kept := []rune{}
	for _, r := range s {
		switch {
		case 'a' <= r && r <= 'z', '0' <= r && r <= '9':
		case 'A' <= r && r <= 'Z':
			r += 'a' - 'A'
		default:
			r = '_'
		}
		kept = append(kept, r)
	}
	return string(kept[:min(len(kept), most)])
}
