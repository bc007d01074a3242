package fleet_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/qarion/seedbed/internal/cluster"
	"github.com/qarion/seedbed/internal/fleet"
	"github.com/qarion/seedbed/internal/template"
)

// A server's life as List and Prune see it: it runs and keeps a failed test's
// database; that is pruned; it is stopped; it is removed.
func TestFleet(t *testing.T) {
	cache := openDir(t)
	c := boot(t, cache, "servers/one")
	keep(t, c, "TestThatFailed")

	s := only(t, cache)
	if !s.Running || s.Leases != 1 || s.Templates != 1 || s.Version != c.Version() || s.Err != nil {
		t.Errorf("a server that runs is %+v", s)
	}
	if len(s.Kept) != 1 || s.Kept[0].Test != "TestThatFailed" || s.Kept[0].Bytes == 0 {
		t.Fatalf("kept is %+v", s.Kept)
	}
	if p, err := s.Prune(t.Context(), cache, template.DefaultLimits); err != nil || p.Kept != 0 {
		t.Errorf("what is new was pruned: %+v, %v", p, err)
	}
	if p, err := s.Prune(t.Context(), cache, template.Limits{}); err != nil || p.Kept != 1 || p.Templates != 1 {
		t.Errorf("pruned %+v, %v; want one of each", p, err)
	}
	if p, err := s.Remove(); err != nil || p.Server {
		t.Fatalf("a server that runs was removed: %+v, %v", p, err)
	}
	if err := c.Stop(context.WithoutCancel(t.Context())); err != nil {
		t.Fatal(err)
	}
	if s = only(t, cache); s.Running || s.Bytes == 0 {
		t.Errorf("a stopped server is %+v", s)
	}
	if p, err := s.Remove(); err != nil || !p.Server {
		t.Errorf("it was not removed: %+v, %v", p, err)
	}
	if all, err := fleet.List(t.Context(), cache); err != nil || len(all) != 0 {
		t.Errorf("it is still there: %+v, %v", all, err)
	}
}

// Development data is out of reach.
func TestDevIsSacred(t *testing.T) {
	cache := t.TempDir()
	data := filepath.Join(cache, "dev", "project", "data")
	if err := os.MkdirAll(data, 0o755); err != nil {
		t.Fatal(err)
	}
	s := only(t, cache)
	if _, err := s.Remove(); !errors.Is(err, fleet.ErrDev) {
		t.Errorf("Remove: %v", err)
	}
	if _, err := s.Prune(t.Context(), cache, template.Limits{}); !errors.Is(err, fleet.ErrDev) {
		t.Errorf("Prune: %v", err)
	}
	if _, err := os.Stat(data); err != nil {
		t.Error(err)
	}
}

func only(t *testing.T, cache string) fleet.Server {
	t.Helper()
	all, err := fleet.List(t.Context(), cache)
	if err != nil || len(all) != 1 {
		t.Fatalf("%d servers, want one; %v", len(all), err)
	}
	return all[0]
}

// openDir is a directory that the user Postgres runs as can pass through.
func openDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "fleet")
	if err == nil {
		err = os.Chmod(dir, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func boot(t *testing.T, cache, name string) *cluster.Cluster {
	t.Helper()
	c, err := cluster.Acquire(t.Context(), cluster.Config{Cache: cache, Name: name, Idle: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Stop(context.Background()) })
	return c
}

// keep leaves the database of a failed test behind.
func keep(t *testing.T, c *cluster.Cluster, test string) {
	t.Helper()
	pool, err := cluster.PoolConfig()
	if err != nil {
		t.Fatal(err)
	}
	store, err := template.Open(t.Context(), template.Host{Config: c.Config, Pool: pool, Control: cluster.ControlDatabase,
		Admin: cluster.Superuser, Owner: cluster.Owner, Tester: cluster.Tester, Connections: 20})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close(context.Background())
	tmpl, err := store.Ensure(t.Context(), []template.Layer{{Name: "empty"}})
	if err != nil {
		t.Fatal(err)
	}
	open := func(db *template.Database) (*pgxpool.Pool, error) {
		cfg := pool.Copy()
		db.Configure(cfg, cluster.Owner)
		return pgxpool.NewWithConfig(t.Context(), cfg)
	}
	if err := tmpl.Fill(t.Context(), cluster.Owner, open, false); err != nil {
		t.Fatal(err)
	}
	db, err := tmpl.Acquire(t.Context(), test)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Keep(t.Context(), test); err != nil {
		t.Fatal(err)
	}
}
