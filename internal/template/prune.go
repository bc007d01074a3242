package template

import (
	"context"
	"hash/fnv"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/qarion/seedbed/internal/server"
)

// Limits say what is kept on a server.
type Limits struct {
	Templates   int           // the most recently used ones
	TemplateAge time.Duration // since its last use
	Kept        int           // the newest databases of failed tests
	KeptAge     time.Duration
}

// DefaultLimits keep a working set of branches, and what one may still want to
// look into. A template takes 10 MB and more, a kept database as well.
var DefaultLimits = Limits{Templates: 30, TemplateAge: 14 * 24 * time.Hour, Kept: 20, KeptAge: 3 * 24 * time.Hour}

// lockTemplate keeps a template from being pruned for as long as this process lives.
func (s *Store) lockTemplate(ctx context.Context, name string) error {
	s.locking.Lock()
	defer s.locking.Unlock()
	_, err := s.presence.Exec(ctx, "SELECT pg_advisory_lock_shared($1, $2)", int32(templateClass), shortKey(name))
	return err
}

func shortKey(name string) int32 {
	h := fnv.New32a()
	h.Write([]byte(name))
	return int32(h.Sum32())
}

// Prune drops templates and kept databases beyond limits, and returns how many of
// each. A template that any process uses is left alone.
func (s *Store) Prune(ctx context.Context, limits Limits) (templates, kept int, err error) {
	if kept, err = s.pruneKept(ctx, limits); err != nil {
		return 0, kept, err
	}
	names, err := s.names(ctx, `
		SELECT name FROM (SELECT name, used_at, row_number() OVER (ORDER BY used_at DESC) AS n FROM seedbed.template) t
		WHERE n > $1 OR used_at < clock_timestamp() - $2::interval ORDER BY used_at`, limits.Templates, limits.TemplateAge)
	if err != nil {
		return 0, kept, err
	}
	for _, name := range names {
		dropped, err := s.pruneTemplate(ctx, name)
		if err != nil {
			return templates, kept, err
		}
		if dropped {
			templates++
		}
	}
	return templates, kept, nil
}

func (s *Store) pruneKept(ctx context.Context, limits Limits) (int, error) {
	names, err := s.names(ctx, `
		SELECT name FROM (SELECT name, since, row_number() OVER (ORDER BY since DESC) AS n FROM seedbed.clone WHERE state = 'kept') k
		WHERE n > $1 OR since < clock_timestamp() - $2::interval`, limits.Kept, limits.KeptAge)
	for i, name := range names {
		if err := s.dropClone(ctx, name); err != nil {
			return i, err
		}
		roles, err := s.names(ctx, "SELECT rolname::text FROM pg_roles WHERE starts_with(rolname::text, $1)", keptRole(name, ""))
		if err == nil {
			err = s.dropRoles(ctx, roles)
		}
		if err != nil {
			return i, err
		}
	}
	return len(names), err
}

// pruneTemplate drops a template and the unused clones of it, unless it is in
// use: users share its lock, and only without any can it be had alone.
func (s *Store) pruneTemplate(ctx context.Context, name string) (dropped bool, err error) {
	conn, err := s.connect(ctx, server.ControlDatabase)
	if err != nil {
		return false, err
	}
	defer conn.Close(context.WithoutCancel(ctx)) // and with it the lock
	var alone bool
	err = conn.QueryRow(ctx, "SELECT pg_try_advisory_lock($1, $2)", int32(templateClass), shortKey(name)).Scan(&alone)
	if err != nil || !alone {
		return false, err
	}
	// The record goes first: a template without one is not used.
	if _, err := conn.Exec(ctx, "DELETE FROM seedbed.template WHERE name = $1", name); err != nil {
		return false, err
	}
	clones, err := s.names(ctx, "SELECT name FROM seedbed.clone WHERE template = $1 AND state = 'held'", name)
	if err != nil {
		return false, err
	}
	for _, clone := range clones {
		if err := s.dropClone(ctx, clone); err != nil {
			return false, err
		}
	}
	return true, s.dropDatabase(ctx, name)
}

func (s *Store) dropClone(ctx context.Context, name string) error {
	if err := s.dropDatabase(ctx, name); err != nil {
		return err
	}
	_, err := s.control.Exec(ctx, "DELETE FROM seedbed.clone WHERE name = $1", name)
	return err
}

func (s *Store) names(ctx context.Context, sql string, args ...any) ([]string, error) {
	rows, err := s.control.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

// KeptDatabase is a database that is kept because its test failed.
type KeptDatabase struct {
	Database string
	Test     string
	Project  string    // the root of the test's project; "" where it is not on record
	KeptAt   time.Time // when its test ended
	Bytes    int64
}

// Contents counts the templates on a server and lists the databases kept from failed
// tests, newest first. control is an administrator's connection to the server's control
// database.
func Contents(ctx context.Context, control *pgx.Conn) (templates int, kept []KeptDatabase, err error) {
	var hasRegistry bool // a server that no test has used yet has no schema seedbed
	if err := control.QueryRow(ctx, "SELECT to_regclass('seedbed.clone') IS NOT NULL").Scan(&hasRegistry); err != nil || !hasRegistry {
		return 0, nil, err
	}
	if err := control.QueryRow(ctx, "SELECT count(*) FROM seedbed.template").Scan(&templates); err != nil {
		return 0, nil, err
	}
	rows, err := control.Query(ctx, `SELECT c.name, c.who AS test, coalesce(to_jsonb(c) ->> 'project', ''), c.since AS kept_at, pg_database_size(d.oid) FROM seedbed.clone c
		JOIN pg_database d ON d.datname = c.name WHERE state = 'kept' ORDER BY since DESC`)
	if err != nil {
		return 0, nil, err
	}
	kept, err = pgx.CollectRows(rows, pgx.RowToStructByPos[KeptDatabase])
	return templates, kept, err
}
