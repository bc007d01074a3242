package cluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/qarion/seedbed/internal/binaries"
	"github.com/qarion/seedbed/internal/embedded"
)

// attach connects to the server that runs in home and takes a lease on it. It
// fails with errNotRunning where there is none, or where it is going away.
func attach(ctx context.Context, cfg Config, home home, bin *binaries.Installation) (*Cluster, error) {
	server, err := embedded.ReadPostmaster(home.data())
	if err != nil || server == nil || !server.Ready {
		return nil, errNotRunning
	}
	base, err := home.connConfig(server.Port)
	if err != nil {
		return nil, err
	}
	c := &Cluster{home: home, bin: bin, base: base, roles: ourRoles, version: bin.Version, fsync: cfg.settings()["fsync"] != "off"}
	if c.lease, err = pgx.ConnectConfig(ctx, c.Config(ControlDatabase, Superuser)); err != nil {
		return nil, notRunning(ctx, err)
	}
	if err = c.lend(ctx, cfg); err != nil {
		c.lease.Close(ctx)
		return nil, err
	}
	return c, nil
}

func (c *Cluster) lend(ctx context.Context, cfg Config) error {
	var data string
	err := c.lease.QueryRow(ctx, "SELECT current_setting('data_directory'), current_setting('max_connections')::int").Scan(&data, &c.connections)
	if err != nil {
		return notRunning(ctx, err)
	}
	if !sameFile(data, c.home.data()) {
		return fmt.Errorf("%w: its data directory is %s, not %s", errNotOurs, data, c.home.data())
	}
	if err := takeLease(ctx, c.lease); err != nil {
		return notRunning(ctx, err)
	}
	if !cfg.keepIdle {
		if err := setIdle(ctx, c.lease, cfg.Idle); err != nil {
			return notRunning(ctx, err)
		}
	}
	if err := c.ensureReaper(ctx); err != nil {
		return notRunning(ctx, err)
	}
	return nil
}

// notRunning tells a server that is gone, going or not there yet (class 57P,
// or no conversation at all) from one that refuses us.
func notRunning(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("connect to the server: %w", ctx.Err())
	}
	var refused *pgconn.PgError
	if errors.As(err, &refused) && !strings.HasPrefix(refused.Code, "57P") {
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

// PoolConfig is a pool's configuration with pgx's defaults. pgx reads the PG*
// environment when it parses, and nothing of that is meant for a server of ours.
func PoolConfig() (cfg *pgxpool.Config, err error) {
	err = embedded.WithoutPGEnv(func() (err error) {
		cfg, err = pgxpool.ParseConfig("host=127.0.0.1 sslmode=disable connect_timeout=20")
		return err
	})
	if err != nil {
		return nil, err
	}
	// A name of ours would win over one that a migration gives the database.
	delete(cfg.ConnConfig.RuntimeParams, "application_name")
	return cfg, nil
}

// connConfig is how to reach the server in h.
func (h home) connConfig(port int) (*pgx.ConnConfig, error) {
	password, err := os.ReadFile(h.password())
	if err != nil {
		return nil, fmt.Errorf("read the server's password: %w", err)
	}
	pool, err := PoolConfig()
	if err != nil {
		return nil, err
	}
	cfg := pool.ConnConfig
	if h.socket != "" {
		cfg.Host = h.socket
	}
	cfg.Port, cfg.Password = uint16(port), string(password)
	cfg.Fallbacks = nil
	return cfg, nil
}

func sqlState(err error, code string) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == code
}
