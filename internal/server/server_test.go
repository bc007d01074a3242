package server_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/qarion/seedbed/internal/server"
	"github.com/qarion/seedbed/internal/testkit"
)

func acquire(t *testing.T, cfg server.Config) *server.Server {
	t.Helper()
	s, err := server.Acquire(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Release(context.Background()) })
	return s
}

func run(t *testing.T, cfg *pgx.ConnConfig, sql string) error {
	t.Helper()
	conn, err := pgx.ConnectConfig(t.Context(), cfg)
	if err != nil {
		return err
	}
	defer conn.Close(context.Background())
	_, err = conn.Exec(t.Context(), sql)
	return err
}

func one[T any](t *testing.T, cfg *pgx.ConnConfig, sql string) (v T) {
	t.Helper()
	conn, err := pgx.ConnectConfig(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	if err := conn.QueryRow(t.Context(), sql).Scan(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

// role is a base that makes a role, which fails on a server that has it.
func role(key string) server.Base {
	return server.Base{Key: key, Build: func(ctx context.Context, s *server.Server) error {
		conn, err := pgx.ConnectConfig(ctx, s.SetupConfig("postgres", server.Owner))
		if err != nil {
			return err
		}
		defer conn.Close(ctx)
		_, err = conn.Exec(ctx, "CREATE ROLE reporting")
		return err
	}}
}

// gone waits until the server of a directory has stopped.
func gone(t *testing.T, dir string) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); len(testkit.Servers(dir)) > 0; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%v still runs", testkit.Servers(dir))
		}
	}
}

// A server belongs to one base: the same key shares it, another one makes the same
// role on a server of its own, and the predecessor of the lineage stops at once.
func TestServerForEachBase(t *testing.T) {
	t.Parallel()
	cache := testkit.CacheDir(t)
	cfg := server.Config{Cache: cache, Idle: time.Minute, Lineage: "00001_items.sql", Base: role("one")}
	first := acquire(t, cfg)
	if again := acquire(t, cfg); again.Dir() != first.Dir() || again.Started() {
		t.Errorf("the same key has a server of its own: %s and %s", again.Dir(), first.Dir())
	} else {
		again.Release(t.Context())
	}
	cfg.Base = role("two")
	second := acquire(t, cfg)
	if second.Dir() == first.Dir() {
		t.Fatal("two bases share a server")
	}
	if len(testkit.Servers(first.Dir())) != 1 {
		t.Error("a predecessor that is in use was stopped")
	}
	second.Release(t.Context())
	first.Release(t.Context())
	cfg.Base = role("three")
	acquire(t, cfg)
	gone(t, second.Dir())
}

// A base that fails, or whose builder is gone, leaves nothing: the next one is built on
// a server as new.
func TestIncompleteBaseIsDiscarded(t *testing.T) {
	t.Parallel()
	cache := testkit.CacheDir(t)
	cfg := server.Config{Cache: cache, Idle: time.Minute, Base: role("x")}
	build := cfg.Base.Build
	failure := errors.New("a later migration fails")
	cfg.Base.Build = func(ctx context.Context, s *server.Server) error { return errors.Join(build(ctx, s), failure) }
	if _, err := server.Acquire(t.Context(), cfg); !errors.Is(err, failure) {
		t.Fatalf("Acquire says %v", err)
	}
	if running := testkit.Servers(cache); len(running) > 0 {
		t.Errorf("%v runs on", running)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cfg.Base.Build = func(ctx context.Context, s *server.Server) error {
		err := build(ctx, s)
		cancel()
		return errors.Join(err, ctx.Err())
	}
	if _, err := server.Acquire(ctx, cfg); !errors.Is(err, context.Canceled) {
		t.Fatalf("Acquire says %v", err)
	}
	cfg.Base.Build = build
	acquire(t, cfg)
}

// A server that was not shut down is made anew.
func TestCrashedServerIsMadeAnew(t *testing.T) {
	t.Parallel()
	cache := testkit.CacheDir(t)
	cfg := server.Config{Cache: cache, Idle: time.Minute, Base: role("x")}
	s := acquire(t, cfg)
	if err := run(t, s.AdminConfig("postgres"), "CREATE ROLE left_behind"); err != nil {
		t.Fatal(err)
	}
	for _, pid := range testkit.Servers(s.Dir()) {
		if err := (&os.Process{Pid: pid}).Kill(); err != nil {
			t.Fatal(err)
		}
	}
	again := acquire(t, cfg)
	if n := one[int](t, again.AdminConfig("postgres"), "SELECT count(*) FROM pg_roles WHERE rolname = 'left_behind'"); n != 0 {
		t.Error("the role of the server that crashed is there")
	}
}

// A retired server is not acquired any more, here or elsewhere, and stops with its last
// lease; its key then has a new one.
func TestRetire(t *testing.T) {
	t.Parallel()
	cache := testkit.CacheDir(t)
	cfg := server.Config{Cache: cache, Idle: time.Minute, Base: role("x")}
	s := acquire(t, cfg)
	if _, retired := s.Retired(); retired {
		t.Error("a new server is retired")
	}
	if err := s.Retire(t.Context(), "TestX altered the role reporting"); err != nil {
		t.Fatal(err)
	}
	if why, retired := s.Retired(); !retired || why != "TestX altered the role reporting" {
		t.Errorf("Retired says %q, %t", why, retired)
	}
	next := acquire(t, cfg)
	if next.Dir() == s.Dir() || !next.Started() {
		t.Errorf("the successor is %s, as the retired one", next.Dir())
	}
	if err := run(t, s.Config("postgres", server.Owner), "SELECT 1"); err != nil {
		t.Errorf("the retired server, still leased: %v", err)
	}
	s.Release(t.Context())
	gone(t, s.Dir())
	if n := len(testkit.Servers(cache)); n != 1 {
		t.Errorf("%d servers run, want the successor", n)
	}
}

// No setting, of the server or of a role, reaches our own sessions, and the reaper
// ends the server in time.
func TestSettingsDoNotReachUs(t *testing.T) {
	t.Parallel()
	cache := testkit.CacheDir(t)
	settings := map[string]string{
		"statement_timeout": "300ms", "lock_timeout": "1ms", "idle_session_timeout": "300ms", "idle_in_transaction_session_timeout": "300ms",
		"default_transaction_read_only": "on", "default_transaction_isolation": "serializable", "search_path": "nowhere",
		"row_security": "off", "client_connection_check_interval": "100ms", "client_min_messages": "debug5", "IntervalStyle": "sql_standard",
		"session_replication_role": "replica", "default_tablespace": "nowhere", "standard_conforming_strings": "off",
	}
	s := acquire(t, server.Config{Cache: cache, Idle: time.Second, Settings: settings, Base: role("x")})
	if got := one[string](t, s.Config("postgres", server.Owner), "SHOW statement_timeout"); got != "300ms" {
		t.Errorf("code under test has statement_timeout %s", got)
	}
	if err := run(t, s.AdminConfig("postgres"), "ALTER ROLE postgres SET statement_timeout = '1ms'; ALTER DATABASE seedbed SET default_transaction_read_only = on"); err != nil {
		t.Fatal(err)
	}
	if err := run(t, s.AdminConfig(server.ControlDatabase), "SELECT pg_sleep(0.5); CREATE TABLE seedbed.x ()"); err != nil {
		t.Errorf("our own session: %v", err)
	}
	if err := run(t, s.SetupConfig("postgres", server.Owner), "SELECT pg_sleep(0.5); CREATE ROLE made_by_a_migration"); err != nil {
		t.Errorf("a migration: %v", err)
	}
	if n, err := s.Leases(t.Context()); err != nil || n != 1 {
		t.Errorf("%d leases, %v", n, err)
	}
	s.Release(t.Context())
	gone(t, cache)
}

// Settings that break what a server promises are refused by name.
func TestRefusedSettings(t *testing.T) {
	t.Parallel()
	cache := testkit.CacheDir(t)
	for name, value := range map[string]string{"track_counts": "off", "Track_Counts": "false", "track_activities": "no", "log_line_prefix": "%t", "port": "5432", "hba_file": "/tmp/x"} {
		_, err := server.Acquire(t.Context(), server.Config{Cache: cache, Settings: map[string]string{name: value}})
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s = %s: %v", name, value, err)
		}
	}
	acquire(t, server.Config{Cache: cache, Idle: time.Second, Settings: map[string]string{"track_counts": "true", "wal_level": "logical", "max_connections": "20"}})
}

// By TCP a role of ours comes in with its own password, and not with another's.
func TestTCPURL(t *testing.T) {
	t.Parallel()
	cache := testkit.CacheDir(t)
	s := acquire(t, server.Config{Cache: cache, Idle: time.Second})
	for _, role := range []string{server.Owner, server.Tester} {
		url := s.TCPURL("postgres", role)
		cfg, err := pgx.ParseConfig(url)
		if err != nil {
			t.Fatal(err)
		}
		if got := one[string](t, cfg, "SELECT current_user || ' ' || host(inet_client_addr())"); got != role+" 127.0.0.1" {
			t.Errorf("%s came in as %s", role, got)
		}
		cfg.User = server.Superuser
		if err := run(t, cfg, "SELECT 1"); err == nil {
			t.Errorf("the password of %s is the superuser's", role)
		}
	}
	if url := s.LogURL("postgres", server.Owner); strings.Contains(url, ":"+s.Config("postgres", server.Owner).Password) {
		t.Errorf("%s holds a password", url)
	}
}

func TestListAndSweep(t *testing.T) {
	t.Parallel()
	cache := testkit.CacheDir(t)
	s := acquire(t, server.Config{Cache: cache, Idle: time.Minute})
	all, err := server.List(t.Context(), cache)
	if err != nil || len(all) != 1 {
		t.Fatalf("%d servers, %v", len(all), err)
	}
	if i := all[0]; !i.Running || i.Leases != 1 || i.Version != s.Version() || i.Err != nil || !strings.HasPrefix(i.Project.String(), filepath.Base(i.Project.Root)) || i.Project.Root == "" {
		t.Errorf("a server in use is %+v", i)
	}
	if removed, err := all[0].Remove(); removed || err != nil {
		t.Errorf("a server in use was removed: %v", err)
	}
	memory, _ := os.Readlink(filepath.Join(s.Dir(), "data"))
	s.Release(t.Context())
	if err := all[0].StopUnused(t.Context(), cache); err != nil {
		t.Fatal(err)
	}
	server.Sweep(t.Context(), cache, server.DefaultLimits)
	if _, err := os.Stat(s.Dir()); err != nil {
		t.Errorf("what is new was removed: %v", err)
	}
	server.Sweep(t.Context(), cache, server.Limits{Servers: 0, Memory: 0, Age: time.Hour})
	if _, err := os.Stat(s.Dir()); err == nil {
		t.Error("one too many is still there")
	}
	if _, err := os.Stat(memory); memory != "" && err == nil {
		t.Errorf("%s is still there", memory)
	}
}

// Development data is neither stopped nor removed.
func TestDevelopmentDataIsSacred(t *testing.T) {
	t.Parallel()
	cache := testkit.OpenDir(t)
	data := filepath.Join(cache, "dev", "project", "data")
	if err := os.MkdirAll(data, 0o755); err != nil {
		t.Fatal(err)
	}
	all, err := server.List(t.Context(), cache)
	if err != nil || len(all) != 1 {
		t.Fatalf("%d servers, %v", len(all), err)
	}
	if _, err := all[0].Remove(); !errors.Is(err, server.ErrDevelopment) {
		t.Errorf("Remove: %v", err)
	}
	if err := all[0].StopUnused(t.Context(), cache); !errors.Is(err, server.ErrDevelopment) {
		t.Errorf("StopUnused: %v", err)
	}
	server.Sweep(t.Context(), cache, server.Limits{})
	if _, err := os.Stat(data); err != nil {
		t.Error(err)
	}
}

// Of many servers without a lease only the last few run on.
func TestIdleServersAreFew(t *testing.T) {
	testkit.SkipShort(t, "it starts ten servers")
	t.Parallel()
	cache := testkit.CacheDir(t)
	var last *server.Server
	for _, key := range strings.Split("abcdefghij", "") {
		if last != nil {
			last.Release(t.Context())
		}
		last = acquire(t, server.Config{Cache: cache, Idle: 10 * time.Minute, Base: server.Base{Key: key}})
	}
	for end := time.Now().Add(30 * time.Second); len(testkit.Servers(cache)) > 9; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d servers run", len(testkit.Servers(cache)))
		}
	}
	if testkit.Servers(last.Dir())[filepath.Join(last.Dir(), "data")] == 0 {
		t.Error("the server in use was stopped")
	}
}
