package server

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/qarion/seedbed/internal/flock"
	"github.com/qarion/seedbed/internal/postgres"
)

// Server is a running server and this process's lease on it.
type Server struct {
	home        home // of one of ours
	bin         *postgres.Installation
	user        *postgres.User // who it runs as
	baseConfig  *pgx.ConnConfig
	lease       *pgx.Conn // nil: an external server
	roles       Roles
	major       int
	version     string
	fsync       bool
	ready       bool // its base is complete
	connections int
	started     bool
	background  *background
}

// Acquire finds the server that cfg describes, or starts it and builds its base, and
// leases it. The lease lasts until Release, or until the process ends in any way.
//
// It costs 5 ms where the server runs and 60 to 100 ms where it has to start. The
// first start of a version runs initdb, about a second.
func Acquire(ctx context.Context, cfg Config) (*Server, error) {
	sp, err := cfg.resolve(ctx)
	if err != nil {
		return nil, err
	}
	s, err := sp.acquire(ctx)
	if err != nil {
		return nil, err
	}
	sp.retireOthers(s)
	return s, nil
}

// acquire attaches to a server that runs, or starts one under its lock.
func (sp *spec) acquire(ctx context.Context) (*Server, error) {
	s, err := sp.attachReady(ctx)
	if !errors.Is(err, errNotRunning) {
		return s, err
	}
	if _, err := sp.cache.MakeDir(sp.name); err != nil { // with the lock
		return nil, err
	}
	if sp.lock, err = flock.LockFile(ctx, sp.generation(1).lock()); err != nil {
		return nil, fmt.Errorf("wait for the process that starts the server in %s: %w", sp.name, err)
	}
	defer sp.lock.Close()
	s, err = sp.attachReady(ctx)
	if !errors.Is(err, errNotRunning) {
		return s, err
	}
	return sp.makeReady(ctx)
}

// attachReady attaches to the current generation if that runs and its base is
// complete.
func (sp *spec) attachReady(ctx context.Context) (*Server, error) {
	s, err := sp.attach(ctx, sp.current())
	if err == nil && !s.ready {
		s.lease.Close(context.WithoutCancel(ctx))
		return nil, fmt.Errorf("%w: its base is not complete", errNotRunning)
	}
	return s, err
}

// makeReady starts the server and builds its base. The caller holds the lock, so a
// base that is not complete is one that failed, or whose builder was killed.
func (sp *spec) makeReady(ctx context.Context) (*Server, error) {
	h, err := sp.nextHome(ctx)
	if err != nil {
		return nil, err
	}
	for {
		s, isNew, err := sp.boot(ctx, h)
		if err != nil {
			return nil, err
		}
		if !s.ready && (isNew || sp.durable) {
			err = sp.buildBase(ctx, s)
		}
		switch {
		case err != nil && sp.durable:
			return nil, errors.Join(err, s.Release(context.WithoutCancel(ctx)))
		case err != nil:
			return nil, errors.Join(err, sp.discard(ctx, s))
		case s.ready:
			return s, nil
		}
		sp.logf("seedbed: an earlier process did not complete the server's base; it is made anew")
		if err := sp.discard(ctx, s); err != nil {
			return nil, err
		}
	}
}

// buildBase builds the base on a new server and marks it ready.
func (sp *spec) buildBase(ctx context.Context, s *Server) error {
	if sp.base.Build != nil {
		if err := sp.base.Build(ctx, s); err != nil {
			return err
		}
	}
	if _, err := s.lease.Exec(ctx, "UPDATE seedbed.server SET ready = true"); err != nil {
		return fmt.Errorf("mark the server's base as complete: %w", err)
	}
	s.ready = true
	return nil
}

// discard stops a server that must not be used and removes its data.
func (sp *spec) discard(ctx context.Context, s *Server) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), bootTimeout)
	defer cancel()
	s.Release(ctx)
	if err := s.stopNow(ctx); err != nil {
		return err
	}
	return removeData(s.home)
}

// Version is the server's version as it says it, "15.18".
func (s *Server) Version() string { return s.version }

// Major is the server's major version.
func (s *Server) Major() int { return s.major }

// Lease is the session that keeps the server up, in the control database; nil for
// an external server. The caller may hold more locks with it.
func (s *Server) Lease() *pgx.Conn { return s.lease }

// Connections is how many clients the server takes at a time.
func (s *Server) Connections() int { return s.connections }

// Fsync reports whether the server waits for its disk.
func (s *Server) Fsync() bool { return s.fsync }

// Installation is the Postgres that the server runs; nil for an external server.
func (s *Server) Installation() *postgres.Installation { return s.bin }

// Started reports whether this Acquire started the server.
func (s *Server) Started() bool { return s.started }

// External reports whether the server is not one of ours.
func (s *Server) External() bool { return s.home.dir == "" }

// Log is the path of the server's log; empty for an external server.
func (s *Server) Log() string {
	if s.External() {
		return ""
	}
	return s.home.log()
}

// Dir is the server's directory in the cache; empty for an external server.
func (s *Server) Dir() string { return s.home.dir }

// Data is the server's data directory; empty for an external server.
func (s *Server) Data() string {
	if s.External() {
		return ""
	}
	return s.home.data()
}

// Release gives the lease up. The server lives on for its idle time.
func (s *Server) Release(ctx context.Context) error {
	s.background.stop()
	if s.lease == nil {
		return nil
	}
	return s.lease.Close(ctx)
}

// Wait returns when ctx ends, with its error, or when the server has gone, with
// ErrGone.
func (s *Server) Wait(ctx context.Context) error {
	for {
		if _, err := s.lease.WaitForNotification(ctx); err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return ErrGone
		}
	}
}

// setVersion notes what the server says: "15.18 (Debian 15.18-1)".
func (s *Server) setVersion(said string) {
	s.version, _, _ = strings.Cut(said, " ")
	s.major, _ = strconv.Atoi(strings.TrimRight(s.version[:min(2, len(s.version))], "."))
}
