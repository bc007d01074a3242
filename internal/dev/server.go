package dev

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"net/url"

	"github.com/qarion/seedbed/internal/flock"
	"github.com/qarion/seedbed/internal/server"
)

//go:embed registry.sql
var registrySQL string

// grace is how long a server outlives a process that started it and was killed:
// long enough to start again, short enough to leave nothing for the day.
const grace = 10 * time.Second

// Options says how a server is found or booted.
type Options struct {
	// Say is called with each step. May be nil.
	Say Reporter
	// Version is a major or exact version for a server that is made. Empty:
	// SEEDBED_VERSION, else the newest found. Existing data keeps its own.
	Version string
}

// Server is a project's running server.
type Server struct {
	Project Project

	server *server.Server
	admin  *pgxpool.Pool // of the control database; an interrupted statement costs a connection
	dir    string
	say    Reporter
}

// Find returns the project's server, or ErrNotRunning.
func Find(ctx context.Context, p Project, o Options) (*Server, error) {
	c, err := server.Find(ctx, "", server.DevName(p.Project))
	if err != nil {
		return nil, err
	}
	if c == nil {
		others, err := server.DevBranches(p.Root)
		if err != nil {
			return nil, err
		}
		return nil, &IdleError{p, others}
	}
	return open(ctx, p, o, c)
}

// Start is Find, and boots the server where it does not run. One that it booted
// stops by itself soon after the last client has gone; see Stay.
func Start(ctx context.Context, p Project, o Options) (*Server, error) {
	cfg := server.DevConfig{Project: p.Project, Idle: grace, Port: p.port(), Version: o.Version}
	if err := p.keepVersion(&cfg); err != nil {
		return nil, err
	}
	s, err := Find(ctx, p, o)
	if !errors.Is(err, ErrNotRunning) {
		return s, err
	}
	say := orSilent(o.Say)
	say.Begin("boot", "looking for Postgres")
	cfg.Logf = func(format string, args ...any) {
		say.Update(strings.TrimPrefix(fmt.Sprintf(format, args...), "seedbed: "), 0, 0)
	}
	c, err := server.AcquireDev(ctx, cfg)
	if err != nil {
		return nil, err
	}
	if s, err = open(ctx, p, o, c); err != nil && c.Started() {
		return nil, errors.Join(err, c.Stop(context.WithoutCancel(ctx)))
	}
	if err == nil {
		say.End(fmt.Sprintf("Postgres %s runs", c.Version()))
	}
	return s, err
}

// keepVersion asks for the major version that the data was made by: no other
// one can read it.
func (p Project) keepVersion(cfg *server.DevConfig) error {
	dir, err := server.DevDir(p.Project)
	if err != nil {
		return err
	}
	text, err := os.ReadFile(filepath.Join(dir, "data", "PG_VERSION"))
	if err != nil {
		return nil // no data yet, or none that we may read: booting says so
	}
	major := strings.TrimSpace(string(text))
	asked := cfg.Version
	if asked == "" {
		asked = os.Getenv("SEEDBED_VERSION")
	}
	switch {
	case asked == "":
		cfg.Version = major
	case asked != major && !strings.HasPrefix(asked, major+"."):
		return fmt.Errorf("start Postgres %s: the project's data is of Postgres %s. Keep to that; or, to discard the data: seedbed stop; rm -r %s", asked, major, dir)
	}
	return nil
}

// open connects to the control database and puts right what an interrupted
// process left.
func open(ctx context.Context, p Project, o Options, c *server.Server) (*Server, error) {
	s := &Server{Project: p, server: c, dir: c.Dir(), say: orSilent(o.Say)}
	var err error
	s.admin, err = s.connect(ctx, server.ControlDatabase, server.Superuser)
	if err == nil {
		err = s.prepare(ctx)
	}
	if err != nil {
		s.Close(context.WithoutCancel(ctx))
		return nil, fmt.Errorf("open the development server: %w", err)
	}
	return s, nil
}

// prepare makes the registry and clears up behind a process that was killed. Where
// another process is at work it leaves that to it.
func (s *Server) prepare(ctx context.Context) error {
	unlock, err := flock.Try(s.lockFile())
	if errors.Is(err, flock.ErrHeld) {
		var there bool
		err = s.admin.QueryRow(ctx, "SELECT to_regclass('seedbed.development') IS NOT NULL").Scan(&there)
		if err != nil || there {
			return err
		}
		unlock, err = s.lock(ctx)
	}
	if err != nil {
		return err
	}
	defer unlock()
	if _, err := s.admin.Exec(ctx, registrySQL); err != nil {
		return err
	}
	return s.heal(ctx)
}

func (s *Server) lockFile() string { return filepath.Join(s.dir, "databases.lock") }

// lock keeps other processes from changing the project's databases.
func (s *Server) lock(ctx context.Context) (func(), error) {
	unlock, err := flock.Lock(ctx, s.lockFile())
	if err != nil {
		return nil, fmt.Errorf("wait for another seedbed at work on this project: %w", err)
	}
	return unlock, nil
}

// Started reports whether this process booted the server.
func (s *Server) Started() bool { return s.server.Started() }

// Version is the server's, as it says it.
func (s *Server) Version() string { return s.server.Version() }

// Dir is where the server and its data live.
func (s *Server) Dir() string { return s.dir }

// Bin is the directory of the server's own programs.
func (s *Server) Bin() string { return s.server.Installation().Bin }

// Log is the path of the server's log.
func (s *Server) Log() string { return s.server.Log() }

// Stay makes the server outlive this process and all clients, until it is stopped.
func (s *Server) Stay(ctx context.Context) error { return s.server.KeepIdle(ctx, -1) }

// Stays reports whether a command has made the server stay.
func (s *Server) Stays(ctx context.Context) (bool, error) { return s.server.Stays(ctx) }

// Wait returns when ctx ends, or with server.ErrGone when the server has.
func (s *Server) Wait(ctx context.Context) error { return s.server.Wait(ctx) }

// Stop ends the server, for every process that uses it.
func (s *Server) Stop(ctx context.Context) error {
	if s.admin != nil {
		s.admin.Close()
	}
	return s.server.Stop(ctx)
}

// Close releases the server, which runs on if it was told to stay or another process
// uses it.
func (s *Server) Close(ctx context.Context) {
	if s.admin != nil {
		s.admin.Close()
	}
	_ = s.server.Release(ctx)
}

// URL is how to connect to one of the server's databases as its owner: by Unix
// socket, without a password, where the system has those.
func (s *Server) URL(database string) string { return s.server.URL(database, server.Owner) }

// TCP is URL for clients that cannot use a Unix socket. It holds a password.
func (s *Server) TCP(database string) string { return s.server.TCPURL(database, server.Owner) }

// Address is where the server listens for clients that know no Unix sockets, and to
// none but this machine: host:port.
func (s *Server) Address() string {
	parsed, err := url.Parse(s.TCP(server.ControlDatabase))
	if err != nil {
		return ""
	}
	return parsed.Host
}
