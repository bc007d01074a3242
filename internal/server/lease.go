package server

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/qarion/seedbed/internal/postgres"
)

// Advisory lock keys in the control database. Leases are shared holders of
// leaseKey; the reaper takes it exclusively to learn that there are none.
const (
	leaseKey  = 0x5eedbed_0001
	reaperKey = 0x5eedbed_0002
	setupKey  = 0x5eedbed_0004
)

// attach connects to the server that runs in h and takes a lease on it. It fails
// with errNotRunning where there is none, or where it is going away.
func (sp *spec) attach(ctx context.Context, h home) (*Server, error) {
	p, err := postgres.ReadPostmaster(h.data())
	if err != nil || p == nil || !p.Ready {
		return nil, errNotRunning
	}
	s := &Server{home: h, bin: sp.bin, user: sp.cache.User, roles: ourRoles, major: h.major(), background: newBackground()}
	if s.baseConfig, err = h.connConfig(p.Port); err != nil {
		return nil, err
	}
	if s.lease, err = pgx.ConnectConfig(ctx, s.adminConfig(ControlDatabase)); err != nil {
		return nil, notRunning(ctx, err)
	}
	if err := sp.takeLease(ctx, s); err != nil {
		s.lease.Close(context.WithoutCancel(ctx))
		return nil, notRunning(ctx, err)
	}
	return s, nil
}

// takeLease makes the session the process's lease: for as long as it is open the
// server stays up. It waits while the reaper looks. Where the reaper is stopping the
// server, it fails with the connection.
func (sp *spec) takeLease(ctx context.Context, s *Server) error {
	if _, err := s.lease.Exec(ctx, "SELECT pg_advisory_lock_shared($1)", int64(leaseKey)); err != nil {
		return fmt.Errorf("take a lease: %w", err)
	}
	if why, retired := s.home.whyRetired(); retired {
		return fmt.Errorf("%w: it was retired: %s", errNotRunning, why)
	}
	var data, version, bin string
	err := s.lease.QueryRow(ctx, `SELECT current_setting('data_directory'), current_setting('max_connections')::int,
			current_setting('server_version'), current_setting('fsync')::bool, ready,
			(SELECT setting FROM pg_config WHERE name = 'BINDIR')
		FROM seedbed.server`).Scan(&data, &s.connections, &version, &s.fsync, &s.ready, &bin)
	if err != nil {
		return err
	}
	if !sameFile(data, s.home.data()) {
		return fmt.Errorf("%w: its data directory is %s, not %s", errNotOurs, data, s.home.data())
	}
	s.setVersion(version)
	if s.bin == nil {
		s.bin = &postgres.Installation{Prefix: filepath.Dir(bin), Bin: bin, Version: s.version, Major: s.major}
	}
	if !sp.keepIdle {
		if err := setIdle(ctx, s.lease, sp.idle); err != nil {
			return err
		}
	}
	return s.ensureReaper(ctx)
}

// notRunning tells a server that is gone, going or not there yet (class 57P,
// or no conversation at all) from one that refuses us.
func notRunning(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("connect to the server: %w", ctx.Err())
	}
	var refused *pgconn.PgError
	ours := errors.Is(err, errNotOurs) || errors.Is(err, errNotRunning)
	if ours || errors.As(err, &refused) && !strings.HasPrefix(refused.Code, "57P") {
		return fmt.Errorf("connect to the server: %w", err)
	}
	return fmt.Errorf("%w: %w", errNotRunning, err)
}

func sameFile(a, b string) bool {
	x, err := os.Stat(a)
	if err != nil {
		return false
	}
	y, err := os.Stat(b)
	return err == nil && os.SameFile(x, y)
}

// setIdle says how long the server outlives its last client.
func setIdle(ctx context.Context, conn *pgx.Conn, idle time.Duration) error {
	_, err := conn.Exec(ctx, "UPDATE seedbed.server SET idle_seconds = $1 WHERE idle_seconds IS DISTINCT FROM $1", idleSeconds(idle))
	return err
}

// idleSeconds is NULL, which keeps the server for ever, for a negative idle time.
func idleSeconds(idle time.Duration) *float64 {
	if idle < 0 {
		return nil
	}
	s := idle.Seconds()
	return &s
}

// KeepIdle sets how long a server that runs outlives its last client; negative is
// for ever.
func (s *Server) KeepIdle(ctx context.Context, idle time.Duration) error {
	return s.ask(ctx, func(conn *pgx.Conn) error { return setIdle(ctx, conn, idle) })
}

// Stays reports whether the server was told to outlive its clients for ever.
func (s *Server) Stays(ctx context.Context) (stays bool, err error) {
	err = s.ask(ctx, func(conn *pgx.Conn) error {
		return conn.QueryRow(ctx, "SELECT idle_seconds IS NULL FROM seedbed.server").Scan(&stays)
	})
	return stays, err
}

// Leases is how many processes keep the server up, this one included.
func (s *Server) Leases(ctx context.Context) (n int, err error) {
	err = s.ask(ctx, func(conn *pgx.Conn) error {
		return conn.QueryRow(ctx, `SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND mode = 'ShareLock' AND granted
			AND classid = $1 AND objid = $2 AND objsubid = 1`, uint32(leaseKey>>32), uint32(leaseKey&0xffffffff)).Scan(&n)
	})
	return n, err
}

// ask uses a connection of its own: Wait holds the lease's.
func (s *Server) ask(ctx context.Context, do func(*pgx.Conn) error) error {
	conn, err := pgx.ConnectConfig(ctx, s.adminConfig(ControlDatabase))
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	return do(conn)
}
