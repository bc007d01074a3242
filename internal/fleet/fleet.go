// Package fleet lists and prunes the servers in a cache directory: those that tests
// share and those of development projects.
//
//	servers, err := fleet.List(ctx, cache)
//
// It boots nothing. What a server holds can be told while it runs; of one that does
// not, only how much room it takes.
package fleet

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/qarion/seedbed/internal/cluster"
	"github.com/qarion/seedbed/internal/embedded"
)

// Server is one directory with a server's data.
type Server struct {
	Name    string // below the cache: servers/… or dev/…
	Dir     string
	Dev     bool // somebody's development data: never removed here
	Bytes   int64
	Used    time.Time // last boot
	Running bool
	PID     int

	// Of a server that runs.
	Version   string
	Clients   int // sessions beside ours and the server's own
	Leases    int // processes that keep it up
	Idle      time.Duration
	Stays     bool // until it is stopped
	Templates int
	Kept      []Kept
	// Err says why a server that runs could not be asked.
	Err error
}

// Kept is the database of a failed test.
type Kept struct {
	Database string
	Test     string
	Since    time.Time
	Bytes    int64
	URL      string // as its owner
	AdminURL string // as the superuser, who sees all rows
}

// List looks at every server below cache, tests' first, by name.
func List(ctx context.Context, cache string) ([]Server, error) {
	var all []Server
	for _, kind := range []string{"servers", "dev"} {
		entries, err := os.ReadDir(filepath.Join(cache, kind))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("list the servers: %w", err)
		}
		for _, e := range entries {
			dir := filepath.Join(cache, kind, e.Name())
			if _, err := os.Stat(filepath.Join(dir, "data")); err != nil || !e.IsDir() {
				continue
			}
			s := Server{Name: filepath.Join(kind, e.Name()), Dir: dir, Dev: kind == "dev", Bytes: Size(dir)}
			s.look(ctx, cache)
			all = append(all, s)
		}
	}
	return all, ctx.Err()
}

// look asks the server, if it runs.
func (s *Server) look(ctx context.Context, cache string) {
	if info, err := os.Stat(filepath.Join(s.Dir, "server.log")); err == nil {
		s.Used = info.ModTime()
	}
	if text, err := os.ReadFile(filepath.Join(s.Dir, "data", "PG_VERSION")); err == nil {
		s.Version = strings.TrimSpace(string(text))
	}
	p, err := embedded.Running(filepath.Join(s.Dir, "data"))
	if err != nil {
		s.Err = err
		return
	}
	if p == nil {
		return
	}
	s.Running, s.PID = true, p.PID
	s.Err = s.ask(ctx, cache)
}

func (s *Server) ask(ctx context.Context, cache string) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	c, err := cluster.Find(ctx, cluster.Config{Name: s.Name, Cache: cache})
	if err != nil {
		return err
	}
	if c == nil {
		return errors.New("it runs and does not answer")
	}
	defer c.Release(context.WithoutCancel(ctx))
	conn, err := pgx.ConnectConfig(ctx, c.Config(cluster.ControlDatabase, cluster.Superuser))
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	s.Version = c.Version()
	if s.Leases, err = c.Leases(ctx); err != nil {
		return err
	}
	s.Leases-- // ours
	var registry bool
	var idle *float64
	err = conn.QueryRow(ctx, `SELECT
		(SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND datname <> current_database()),
		(SELECT idle_seconds FROM seedbed.server), to_regclass('seedbed.clone') IS NOT NULL`).Scan(&s.Clients, &idle, &registry)
	if err != nil {
		return err
	}
	if s.Stays = idle == nil; idle != nil {
		s.Idle = time.Duration(*idle * float64(time.Second))
	}
	if !registry {
		return nil
	}
	if err := conn.QueryRow(ctx, "SELECT count(*) FROM seedbed.template").Scan(&s.Templates); err != nil {
		return err
	}
	rows, err := conn.Query(ctx, `SELECT c.name, who, since, pg_database_size(d.oid) FROM seedbed.clone c
		JOIN pg_database d ON d.datname = c.name WHERE state = 'kept' ORDER BY since DESC`)
	if err != nil {
		return err
	}
	s.Kept, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (k Kept, err error) {
		err = row.Scan(&k.Database, &k.Test, &k.Since, &k.Bytes)
		k.URL, k.AdminURL = c.URL(k.Database, cluster.Owner), c.URL(k.Database, cluster.Superuser)
		return k, err
	})
	return err
}

// Size is how much room a directory takes, as far as it can be read.
func Size(dir string) int64 {
	var total int64
	_ = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil {
			return nil
		}
		if info, err := d.Info(); err == nil && info.Mode().IsRegular() {
			total += info.Size()
		}
		return nil
	})
	return total
}
