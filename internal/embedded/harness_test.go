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
	cfg := embedded.BootConfig{
		Bin: bin, Drop: drop, Password: "secret", Socket: filepath.Join(dir, `s" k`),
		Data: filepath.Join(dir, "data"), Runtime: filepath.Join(dir, "run"), LogFile: filepath.Join(dir, "log"),
		Settings: map[string]string{"fsync": "off"},
	}
	t.Cleanup(func() {
		if err := embedded.Stop(context.Background(), embedded.StopConfig{Data: cfg.Data, Immediate: true}); err != nil {
			t.Error(err)
		}
	})
	return cfg
}

// boot initialises, if that has not been done, and boots.
func boot(t testing.TB, cfg embedded.BootConfig) *embedded.Server {
	t.Helper()
	if !exists(cfg.Data) {
		initialise(t, cfg)
	}
	srv, err := embedded.Boot(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return srv
}

// pristine holds one initialised data directory for each Postgres, which saves
// every test but the first half a second.
var pristine = struct {
	dir  string
	data map[string]string
}{data: map[string]string{}}

func initialise(t testing.TB, cfg embedded.BootConfig) {
	t.Helper()
	data := pristine.data[cfg.Bin]
	if data == "" {
		data = filepath.Join(pristine.dir, fmt.Sprint(len(pristine.data)))
		first := cfg
		first.Data = data
		if err := embedded.Init(t.Context(), first); err != nil {
			t.Fatal(err)
		}
		pristine.data[cfg.Bin] = data
	}
	// As root the copy is root's; Boot gives it to whom it belongs.
	if err := os.CopyFS(cfg.Data, os.DirFS(data)); err != nil {
		t.Fatal(err)
	}
}

func stop(t testing.TB, cfg embedded.BootConfig, immediate bool) {
	t.Helper()
	if err := embedded.Stop(t.Context(), embedded.StopConfig{Data: cfg.Data, Immediate: immediate}); err != nil {
		t.Fatal(err)
	}
}

func connect(t testing.TB, host string, srv *embedded.Server) *pgx.Conn {
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

// fakeServer is cfg's installation with a postgres that first runs some shell, in
// the directory that holds the data directory.
func fakeServer(t testing.TB, cfg embedded.BootConfig, shell string) string {
	t.Helper()
	dir := filepath.Dir(cfg.Data)
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	bin := filepath.Join(dir, "bin")
	if err := os.Mkdir(bin, 0o755); err != nil {
		t.Fatal(err)
	}
	script := "#!/bin/sh\ncd " + sh(dir) + "\n" + shell + "\nexec " + sh(filepath.Join(cfg.Bin, "postgres")) + ` "$@"` + "\n"
	if err := os.WriteFile(filepath.Join(bin, "postgres"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"initdb", "pg_ctl"} {
		if err := os.Symlink(filepath.Join(cfg.Bin, name), filepath.Join(bin, name)); err != nil {
			t.Fatal(err)
		}
	}
	return bin
}

func sh(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// noServer fails the test if any process works in, or was started for, the data
// directory.
func noServer(t testing.TB, cfg embedded.BootConfig) {
	t.Helper()
	until(t, "every process of "+cfg.Data+" to end", func() bool {
		dirs, _ := filepath.Glob("/proc/[0-9]*")
		for _, dir := range dirs {
			line, _ := os.ReadFile(filepath.Join(dir, "cmdline"))
			if dir != fmt.Sprint("/proc/", os.Getpid()) && strings.Contains(string(line), filepath.Dir(cfg.Data)) {
				return false
			}
		}
		return true
	})
}

// until waits for what happens in another process and cannot be waited for.
func until(t testing.TB, what string, done func() bool) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for !done() {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for %s", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func read(t testing.TB, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
