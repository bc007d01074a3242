package cluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/qarion/seedbed/internal/binaries"
	"github.com/qarion/seedbed/internal/embedded"
	"github.com/qarion/seedbed/internal/flock"
	"github.com/qarion/seedbed/internal/osuser"
)

// Find leases the server that cfg.Name names if it runs, and returns nil where it
// does not. It never boots, waits or downloads, and leaves the idle time as it
// is. The fields of cfg that say what to boot are not looked at.
func Find(ctx context.Context, cfg Config) (*Cluster, error) {
	if cfg.Name == "" {
		return nil, errors.New("find a server: it needs a name")
	}
	home, err := namedHome(cfg)
	if err != nil {
		return nil, err
	}
	cfg.keepIdle = true
	c, err := attach(ctx, cfg, home, &binaries.Installation{})
	if errors.Is(err, errNotRunning) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var version string
	err = c.lease.QueryRow(ctx, `SELECT current_setting('server_version'), current_setting('fsync')::bool,
		(SELECT setting FROM pg_config WHERE name = 'BINDIR')`).Scan(&version, &c.fsync, &c.bin.Bin)
	if err != nil {
		c.lease.Close(context.WithoutCancel(ctx))
		return nil, fmt.Errorf("look at the server in %s: %w", home.dir, err)
	}
	c.version, _, _ = strings.Cut(version, " ")
	c.bin.Version, c.bin.Major, c.bin.Prefix = c.version, c.Major(), filepath.Dir(c.bin.Bin)
	return c, nil
}

func namedHome(cfg Config) (home, error) {
	drop, err := osuser.Choose(os.Getenv)
	if err != nil {
		return home{}, err
	}
	if cfg.Cache == "" {
		if cfg.Cache, err = CacheDir(drop); err != nil {
			return home{}, err
		}
	}
	dir := filepath.Join(cfg.Cache, cfg.Name)
	return home{dir: dir, socket: socketDir(dir)}, nil
}

// Stop ends the server for everybody who uses it, cleanly: what is committed is
// on the disk. It waits until its processes have gone and removes what lies
// outside of the server's directory. The lease is over, whatever it returns.
func (c *Cluster) Stop(ctx context.Context) error {
	if c.home.dir == "" {
		return errors.New("stop the server: it is not ours")
	}
	_ = c.Release(ctx) // the server ends the session anyway
	unlock, err := flock.Lock(ctx, c.home.lock())
	if err != nil {
		return fmt.Errorf("wait for whoever boots the server in %s: %w", c.home.dir, err)
	}
	defer unlock()
	if err := embedded.Stop(ctx, embedded.StopConfig{Data: c.home.data(), Bin: c.bin.Bin}); err != nil {
		return err
	}
	if c.home.socketOutside() {
		_ = os.Remove(c.home.socket) // only where it is empty
	}
	return nil
}

// Wait returns when ctx ends, with its error, or when the server has gone.
func (c *Cluster) Wait(ctx context.Context) error {
	for {
		if _, err := c.lease.WaitForNotification(ctx); err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return ErrGone
		}
	}
}

// KeepIdle sets how long a server that runs outlives its last client; negative is
// for ever.
func (c *Cluster) KeepIdle(ctx context.Context, idle time.Duration) error {
	return c.ask(ctx, func(conn *pgx.Conn) error { return setIdle(ctx, conn, idle) })
}

// Stays reports whether the server was told to outlive its clients for ever.
func (c *Cluster) Stays(ctx context.Context) (stays bool, err error) {
	err = c.ask(ctx, func(conn *pgx.Conn) error {
		return conn.QueryRow(ctx, "SELECT idle_seconds IS NULL FROM seedbed.server").Scan(&stays)
	})
	return stays, err
}

// Leases is how many processes keep the server up, this one included.
func (c *Cluster) Leases(ctx context.Context) (n int, err error) {
	err = c.ask(ctx, func(conn *pgx.Conn) error {
		return conn.QueryRow(ctx, `SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND mode = 'ShareLock' AND granted
			AND classid = $1 AND objid = $2 AND objsubid = 1`, uint32(leaseKey>>32), uint32(leaseKey&0xffffffff)).Scan(&n)
	})
	return n, err
}

// ask uses a connection of its own: Wait holds the lease's.
func (c *Cluster) ask(ctx context.Context, do func(*pgx.Conn) error) error {
	conn, err := pgx.ConnectConfig(ctx, c.Config(ControlDatabase, Superuser))
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	return do(conn)
}

// NamedDir is where the server that cfg.Name names lives or would live.
func NamedDir(cfg Config) (string, error) {
	home, err := namedHome(cfg)
	return home.dir, err
}
