package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/qarion/seedbed/internal/postgres"
)

// Info is a server's directory and what can be told about it.
type Info struct {
	Name         string // below the cache: servers/… or dev/…
	Dir          string
	Dev          bool    // a person's development data: never removed here
	Project      Project // that used it last
	RetireReason string  // why it is not used any more; "" where it may be
	Memory       bool    // its data lies in memory
	Bytes        int64
	Used         time.Time // last acquired
	Running      bool
	PID          int
	Version      string // the major version of one that is stopped

	// Of a server that runs.
	Clients int // sessions beside ours and the server's own
	Leases  int // processes that keep it up
	Idle    time.Duration
	Stays   bool // until it is stopped
	// Err says why a server that runs could not be asked.
	Err error
}

// List looks at every server below the cache, tests' first, by name, and asks those
// that run. It starts none.
func List(ctx context.Context, cache string) ([]Info, error) {
	all, err := scan(cache, func(*Info) bool { return true })
	if err != nil {
		return nil, err
	}
	for i := range all {
		all[i].Bytes = Size(all[i].Dir)
		if all[i].Running {
			all[i].Err = all[i].ask(ctx, cache)
		}
	}
	return all, ctx.Err()
}

// DevBranches are the branches of a project whose development servers run.
func DevBranches(root string) ([]string, error) {
	cache, err := postgres.OpenCache("")
	if err != nil {
		return nil, err
	}
	all, err := scan(cache.Dir, func(i *Info) bool { return i.Dev && i.Running && i.Project.Root == root })
	var branches []string
	for _, i := range all {
		if i.Project.Branch != "" {
			branches = append(branches, i.Project.Branch)
		}
	}
	return branches, err
}

// scan reads the servers' directories and returns those that want accepts.
func scan(cache string, want func(*Info) bool) ([]Info, error) {
	var all []Info
	for _, kind := range []string{testServers, devServers} {
		entries, err := os.ReadDir(filepath.Join(cache, kind))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("list the servers: %w", err)
		}
		for _, e := range entries {
			h := homeIn(filepath.Join(cache, kind, e.Name()))
			if _, err := os.Lstat(h.data()); err != nil || !e.IsDir() {
				continue
			}
			if i := h.info(filepath.Join(kind, e.Name())); want(&i) {
				all = append(all, i)
			}
		}
	}
	return all, nil
}

// info is what the directory says.
func (h home) info(name string) Info {
	i := Info{Name: name, Dir: h.dir, Dev: filepath.Dir(name) == devServers, Memory: h.inMemory() != ""}
	i.RetireReason, _ = h.whyRetired()
	if text, err := os.ReadFile(h.project()); err == nil {
		_ = json.Unmarshal(text, &i.Project)
	}
	for _, path := range []string{h.log(), h.project()} { // one that was never acquired has a log
		if info, err := os.Stat(path); err == nil {
			i.Used = info.ModTime()
		}
	}
	if text, err := os.ReadFile(filepath.Join(h.data(), "PG_VERSION")); err == nil {
		i.Version = strings.TrimSpace(string(text))
	}
	p, err := postgres.Running(h.data())
	if i.Err = err; err == nil && p != nil {
		i.Running, i.PID = true, p.PID
	}
	return i
}

// ask asks the server itself.
func (i *Info) ask(ctx context.Context, cache string) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	s, err := Find(ctx, cache, i.Name)
	if err != nil {
		return err
	}
	if s == nil {
		return errors.New("it runs and does not answer")
	}
	defer s.Release(context.WithoutCancel(ctx))
	i.Version = s.Version()
	if i.Leases, err = s.Leases(ctx); err != nil {
		return err
	}
	i.Leases-- // ours
	var idle *float64
	err = s.ask(ctx, func(conn *pgx.Conn) error {
		return conn.QueryRow(ctx, `SELECT
			(SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND datname <> current_database()),
			(SELECT idle_seconds FROM seedbed.server)`).Scan(&i.Clients, &idle)
	})
	if i.Stays = idle == nil; idle != nil {
		i.Idle = time.Duration(*idle * float64(time.Second))
	}
	return err
}

// Size is how much room a directory takes, as far as it can be read, what lies in
// memory included.
func Size(dir string) int64 {
	var total int64
	_ = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return nil
		}
		if d.Type() == fs.ModeSymlink && filepath.Base(path) == "data" {
			if target, err := os.Readlink(path); err == nil {
				total += Size(target)
			}
			return nil
		}
		if info, err := d.Info(); err == nil && info.Mode().IsRegular() {
			total += info.Size()
		}
		return nil
	})
	return total
}
