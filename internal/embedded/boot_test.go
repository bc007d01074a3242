//go:build unix

package embedded_test

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/qarion/seedbed/internal/embedded"
)

func TestBootStopBoot(t *testing.T) {
	each(t, func(t *testing.T, cfg embedded.BootConfig) {
		srv, err := embedded.Boot(t.Context(), cfg) // from nothing
		if err != nil {
			t.Fatal(err)
		}
		for _, host := range []string{cfg.Socket, "localhost"} {
			if got := ask(t, connect(t, host, srv), "show data_directory"); got != cfg.Data {
				t.Errorf("through %s: data directory %q, want %q", host, got, cfg.Data)
			}
		}
		for _, immediate := range []bool{false, true} {
			stop(t, cfg, immediate)
			if p, err := embedded.Running(cfg.Data); p != nil || err != nil {
				t.Fatalf("stopped (immediate %v), and still running: %v, %v", immediate, p, err)
			}
			stop(t, cfg, immediate) // of what does not run, is nothing
			boot(t, cfg)
		}
		left, _ := filepath.Glob(filepath.Join(filepath.Dir(cfg.Data), "*"))
		for _, path := range left {
			switch filepath.Base(path) {
			case "data", "log", "log.1", filepath.Base(cfg.Socket):
			default:
				t.Errorf("boot left %s", path)
			}
		}
	})
}

// The library forgets the connection of its health check; the server ends it.
func TestNobodyIsConnected(t *testing.T) {
	each(t, func(t *testing.T, cfg embedded.BootConfig) {
		conn := connect(t, cfg.Socket, boot(t, cfg))
		until(t, "the library's connection to end", func() bool {
			return ask(t, conn, "select count(*)::text from pg_stat_activity where backend_type = 'client backend'") == "1"
		})
		if log := read(t, cfg.LogFile); strings.Contains(log, "terminating connection") {
			t.Errorf("it leaves a trace in the log:\n%s", log)
		}
	})
}

// Values that a shell, or a careless writer of configuration files, would change.
func TestSettingsSurvive(t *testing.T) {
	each(t, func(t *testing.T, cfg embedded.BootConfig) {
		odd := "a'b \"c\" $HOME `id` \\n \\\\ #;%s é"
		cfg.Settings = map[string]string{"my.odd": odd, "my.lines": "one\ntwo", "WORK_MEM": "3MB", "my.empty": ""}
		conn := connect(t, cfg.Socket, boot(t, cfg))
		for name, want := range cfg.Settings {
			if got := ask(t, conn, "select current_setting($1)", name); got != want {
				t.Errorf("%s = %q, want %q", name, got, want)
			}
		}
	})
}

func TestImpossibleSettings(t *testing.T) {
	each(t, func(t *testing.T, cfg embedded.BootConfig) {
		for name, value := range map[string]string{
			"port": "1", "listen_addresses": "10.0.0.1", "x = 1\ny": "", "Unix_Socket_Directories": "/tmp", "work_mem": "a\x00b",
		} {
			cfg.Settings = map[string]string{name: value}
			if _, err := embedded.Boot(t.Context(), cfg); err == nil {
				t.Errorf("%q accepted", name)
			}
		}
		// What only Postgres can know is quoted from its log, and soon.
		cfg.Settings = map[string]string{"shared_buffers": "a lot"}
		_, err := embedded.Boot(t.Context(), cfg)
		var failed *embedded.BootError
		if !errors.As(err, &failed) || !strings.Contains(err.Error(), `invalid value for parameter "shared_buffers": "a lot"`) {
			t.Errorf("error does not quote the log: %v", err)
		}
	})
}

// Failure mode 7: a cache comes back from an archive with mode 0755.
func TestDataDirectoryMode(t *testing.T) {
	each(t, func(t *testing.T, cfg embedded.BootConfig) {
		initialise(t, cfg)
		if err := os.Chmod(cfg.Data, 0o755); err != nil {
			t.Fatal(err)
		}
		boot(t, cfg)
	})
}

// Failure mode 9: a port that is taken, and one that is taken while the server starts.
func TestTakenPort(t *testing.T) {
	each(t, func(t *testing.T, cfg embedded.BootConfig) {
		thief, err := net.Listen("tcp", "localhost:0")
		if err != nil {
			t.Fatal(err)
		}
		defer thief.Close()
		cfg.Port = thief.Addr().(*net.TCPAddr).Port
		if srv := boot(t, cfg); srv.Port == cfg.Port {
			t.Errorf("booted on port %d, which is taken", srv.Port)
		}
	})
}

func TestPortStolenBeforeBind(t *testing.T) {
	each(t, func(t *testing.T, cfg embedded.BootConfig) {
		initialise(t, cfg)
		dir := filepath.Dir(cfg.Data)
		cfg.Port, _ = embedded.FreePort()
		asked, stolen := filepath.Join(dir, "asked"), filepath.Join(dir, "stolen")
		cfg.Bin = fakeServer(t, cfg, "if ! [ -e stolen ]; then : >asked; until [ -e stolen ]; do sleep 0.01; done; fi")
		go func() {
			for !exists(asked) {
				time.Sleep(time.Millisecond)
			}
			thief, err := net.Listen("tcp", "localhost:"+strconv.Itoa(cfg.Port))
			if err == nil {
				context.AfterFunc(t.Context(), func() { thief.Close() })
			}
			_ = os.WriteFile(stolen, nil, 0o644)
		}()
		if srv := boot(t, cfg); srv.Port == cfg.Port {
			t.Errorf("booted on port %d, which was stolen", srv.Port)
		}
	})
}

// Failure mode 10: told before the server says it in its own words.
func TestLongSocketPath(t *testing.T) {
	each(t, func(t *testing.T, cfg embedded.BootConfig) {
		cfg.Socket = filepath.Join(filepath.Dir(cfg.Data), strings.Repeat("x", 100))
		if _, err := embedded.Boot(t.Context(), cfg); err == nil || !strings.Contains(err.Error(), "use a shorter one") {
			t.Errorf("got %v", err)
		}
	})
}

// Failure modes 12 and 13: an environment in which lib/pq panics, initdb gives up
// and libpq connects elsewhere; it is the same afterwards.
func TestHostileEnvironment(t *testing.T) {
	env := map[string]string{
		"LANG": "xx_YY.nonsense", "LC_ALL": "zz", "LANGUAGE": "tlh", "PGDATA": "/nowhere", "PGPORT": "1", "PGHOST": "example.invalid",
		"PGHOSTADDR": "192.0.2.1", "PGSERVICE": "x", "PGSERVICEFILE": "/x", "PGSYSCONFDIR": "/x", "PGREQUIRESSL": "1", "PGLOCALEDIR": "/x",
		"PGSSLCRL": "/x", "PGSSLMODE": "verify-full", "PGOPTIONS": "-c nonsense=1", "PGTZ": "Nowhere", "PGUSER": "x", "PGDATABASE": "x",
		"PGCLIENTENCODING": "EBCDIC", "PGTARGETSESSIONATTRS": "standby", "PGCONNECT_TIMEOUT": "x",
	}
	each(t, func(t *testing.T, cfg embedded.BootConfig) {
		for name, value := range env {
			t.Setenv(name, value)
		}
		srv := boot(t, cfg)
		for name, want := range env {
			if got := os.Getenv(name); got != want {
				t.Errorf("%s is %q afterwards, want %q", name, got, want)
			}
			if strings.HasPrefix(name, "PG") {
				os.Unsetenv(name)
			}
		}
		ask(t, connect(t, cfg.Socket, srv), "select 'x'")
	})
}

// The library's own temporary files are gone, and the temporary directory is
// the user's again.
func TestTemporaryDirectory(t *testing.T) {
	each(t, func(t *testing.T, cfg embedded.BootConfig) {
		tmp := t.TempDir()
		t.Setenv("TMPDIR", tmp)
		boot(t, cfg)
		if got := os.TempDir(); got != tmp {
			t.Errorf("TMPDIR is %q afterwards", got)
		}
		if left, _ := os.ReadDir(tmp); len(left) > 0 {
			t.Errorf("left in TMPDIR: %v", left)
		}
	})
}

// Without setsid(1), which macOS lacks, pg_ctl starts the server.
func TestWithoutSetsid(t *testing.T) {
	each(t, func(t *testing.T, cfg embedded.BootConfig) {
		tools := filepath.Join(filepath.Dir(cfg.Data), "tools")
		if err := os.Mkdir(tools, 0o755); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"sleep", "id", "grep", "mkdir", "chown", "setpriv", "unshare"} {
			for _, dir := range filepath.SplitList(os.Getenv("PATH")) {
				if path := filepath.Join(dir, name); exists(path) {
					_ = os.Symlink(path, filepath.Join(tools, name))
				}
			}
		}
		t.Setenv("PATH", tools)
		ask(t, connect(t, cfg.Socket, boot(t, cfg)), "select 'x'")
	})
}

// A password that is not the server's ends the boot at once; the library would
// try it again, without a pause, for a minute.
func TestWrongPassword(t *testing.T) {
	each(t, func(t *testing.T, cfg embedded.BootConfig) {
		initialise(t, cfg)
		cfg.Password = "another"
		_, err := embedded.Boot(t.Context(), cfg)
		if err == nil || !strings.Contains(err.Error(), "password authentication failed") {
			t.Errorf("got %v", err)
		}
		noServer(t, cfg)
	})
}

func TestPasswordThatTheLibraryWouldMangle(t *testing.T) {
	cfg := embedded.BootConfig{Bin: "x", Data: "x", Runtime: "x", LogFile: "x"}
	for _, password := range []string{"", "a b", "it's", `back\slash`} {
		cfg.Password = password
		if _, err := embedded.Boot(t.Context(), cfg); err == nil || !strings.Contains(err.Error(), "Password") {
			t.Errorf("%q: %v", password, err)
		}
	}
}
