package postgres_test

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/qarion/seedbed/internal/postgres"
	"github.com/qarion/seedbed/internal/testkit"
)

// newCache is an empty cache of the test's own.
func newCache(t *testing.T) *postgres.Cache {
	t.Helper()
	cache, err := postgres.OpenCache(filepath.Join(testkit.OpenDir(t), "cache"))
	if err != nil {
		t.Fatal(err)
	}
	return cache
}

// shared is one cache for the tests that only read it: its image is made once.
var shared = sync.OnceValues(func() (*postgres.Cache, error) { return postgres.OpenCache("") })

func sharedCache(t *testing.T) *postgres.Cache {
	t.Helper()
	cache, err := shared()
	if err != nil {
		t.Fatal(err)
	}
	return cache
}

// installed is the Postgres that tests use.
func installed(t *testing.T, cache *postgres.Cache) *postgres.Installation {
	t.Helper()
	inst, err := postgres.Find(t.Context(), postgres.Request{Cache: cache, Logf: t.Logf})
	if err != nil {
		t.Fatal(err)
	}
	return inst
}

// A home is a directory for one server.
type home struct {
	cache    *postgres.Cache
	inst     *postgres.Installation
	dir      string
	password string
}

func newHome(t *testing.T, cache *postgres.Cache, o postgres.DataOptions) *home {
	t.Helper()
	h := &home{cache: cache, inst: installed(t, cache), dir: testkit.OpenDir(t)}
	o.Cache, o.Logf = cache, t.Logf
	var err error
	if h.password, err = h.inst.CreateData(t.Context(), h.data(), o); err != nil {
		t.Fatal(err)
	}
	return h
}

func (h *home) data() string { return filepath.Join(h.dir, "data") }

func (h *home) options() postgres.StartOptions {
	return postgres.StartOptions{
		Installation: h.inst, User: h.cache.User, Data: h.data(),
		Log: filepath.Join(h.dir, "server.log"), Conf: filepath.Join(h.dir, "server.conf"), Socket: filepath.Join(h.dir, "s"),
		Settings: map[string]string{"fsync": "off", "shared_buffers": "16MB", "max_connections": "20"},
	}
}

// start starts a server that the test's end stops.
func (h *home) start(t *testing.T, settings map[string]string) *postgres.Process {
	t.Helper()
	o := h.options()
	maps.Copy(o.Settings, settings)
	p, err := postgres.Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

// ask runs a query for one value, over the socket.
func (h *home) ask(t *testing.T, p *postgres.Process, query string) string {
	t.Helper()
	pool, err := postgres.PoolConfig()
	if err != nil {
		t.Fatal(err)
	}
	cfg := pool.ConnConfig
	cfg.Host, cfg.Port, cfg.Database = filepath.Join(h.dir, "s"), uint16(p.Port), "postgres"
	return ask(t, cfg, query)
}

func ask(t *testing.T, cfg *pgx.ConnConfig, query string) string {
	t.Helper()
	conn, err := pgx.ConnectConfig(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	var value any
	if err := conn.QueryRow(t.Context(), query).Scan(&value); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(value)
}

func mustContain(t *testing.T, text string, wants ...string) {
	t.Helper()
	for _, want := range wants {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in:\n%s", want, text)
		}
	}
}

// testLog keeps what a Logf is told.
type testLog struct {
	mu    sync.Mutex
	lines []string
}

func (l *testLog) printf(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, fmt.Sprintf(format, args...))
}

func (l *testLog) text() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.lines, "\n")
}

// do stops the test at the first error.
func do(t *testing.T, steps ...error) {
	t.Helper()
	for n, err := range steps {
		if err != nil {
			t.Fatalf("step %d: %v", n+1, err)
		}
	}
}
