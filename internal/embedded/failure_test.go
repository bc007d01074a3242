//go:build unix

package embedded_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/qarion/seedbed/internal/embedded"
	"github.com/qarion/seedbed/internal/osuser"
)

// TestMain lets the test binary be a process that boots a server and is killed,
// or ends, and leaves it.
func TestMain(m *testing.M) {
	if dir := os.Getenv("EMBEDDED_TEST_BOOT"); dir != "" {
		drop, err := osuser.Choose(os.Getenv)
		if err == nil {
			_, err = embedded.Boot(context.Background(), embedded.BootConfig{
				Bin: os.Getenv("EMBEDDED_TEST_BIN"), Drop: drop, Password: "secret", Socket: filepath.Join(dir, `s" k`),
				Data: filepath.Join(dir, "data"), Runtime: filepath.Join(dir, "run"), LogFile: filepath.Join(dir, "log"),
				Settings: map[string]string{"fsync": "off"},
			})
		}
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Println("booted")
		os.Exit(0)
	}
	dir, err := os.MkdirTemp("", "sb")
	if err == nil {
		err = os.Chmod(dir, 0o755)
	}
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	pristine.dir = dir
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

// bootElsewhere boots cfg in another process.
func bootElsewhere(ctx context.Context, cfg embedded.BootConfig) *exec.Cmd {
	cmd := exec.CommandContext(ctx, os.Args[0])
	cmd.Env = append(os.Environ(), "EMBEDDED_TEST_BOOT="+filepath.Dir(cfg.Data), "EMBEDDED_TEST_BIN="+cfg.Bin)
	return cmd
}

// Failure mode 21: whoever reads the output of the process that booted sees its
// end when that process ends, not when the server does.
func TestServerInheritsNoOutput(t *testing.T) {
	each(t, func(t *testing.T, cfg embedded.BootConfig) {
		out, err := bootElsewhere(t.Context(), cfg).CombinedOutput() // waits for the end of the pipe
		if err != nil || string(out) != "booted\n" {
			t.Fatalf("%v: %s", err, out)
		}
		p, err := embedded.Running(cfg.Data)
		if p == nil || err != nil {
			t.Fatalf("the server did not outlive who booted it: %v", err)
		}
		stat := strings.Fields(read(t, fmt.Sprintf("/proc/%d/stat", p.PID)))
		if session := stat[5]; session != fmt.Sprint(p.PID) {
			t.Errorf("the server is in session %s, want one of its own (%d)", session, p.PID)
		}
	})
}

// Failure modes 16 and 20: killed at any instant of a boot, what was begun is
// undone or complete, and the next boot works.
func TestKilledWhileBooting(t *testing.T) {
	each(t, func(t *testing.T, cfg embedded.BootConfig) {
		tmp := t.TempDir()
		t.Setenv("TMPDIR", tmp)
		initialise(t, cfg)
		for range 12 {
			cmd := bootElsewhere(t.Context(), cfg)
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Duration(rand.IntN(70)) * time.Millisecond)
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
			until(t, "a server that is booted or gone", func() bool {
				p, err := embedded.Running(cfg.Data)
				return err == nil && (p == nil || p.Ready)
			})
			stop(t, cfg, true)
			boot(t, cfg)
			stop(t, cfg, true)
		}
		noServer(t, cfg)
		if left, _ := os.ReadDir(tmp); len(left) > 0 {
			t.Errorf("left in TMPDIR: %v", left)
		}
	})
}

// A boot that is cancelled, or takes too long, leaves no server and says why.
func TestCancelledBoot(t *testing.T) {
	each(t, func(t *testing.T, cfg embedded.BootConfig) {
		initialise(t, cfg)
		cfg.Bin = fakeServer(t, cfg, ": >begun; [ -e quick ] || exec sleep 1000")
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			for !exists(filepath.Join(filepath.Dir(cfg.Data), "begun")) {
				time.Sleep(time.Millisecond)
			}
			cancel()
		}()
		if _, err := embedded.Boot(ctx, cfg); !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled: %v", err)
		}
		noServer(t, cfg)
		slow := cfg
		slow.Timeout = 300 * time.Millisecond
		if _, err := embedded.Boot(t.Context(), slow); err == nil || !strings.Contains(err.Error(), "not ready after 300ms") {
			t.Errorf("too slow: %v", err)
		}
		noServer(t, cfg)
		if err := os.WriteFile(filepath.Join(filepath.Dir(cfg.Data), "quick"), nil, 0o644); err != nil {
			t.Fatal(err)
		}
		boot(t, cfg)
	})
}

// A cancelled Init leaves nothing that looks like a data directory.
func TestCancelledInit(t *testing.T) {
	each(t, func(t *testing.T, cfg embedded.BootConfig) {
		cfg.Timeout = 50 * time.Millisecond
		if err := embedded.Init(t.Context(), cfg); err == nil || !strings.Contains(err.Error(), "not done after 50ms") {
			t.Errorf("got %v", err)
		}
		noServer(t, cfg)
		if left, _ := filepath.Glob(cfg.Data + "*"); len(left) > 0 {
			t.Errorf("left %v", left)
		}
		// What a killed one left is swept.
		if err := os.MkdirAll(cfg.Data+".init-123/base", 0o700); err != nil {
			t.Fatal(err)
		}
		cfg.Timeout = 0
		if err := embedded.Init(t.Context(), cfg); err != nil {
			t.Fatal(err)
		}
		if left, _ := filepath.Glob(cfg.Data + "*"); len(left) != 1 {
			t.Errorf("left %v", left)
		}
	})
}

func TestInitThatFailsSaysWhy(t *testing.T) {
	each(t, func(t *testing.T, cfg embedded.BootConfig) {
		cfg.Locale = "xx_YY.nonsense"
		err := embedded.Init(t.Context(), cfg)
		if err == nil || !strings.Contains(err.Error(), `invalid locale name "xx_YY.nonsense"`) {
			t.Errorf("got %v", err)
		}
	})
}

// A server that dies at birth is not waited for, and its last words are quoted.
func TestServerThatDies(t *testing.T) {
	each(t, func(t *testing.T, cfg embedded.BootConfig) {
		initialise(t, cfg)
		cfg.Bin = fakeServer(t, cfg, `i=0; while [ $i -lt 40 ]; do echo "word $i"; i=$((i+1)); done; exit 1`)
		_, err := embedded.Boot(t.Context(), cfg)
		if err == nil || !strings.Contains(err.Error(), "ended before it was ready") || !strings.Contains(err.Error(), "word 39") {
			t.Errorf("got %v", err)
		} else if strings.Contains(err.Error(), "word 19\n") {
			t.Errorf("more than the end of the log: %v", err)
		}
	})
}

// Failure mode 17: every postmaster.pid that a crash, or a backup, can leave.
func TestStalePostmasterPid(t *testing.T) {
	each(t, func(t *testing.T, cfg embedded.BootConfig) {
		initialise(t, cfg)
		path := filepath.Join(cfg.Data, "postmaster.pid")
		for name, text := range map[string]string{
			"pid of a live process": fmt.Sprintf("%d\n%s\n1\n5432\n%s\nlocalhost\n", os.Getpid(), cfg.Data, cfg.Socket),
			"pid of init":           fmt.Sprintf("1\n%s\n1\n5432\n\n\n\nready\n", cfg.Data),
			"pid of nobody":         fmt.Sprintf("4194303\n%s\n1\n5432\n\n\n\nready\n", cfg.Data),
			"empty":                 "",
			"torn":                  "12",
			"noise":                 "\x00\xff\nhello\n",
		} {
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := embedded.Boot(t.Context(), cfg); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			stop(t, cfg, true)
		}
	})
}

func TestBootOfARunningServer(t *testing.T) {
	each(t, func(t *testing.T, cfg embedded.BootConfig) {
		srv := boot(t, cfg)
		conn := connect(t, cfg.Socket, srv)
		if _, err := embedded.Boot(t.Context(), cfg); !errors.Is(err, embedded.ErrRunning) {
			t.Errorf("got %v, want ErrRunning", err)
		}
		// A torn file does not hide it.
		if os.Geteuid() == 0 {
			text := read(t, filepath.Join(cfg.Data, "postmaster.pid"))
			if err := os.WriteFile(filepath.Join(cfg.Data, "postmaster.pid"), nil, 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := embedded.Boot(t.Context(), cfg); !errors.Is(err, embedded.ErrRunning) {
				t.Errorf("with a torn postmaster.pid: %v, want ErrRunning", err)
			}
			if err := os.WriteFile(filepath.Join(cfg.Data, "postmaster.pid"), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		ask(t, conn, "select 'still here'")
	})
}

// Failure mode 17: the library erases a data directory that it does not expect.
// Nobody's data is ever removed.
func TestForeignDataDirectoryIsLeftAlone(t *testing.T) {
	each(t, func(t *testing.T, cfg embedded.BootConfig) {
		for name, files := range map[string]map[string]string{
			"another major": {"PG_VERSION": "9.6\n", "base": "precious"},
			"not one":       {"thesis.doc": "precious"},
		} {
			if err := os.RemoveAll(cfg.Data); err != nil {
				t.Fatal(err)
			}
			for file, text := range files {
				if err := errors.Join(os.MkdirAll(cfg.Data, 0o700), os.WriteFile(filepath.Join(cfg.Data, file), []byte(text), 0o600)); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := embedded.Boot(t.Context(), cfg); err == nil {
				t.Errorf("%s: booted", name)
			}
			for file, text := range files {
				if got := read(t, filepath.Join(cfg.Data, file)); got != text {
					t.Errorf("%s: %s is %q", name, file, got)
				}
			}
		}
	})
}

// Servers of one process boot one after the other and do not get in each other's way.
func TestTwoAtOnce(t *testing.T) {
	each(t, func(t *testing.T, cfg embedded.BootConfig) {
		other := config(t, cfg.Bin)
		initialise(t, other) // the one with initdb, the other without
		failed := make(chan error, 2)
		for _, c := range []embedded.BootConfig{cfg, other} {
			go func() { _, err := embedded.Boot(t.Context(), c); failed <- err }()
		}
		if err := errors.Join(<-failed, <-failed); err != nil {
			t.Fatal(err)
		}
	})
}

// BenchmarkBoot is the boot of an initialised data directory, and the stop after it.
func BenchmarkBoot(b *testing.B) {
	for _, bin := range installations(b) {
		b.Run(filepath.Base(filepath.Dir(bin)), func(b *testing.B) {
			cfg := config(b, bin)
			initialise(b, cfg)
			for b.Loop() {
				boot(b, cfg)
				b.StopTimer()
				stop(b, cfg, false)
				b.StartTimer()
			}
		})
	}
}
