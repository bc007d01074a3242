package server

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"time"

	"github.com/qarion/seedbed/internal/binaries"
	"github.com/qarion/seedbed/internal/osuser"
)

// Config says which test server is wanted. The zero value is one on the Postgres
// that is found, with nothing on it.
type Config struct {
	// Binaries is a Postgres installation, its prefix or its bin directory.
	// Empty: SEEDBED_BINARIES, else the first that is found.
	Binaries string
	// Version is a major or exact version. Empty: SEEDBED_VERSION, else any.
	Version string
	// Settings are server settings that win over ours. Those that would break what
	// a server promises are refused.
	Settings map[string]string
	// Locale of the databases. Empty: C.UTF-8, or C where the system lacks that.
	Locale string
	// Extensions are those that the schema needs.
	Extensions []string
	// Idle is how long the server outlives its last client. Zero: SEEDBED_IDLE,
	// else 20 seconds when CI is set and three minutes otherwise. Negative: for
	// ever.
	Idle time.Duration
	// Base is what the server is made for.
	Base Base
	// Lineage stays the same when Base changes, such as the name of the schema's
	// first migration. A project's server of the same lineage that no process uses
	// is stopped when its successor is acquired. Empty: no predecessor is looked for.
	Lineage string
	// Cache is the cache directory. Empty: CacheDir.
	Cache string
	// Logf receives what was chosen, once per process and server. Nil: nothing.
	Logf func(format string, args ...any)
}

// Base is what is built on a server once, before any test uses it: the part of a
// schema that may change what belongs to the whole server.
type Base struct {
	// Key identifies all that shapes what Build does.
	Key string
	// Build builds it on a server that nothing has used. Where Build fails or its
	// process dies, the server is discarded. Nil: there is nothing to build.
	Build func(ctx context.Context, s *Server) error
}

// spec is a server that is wanted, with everything chosen.
type spec struct {
	bin      *binaries.Installation
	drop     *osuser.User
	cache    string
	name     string // its directory below the cache
	locale   string
	anyLoc   bool // the locale is ours to choose
	settings map[string]string
	idle     time.Duration
	keepIdle bool // leave the server's idle time as it is
	base     Base
	project  Project
	lineage  string
	durable  bool // the data is a person's work
	port     int
	logf     func(string, ...any)
}

// resolve fills in what c leaves to the environment.
func (c Config) resolve(ctx context.Context) (*spec, error) {
	if err := checkSettings(c.Settings); err != nil {
		return nil, err
	}
	sp := &spec{
		cache:   c.Cache,
		locale:  cmp.Or(c.Locale, defaultLocale),
		anyLoc:  c.Locale == "",
		idle:    c.Idle,
		base:    c.Base,
		lineage: c.Lineage,
		logf:    c.Logf,
	}
	var err error
	if sp.idle == 0 {
		if sp.idle, err = defaultIdle(); err != nil {
			return nil, err
		}
	}
	if sp.project, err = FindProject("."); err != nil {
		sp.project = Project{} // only for people
	}
	if err := sp.find(ctx, c.Binaries, c.Version); err != nil {
		return nil, err
	}
	sp.settings = testSettings(c.Settings, sp.bin.Major)
	sp.name = sp.keyName(c.Extensions)
	return sp, nil
}

// find chooses the user, the cache directory and the Postgres.
func (sp *spec) find(ctx context.Context, dir, version string) error {
	if err := sp.place(); err != nil {
		return err
	}
	var err error
	sp.bin, err = binaries.Find(ctx, binaries.Request{
		Dir:     cmp.Or(dir, os.Getenv("SEEDBED_BINARIES")),
		Version: cmp.Or(version, os.Getenv("SEEDBED_VERSION")),
		Cache:   sp.cache,
		Mirror:  os.Getenv("SEEDBED_MIRROR"),
		User:    sp.drop,
		Logf:    sp.logf,
	})
	if err != nil {
		return err
	}
	sp.logf("seedbed: Postgres %s (%s: %s)", sp.bin.Version, sp.bin.Source, sp.bin.Bin)
	return nil
}

// place chooses the user and the cache directory.
func (sp *spec) place() (err error) {
	if sp.logf == nil {
		sp.logf = func(string, ...any) {}
	}
	if sp.drop, err = osuser.Choose(os.Getenv); err != nil {
		return err
	}
	if sp.cache == "" {
		sp.cache, err = CacheDir(sp.drop)
	}
	return err
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
