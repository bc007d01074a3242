package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/qarion/seedbed/internal/postgres"
	"github.com/qarion/seedbed/internal/testkit"
)

// A damaged image is noticed when it is copied, put aside
// and made anew.
func TestDamagedImage(t *testing.T) {
	cache := newCache(t)
	inst := installed(t, cache)
	made := 0
	options := postgres.DataOptions{Cache: cache, Key: "counts", SetUp: func(context.Context, *pgx.ConnConfig) error { made++; return nil }}
	create := func() error {
		_, err := inst.CreateData(t.Context(), filepath.Join(testkit.OpenDir(t), "data"), options)
		return err
	}
	do(t, create(), create())
	if made != 1 {
		t.Fatalf("made %d images for two servers", made)
	}
	images, _ := filepath.Glob(filepath.Join(cache.Dir, "images", inst.Version+"-*"))
	if len(images) != 1 {
		t.Fatalf("images: %v", images)
	}
	in := func(name string) string { return filepath.Join(images[0], filepath.FromSlash(name)) }
	for _, damage := range testkit.Sample(t, []struct {
		name string
		do   func() error
	}{
		{"empty file", func() error { return os.Truncate(in("data/global/pg_control"), 0) }},
		{"missing file", func() error { return os.Remove(in("data/PG_VERSION")) }},
		{"flipped byte", func() error { return flip(in("data/base/1/1259")) }},
		{"no manifest", func() error { return os.Remove(in("manifest.json")) }},
		{"half a manifest", func() error { return os.Truncate(in("manifest.json"), 1000) }},
	}, 2) {
		before := made
		do(t, damage.do(), create(), create())
		if made != before+1 {
			t.Errorf("%s: made %d images, want one", damage.name, made-before)
		}
	}
}

func flip(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	b := make([]byte, 1)
	if _, err := f.ReadAt(b, 5000); err != nil {
		return err
	}
	b[0] ^= 1
	_, err = f.WriteAt(b, 5000)
	return err
}

// An image is slim, belongs to us, and holds what SetUp did.
func TestImage(t *testing.T) {
	cache := sharedCache(t)
	h := newHome(t, cache, postgres.DataOptions{Key: "table", SetUp: func(ctx context.Context, cfg *pgx.ConnConfig) error {
		conn, err := pgx.ConnectConfig(ctx, cfg)
		if err != nil {
			return err
		}
		defer conn.Close(ctx)
		_, err = conn.Exec(ctx, "CREATE TABLE made AS SELECT 'by set-up' AS how")
		return err
	}})
	var size int64
	_ = filepath.WalkDir(h.data(), func(path string, d fs.DirEntry, err error) error {
		if info, ierr := d.Info(); err == nil && ierr == nil && !d.IsDir() {
			size += info.Size()
		}
		return err
	})
	if size > 26<<20 {
		t.Errorf("a new data directory takes %d bytes", size)
	}
	t.Logf("%d bytes", size)
	p := h.start(t, nil)
	for _, q := range []struct{ query, want string }{
		// First: the session of an earlier question may still be about to end.
		{"SELECT count(*)::text FROM pg_stat_activity WHERE backend_type = 'client backend'", "1"},
		{"SELECT how FROM made", "by set-up"},
		{"SHOW data_checksums", "off"},
		{"SHOW wal_segment_size", "1MB"},
		{"SHOW server_encoding", "UTF8"},
	} {
		if got := h.ask(t, p, q.query); got != q.want {
			t.Errorf("%s: %s, want %s", q.query, got, q.want)
		}
	}
	pool, err := postgres.PoolConfig()
	if err != nil {
		t.Fatal(err)
	}
	cfg := pool.ConnConfig
	cfg.Host, cfg.Port, cfg.Password, cfg.Database = "127.0.0.1", uint16(p.Port), h.password, "postgres"
	if got := ask(t, cfg, "SELECT 'x'"); got != "x" {
		t.Errorf("over TCP: %s", got)
	}
	cfg.Password = "wrong"
	if conn, err := pgx.ConnectConfig(t.Context(), cfg); err == nil {
		conn.Close(t.Context())
		t.Error("over TCP any password will do")
	}
}

// A SetUp that fails leaves no image and no server, and says why.
func TestFailingSetUp(t *testing.T) {
	cache := newCache(t)
	dir := testkit.OpenDir(t)
	_, err := installed(t, cache).CreateData(t.Context(), dir+"/data", postgres.DataOptions{Cache: cache, Key: "fails",
		SetUp: func(context.Context, *pgx.ConnConfig) error { return errors.New("no roles today") }})
	if err == nil || !strings.Contains(err.Error(), "no roles today") {
		t.Errorf("got %v", err)
	}
	if left := leftovers(t, cache); len(left) > 0 {
		t.Errorf("left %v", left)
	}
	if entries, _ := os.ReadDir(dir); len(entries) > 0 {
		t.Errorf("left %v", entries)
	}
}

// Locales: ICU's are the server's, one that the system lacks is named with the
// way out.
func TestICULocale(t *testing.T) {
	cache := sharedCache(t)
	if installed(t, cache).Major < 15 {
		t.Skip("before 15 there is no such thing")
	}
	h := newHome(t, cache, postgres.DataOptions{Locale: "icu:de-DE"})
	p := h.start(t, nil)
	got := h.ask(t, p, "SELECT string_agg(w, ' ' ORDER BY w) FROM unnest('{Zebra,Äpfel,apfel,Öl,ofen}'::text[]) w")
	if want := "apfel Äpfel ofen Öl Zebra"; got != want {
		t.Errorf("sorted %s, want %s", got, want)
	}
}

func TestMissingLocale(t *testing.T) {
	cache := sharedCache(t)
	inst := installed(t, cache)
	for locale, want := range map[string]string{
		"xx_YY.UTF-8":    "localedef -i xx_YY -f UTF-8 xx_YY.UTF-8",
		"icu:nonsense":   "ICU does not know that language",
		"icu:qq-ZZ":      "ICU does not know that language",
		"xx_YY.nonsense": "icu:xx-YY",
	} {
		_, err := inst.CreateData(t.Context(), filepath.Join(testkit.OpenDir(t), "data"), postgres.DataOptions{Cache: cache, Locale: locale})
		if lacking := new(postgres.LocaleError); !errors.As(err, &lacking) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v\nwant %q", locale, err, want)
		}
	}
}

// An environment in which lib/pq panics, initdb gives up
// and libpq connects elsewhere. It is the same afterwards, and none of it, nor the
// test's secrets, is the server's.
func TestHostileEnvironment(t *testing.T) {
	env := map[string]string{
		"LANG": "xx_YY.nonsense", "LC_ALL": "zz", "LANGUAGE": "tlh", "PGDATA": "/nowhere", "PGPORT": "1", "PGHOST": "example.invalid",
		"PGHOSTADDR": "192.0.2.1", "PGSERVICE": "x", "PGSERVICEFILE": "/x", "PGSYSCONFDIR": "/x", "PGREQUIRESSL": "1", "PGLOCALEDIR": "/x",
		"PGSSLCRL": "/x", "PGSSLMODE": "verify-full", "PGOPTIONS": "-c nonsense=1", "PGTZ": "Nowhere", "PGUSER": "x", "PGDATABASE": "x",
		"PGCLIENTENCODING": "EBCDIC", "PGTARGETSESSIONATTRS": "standby", "PGCONNECT_TIMEOUT": "x", "PGAPPNAME": "x", "SECRET": "hunter2",
		"TMPDIR": t.TempDir(),
	}
	cache := sharedCache(t)
	h := &home{cache: cache, inst: installed(t, cache), dir: testkit.OpenDir(t)}
	for name, value := range env {
		t.Setenv(name, value)
	}
	_, err := h.inst.CreateData(t.Context(), h.data(), postgres.DataOptions{Cache: cache, Key: "hostile"})
	do(t, err)
	p := h.start(t, nil)
	for name, want := range env {
		if got := os.Getenv(name); got != want {
			t.Errorf("%s is %q afterwards, want %q", name, got, want)
		}
	}
	if left, _ := os.ReadDir(env["TMPDIR"]); len(left) > 0 {
		t.Errorf("left in TMPDIR: %v", left)
	}
	if got := h.ask(t, p, "SELECT current_user || current_setting('application_name')"); got != "postgres" {
		t.Errorf("connected as %s", got)
	}
	if text, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", p.PID)); err == nil && strings.Contains(string(text), "hunter2") {
		t.Error("the server has the test's secrets")
	}
}
