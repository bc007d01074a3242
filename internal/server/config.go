package server

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/qarion/seedbed/internal/postgres"
)

// Config says which test server is wanted. The zero value is one on the Postgres
// that is found, with nothing on it.
type Config struct {
	// Binaries is a Postgres installation, its prefix or its bin directory.
	// Empty: SEEDBED_BINARIES, else the newest that is found.
	Binaries string
	// Version is a major or exact version. Empty: SEEDBED_VERSION, else any.
	Version string
	// Settings are server settings that win over ours. Those that would break what
	// a server promises are refused.
	Settings map[string]string
	// Locale of the databases: one of the system's, or one of ICU's ("icu:de-DE").
	// Empty: C.UTF-8, or C where the system lacks that.
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
	// Cache is the cache directory. Empty: see postgres.OpenCache.
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
	bin      *postgres.Installation
	cache    *postgres.Cache
	name     string // its directory below the cache
	locale   string
	settings map[string]string
	idle     time.Duration
	keepIdle bool // leave the server's idle time as it is
	base     Base
	project  Project
	lineage  string
	durable  bool // the data is a person's work
	port     int
	lock     *os.File // of the server's lock, while this process holds it
	logf     func(string, ...any)
}

// newSpec opens the cache.
func newSpec(cache string, logf func(string, ...any)) (*spec, error) {
	if logf == nil {
		logf = func(string, ...any) {}
	}
	opened, err := postgres.OpenCache(cache)
	return &spec{cache: opened, logf: logf}, err
}

// resolve fills in what c leaves to the environment.
func (c Config) resolve(ctx context.Context) (*spec, error) {
	if err := checkSettings(c.Settings); err != nil {
		return nil, err
	}
	sp, err := newSpec(c.Cache, c.Logf)
	if err != nil {
		return nil, err
	}
	sp.locale, sp.idle, sp.base, sp.lineage = c.Locale, c.Idle, c.Base, c.Lineage
	if sp.idle == 0 {
		if sp.idle, err = defaultIdle(); err != nil {
			return nil, err
		}
	}
	if sp.project, err = FindProject("."); err != nil {
		sp.project = Project{} // only for people
	}
	if err := sp.find(ctx, postgres.Request{Dir: c.Binaries, Version: c.Version, Extensions: c.Extensions}); err != nil {
		return nil, err
	}
	sp.settings = testSettings(c.Settings, sp.bin.Major)
	sp.name = sp.keyName(c.Extensions)
	return sp, nil
}

// find chooses the Postgres.
func (sp *spec) find(ctx context.Context, req postgres.Request) (err error) {
	req.Cache, req.Logf = sp.cache, sp.logf
	if sp.bin, err = postgres.Find(ctx, req); err == nil {
		sp.logf("seedbed: Postgres %s (%s: %s)", sp.bin.Version, sp.bin.Source, sp.bin.Bin)
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
