//go:build unix

package embedded_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/qarion/seedbed/internal/embedded"
	"github.com/qarion/seedbed/internal/osuser"
)

// installations are the Postgres that the tests run on: those of
// SEEDBED_TEST_BINARIES (bin directories, as a PATH), else Debian's.
func installations(t testing.TB) []string {
	t.Helper()
	list := filepath.SplitList(os.Getenv("SEEDBED_TEST_BINARIES"))
	if len(list) == 0 {
		list, _ = filepath.Glob("/usr/lib/postgresql/*/bin")
	}
	if len(list) == 0 {
		t.Skip("no Postgres here: set SEEDBED_TEST_BINARIES to bin directories")
	}
	return list
}

// each runs a test on every Postgres.
func each(t *testing.T, test func(t *testing.T, cfg embedded.BootConfig)) {
	for _, bin := range installations(t) {
		t.Run(filepath.Base(filepath.Dir(bin)), func(t *testing.T) { test(t, config(t, bin)) })
	}
}

// config is a server in a directory whose name is as inconvenient as it may be.
func config(t testing.TB, bin string) embedded.BootConfig {
	t.Helper()
	drop, err := osuser.Choose(os.Getenv)
	if err != nil {
		t.Fatal(err)
	}
	// t.TempDir's parent has mode 0700, which a user that root drops to cannot pass.
	top, err := os.MkdirTemp("", "sb")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(top) })
	dir := filepath.Join(top, `it's "a" $HOME`)
	if err := errors.Join(os.Chmod(top, 0o755), os.Mkdir(dir, 0o755), drop.CanReach(dir)); err != nil {
		t.Fatal(err)
	}
	socket := filepath.Join(dir, `s" k`)
	cfg := embedded.BootConfig{
		Bin: bin, Drop: drop, Password: "secret", Socket: socket,
		Data: filepath.Join(dir, "data"), Runtime: filepath.Join(dir, "run"), LogFile: filepath.Join(dir, "log"),
	}
	t.Cleanup(func() {
		if err := embedded.Stop(context.Background(), embedded.StopConfig{Data: cfg.Data, Immediate: true}); err != nil {
			t.Error(err)
		}
	})
	return cfg
}

func boot(t testing.TB, cfg embedded.BootConfig) *embedded.Server {
	t.Helper()
	srv, err := embedded.Boot(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return srv
}

func connect(t testing.TB, cfg embedded.BootConfig, host string, srv *embedded.Server) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), fmt.Sprintf("host='%s' port=%d user=postgres password=secret dbname=postgres sslmode=disable",
		strings.ReplaceAll(host, "'", `\'`), srv.Port))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.Background()) })
	return conn
}

func ask(t testing.TB, conn *pgx.Conn, sql string, args ...any) string {
	t.Helper()
	var s string
	if err := conn.QueryRow(t.Context(), sql, args...).Scan(&s); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return s
}

func TestBootStopBoot(t *testing.T) {
	each(t, func(t *testing.T, cfg embedded.BootConfig) {
		srv := boot(t, cfg)
		conn := connect(t, cfg, cfg.Socket, srv)
		ask(t, conn, "select 'x'")
		for _, immediate := range []bool{false, true, true} {
			start := time.Now()
			if err := embedded.Stop(t.Context(), embedded.StopConfig{Data: cfg.Data, Immediate: immediate}); err != nil {
				t.Fatal(err)
			}
			t.Logf("stop (immediate %v) %v", immediate, time.Since(start))
			start = time.Now()
			srv = boot(t, cfg)
			t.Logf("boot %v", time.Since(start))
		}
		ask(t, connect(t, cfg, "localhost", srv), "select 'x'")
		entries, _ := filepath.Glob(filepath.Dir(cfg.Data) + "/*")
		t.Log(entries)
		fs, _ := filepath.Glob(os.TempDir() + "/embedded_postgres_log*")
		t.Log(fs)
		c := connect(t, cfg, cfg.Socket, srv)
		time.Sleep(1200 * time.Millisecond)
		t.Log(ask(t, c, "select string_agg(coalesce(application_name,'-')||state, ',') from pg_stat_activity where backend_type='client backend'"))
		b, _ := os.ReadFile(cfg.LogFile)
		t.Logf("%s", b)
	})
}
