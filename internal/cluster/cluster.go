package cluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/qarion/seedbed/internal/binaries"
	"github.com/qarion/seedbed/internal/flock"
	"github.com/qarion/seedbed/internal/osuser"
)

// The roles and databases of every server of ours; setup.sql says what each is.
const (
	Superuser       = "postgres"
	Owner           = "seedbed_owner"
	Seeder          = "seedbed_seeder"
	Tester          = "seedbed_tester"
	ControlDatabase = "seedbed"
)

// Config says which server is wanted. The zero value is a disposable server on
// whatever Postgres is found.
type Config struct {
	// Binaries is a Postgres installation, its prefix or its bin directory.
	// Empty: SEEDBED_BINARIES, else the first that package binaries finds.
	Binaries string
	// Version is a major or exact version. Empty: SEEDBED_VERSION, else any.
	Version string
	// Settings are server settings that win over ours.
	Settings map[string]string
	// Locale of the databases. Empty: C.UTF-8, or C where the system lacks that.
	Locale string
	// Idle is how long the server outlives its last client. Zero: SEEDBED_IDLE,
	// else 20 seconds when CI is set and three minutes otherwise. Negative: for
	// ever.
	Idle time.Duration
	// Name is the server's directory below the cache. Empty: one shared by all
	// whose binaries, locale and settings are the same.
	Name string
	// Protocol is what else must be the same for processes to share a server: how
	// they agree on what is on it. Empty is one like any other.
	Protocol string
	// Durable keeps Postgres's own guards against a crash of the machine, and
	// makes the data sacred: a server that does not start is an error, never a
	// reason to begin anew.
	Durable bool
	// Port is tried first. Zero, or taken: a free one is picked.
	Port int
	// Cache is the cache directory. Empty: CacheDir.
	Cache string
	// Logf receives what was chosen, once per process and server. Nil: nothing.
	Logf func(format string, args ...any)

	drop     *osuser.User
	keepIdle bool // leave the server's idle time alone
}

// Cluster is a running server and this process's lease on it.
type Cluster struct {
	home        home
	bin         *binaries.Installation
	base        *pgx.ConnConfig
	lease       *pgx.Conn
	roles       Roles
	version     string
	fsync       bool
	connections int
	started     bool
}

// Roles are the roles that things are done as on a server.
type Roles struct {
	Admin  string // makes and drops databases
	Owner  string // owns them
	Tester string // reads and writes all and owns nothing; empty where there is none
}

var ourRoles = Roles{Admin: Superuser, Owner: Owner, Tester: Tester}

// Acquire finds the server that cfg describes, or boots it, and leases it. The
// lease lasts until Release, or until the process ends in whatever way.
//
// It costs 5 ms where the server runs and 60 to 100 ms where it has to boot; the
// first boot of a version runs initdb, about a second.
func Acquire(ctx context.Context, cfg Config) (*Cluster, error) {
	cfg, bin, err := cfg.resolve(ctx)
	if err != nil {
		return nil, err
	}
	home := newHome(cfg, bin)
	c, err := attach(ctx, cfg, home, bin)
	if err == nil || !errors.Is(err, errNotRunning) {
		return c, err
	}
	if err := os.MkdirAll(home.dir, 0o755); err != nil {
		return nil, fmt.Errorf("make the server's directory: %w", err)
	}
	unlock, err := flock.Lock(ctx, home.lock())
	if err != nil {
		return nil, fmt.Errorf("wait for whoever boots the server in %s: %w", home.dir, err)
	}
	defer unlock()
	c, err = attach(ctx, cfg, home, bin)
	if err == nil || !errors.Is(err, errNotRunning) {
		return c, err
	}
	if err := boot(ctx, cfg, home, bin); err != nil {
		return nil, err
	}
	c, err = attach(ctx, cfg, home, bin)
	if err != nil {
		return nil, fmt.Errorf("connect to the server that was just booted: %w%s", err, logTail(home.log()))
	}
	c.started = true
	return c, nil
}

// resolve fills in what cfg leaves to the environment.
func (cfg Config) resolve(ctx context.Context) (Config, *binaries.Installation, error) {
	var err error
	if cfg.Logf == nil {
		cfg.Logf = func(string, ...any) {}
	}
	if cfg.drop, err = osuser.Choose(os.Getenv); err != nil {
		return cfg, nil, err
	}
	if cfg.Cache == "" {
		if cfg.Cache, err = CacheDir(cfg.drop); err != nil {
			return cfg, nil, err
		}
	}
	if cfg.Idle == 0 {
		if cfg.Idle, err = defaultIdle(); err != nil {
			return cfg, nil, err
		}
	}
	bin, err := binaries.Find(ctx, binaries.Request{
		Dir:     firstOf(cfg.Binaries, os.Getenv("SEEDBED_BINARIES")),
		Version: firstOf(cfg.Version, os.Getenv("SEEDBED_VERSION")),
		Cache:   cfg.Cache,
		Mirror:  os.Getenv("SEEDBED_MIRROR"),
		User:    cfg.drop,
		Logf:    cfg.Logf,
	})
	if err != nil {
		return cfg, nil, err
	}
	cfg.Logf("seedbed: Postgres %s (%s: %s)", bin.Version, bin.Source, bin.Bin)
	return cfg, bin, nil
}

func defaultIdle() (time.Duration, error) {
	if text := os.Getenv("SEEDBED_IDLE"); text != "" {
		idle, err := time.ParseDuration(text)
		if err != nil {
			return 0, fmt.Errorf("read SEEDBED_IDLE (want a duration such as 90s or 5m): %w", err)
		}
		return max(idle, time.Millisecond), nil
	}
	if os.Getenv("CI") != "" {
		return 20 * time.Second, nil
	}
	return 3 * time.Minute, nil
}

func (cfg Config) locale() string { return firstOf(cfg.Locale, defaultLocale) }

func firstOf(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// Config returns how to connect to one of the server's databases as one of its
// roles. It is a copy that the caller may change.
func (c *Cluster) Config(database, user string) *pgx.ConnConfig {
	cfg := c.base.Copy()
	cfg.Database, cfg.User = database, user
	return cfg
}

// URL is Config as a URL that psql, pgx and every other client understand.
func (c *Cluster) URL(database, user string) string {
	base := c.base
	if c.home.socket != "" && base.Host == c.home.socket {
		// The socket asks for no password, and the URL goes into logs.
		base = base.Copy()
		base.Password = ""
	}
	return externalURL(base, database, user)
}

// Roles are the server's roles.
func (c *Cluster) Roles() Roles { return c.roles }

// Version is the server's version as it says it, "15.18".
func (c *Cluster) Version() string { return c.version }

// Major is the server's major version.
func (c *Cluster) Major() int {
	major, _ := strconv.Atoi(strings.SplitN(c.version, ".", 2)[0])
	return major
}

// Lease is the session that keeps the server up, in the control database; nil for
// an external one. It is the caller's to hold more locks with, and not to close.
func (c *Cluster) Lease() *pgx.Conn { return c.lease }

// Connections is how many clients the server takes at a time.
func (c *Cluster) Connections() int { return c.connections }

// Super reports whether the administrator is a superuser.
func (c *Cluster) Super() bool { return c.roles.Owner != c.roles.Admin }

// Fsync reports whether the server waits for its disk.
func (c *Cluster) Fsync() bool { return c.fsync }

// Installation is the Postgres the server runs; nil for an external one.
func (c *Cluster) Installation() *binaries.Installation { return c.bin }

// Started reports whether this Acquire booted the server.
func (c *Cluster) Started() bool { return c.started }

// Log is the path of the server's log; empty for an external one.
func (c *Cluster) Log() string {
	if c.home.dir == "" {
		return ""
	}
	return c.home.log()
}

// Dir is the server's directory in the cache; empty for an external one.
func (c *Cluster) Dir() string { return c.home.dir }

// Files is the directory of the databases' directories; empty where this process
// should not touch them: under an external server, under one that has data to lose,
// and on Windows, where nobody can move what is open.
func (c *Cluster) Files() string {
	if c.home.dir == "" || c.fsync || runtime.GOOS == "windows" {
		return ""
	}
	return filepath.Join(c.home.data(), "base")
}

// Release gives the lease up. The server lives on for its idle time.
func (c *Cluster) Release(ctx context.Context) error {
	if c.lease == nil {
		return nil
	}
	return c.lease.Close(ctx)
}
