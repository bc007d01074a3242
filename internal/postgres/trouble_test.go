//go:build unix

package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/qarion/seedbed/internal/postgres"
	"github.com/qarion/seedbed/internal/testkit"
)

// instead makes the server run some shell before postgres, in a directory that
// everyone may write to; it returns that.
func (h *home) instead(t *testing.T, shell string) (o postgres.StartOptions, dir string) {
	t.Helper()
	dir = testkit.OpenDir(t)
	bin := filepath.Join(dir, "bin")
	text := "#!/bin/sh\ncd " + dir + "\n" + shell + "\nexec " + h.inst.Program("postgres") + ` "$@"` + "\n"
	do(t, os.Chmod(dir, 0o777), os.Mkdir(bin, 0o755), os.WriteFile(bin+"/postgres", []byte(text), 0o755))
	o = h.options()
	o.Installation = &postgres.Installation{Bin: bin}
	return o, dir
}

// Values that a shell, or a careless writer of configuration files, would change.
func TestSettingsSurvive(t *testing.T) {
	h := newHome(t, sharedCache(t), postgres.DataOptions{})
	settings := map[string]string{"my.odd": "a'b \"c\" $HOME `id` \\n \\\\ #;%s é", "my.lines": "one\ntwo", "WORK_MEM": "3MB", "my.empty": ""}
	p := h.start(t, settings)
	for name, want := range settings {
		if got := h.ask(t, p, "SELECT current_setting('"+name+"')"); got != want {
			t.Errorf("%s = %q, want %q", name, got, want)
		}
	}
}

func TestImpossibleSettings(t *testing.T) {
	h := newHome(t, sharedCache(t), postgres.DataOptions{})
	for name, value := range map[string]string{
		"port": "1", "listen_addresses": "10.0.0.1", "x = 1\ny": "", "Unix_Socket_Directories": "/tmp", "work_mem": "a\x00b", "config_file": "/x",
	} {
		o := h.options()
		o.Settings = map[string]string{name: value}
		if _, err := postgres.Start(t.Context(), o); err == nil {
			t.Errorf("%q accepted", name)
		}
	}
	// What only Postgres can know is quoted from its log, and soon.
	o := h.options()
	o.Settings = map[string]string{"shared_buffers": "a lot"}
	_, err := postgres.Start(t.Context(), o)
	if failed := new(postgres.StartError); !errors.As(err, &failed) || !strings.Contains(err.Error(), `invalid value for parameter "shared_buffers": "a lot"`) {
		t.Errorf("the error does not quote the log: %v", err)
	}
}

// A cache comes back from an archive with mode 0755.
func TestDataDirectoryMode(t *testing.T) {
	h := newHome(t, sharedCache(t), postgres.DataOptions{})
	do(t, os.Chmod(h.data(), 0o755))
	h.start(t, nil)
}

// A port that is taken, and one that is taken while the server starts.
func TestTakenPort(t *testing.T) {
	h := newHome(t, sharedCache(t), postgres.DataOptions{})
	thief, err := net.Listen("tcp", "localhost:0")
	do(t, err)
	defer thief.Close()
	o, dir := h.instead(t, "if ! [ -e stolen ]; then : >asked; until [ -e stolen ]; do sleep 0.01; done; fi")
	do(t, os.WriteFile(dir+"/stolen", nil, 0o644))
	o.Port = thief.Addr().(*net.TCPAddr).Port
	p, err := postgres.Start(t.Context(), o)
	do(t, err)
	free := p.Port
	if free == o.Port {
		t.Errorf("started on port %d, which is taken", free)
	}
	do(t, p.Close(), os.Remove(dir+"/stolen"))
	o.Port = free
	go func() {
		for {
			if _, err := os.Stat(dir + "/asked"); err == nil {
				break
			}
			time.Sleep(time.Millisecond)
		}
		if thief, err := net.Listen("tcp", "localhost:"+strconv.Itoa(free)); err == nil {
			context.AfterFunc(t.Context(), func() { thief.Close() })
		}
		_ = os.WriteFile(dir+"/stolen", nil, 0o644)
	}()
	if p, err = postgres.Start(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	if p.Port == free {
		t.Errorf("started on port %d, which was stolen", free)
	}
	do(t, p.Close())
}

// Told before the server says it in its own words.
func TestLongSocketPath(t *testing.T) {
	h := newHome(t, sharedCache(t), postgres.DataOptions{})
	o := h.options()
	o.Socket = filepath.Join(h.dir, strings.Repeat("x", 100))
	if _, err := postgres.Start(t.Context(), o); err == nil || !strings.Contains(err.Error(), "use a shorter one") {
		t.Errorf("got %v", err)
	}
}

// A socket directory that is another user's, in a directory open to all.
func TestForeignSocketDirectory(t *testing.T) {
	needRoot(t)
	h := newHome(t, sharedCache(t), postgres.DataOptions{})
	o := h.options()
	do(t, os.Mkdir(o.Socket, 0o755), os.Chown(o.Socket, attacker, attacker))
	if _, err := postgres.Start(t.Context(), o); err == nil || !strings.Contains(err.Error(), "not to be trusted") {
		t.Errorf("got %v", err)
	}
	do(t, os.Remove(o.Socket), os.Symlink("/etc", o.Socket))
	if _, err := postgres.Start(t.Context(), o); err == nil || !strings.Contains(err.Error(), "not to be trusted") {
		t.Errorf("a link: %v", err)
	}
}

// A start that is cancelled, or takes too long, leaves no server and says why.
func TestCancelledStart(t *testing.T) {
	h := newHome(t, sharedCache(t), postgres.DataOptions{})
	o, dir := h.instead(t, ": >begun; exec sleep 1000")
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		for {
			if _, err := os.Stat(dir + "/begun"); err == nil {
				cancel()
				return
			}
			time.Sleep(time.Millisecond)
		}
	}()
	if _, err := postgres.Start(ctx, o); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	o.Timeout = 300 * time.Millisecond
	if _, err := postgres.Start(t.Context(), o); err == nil || !strings.Contains(err.Error(), "not ready after 300ms") {
		t.Errorf("too slow: %v", err)
	}
	h.start(t, nil)
}

// A server that dies at birth is not waited for, and its last words are quoted.
func TestServerThatDies(t *testing.T) {
	h := newHome(t, sharedCache(t), postgres.DataOptions{})
	o, _ := h.instead(t, `i=0; while [ $i -lt 40 ]; do echo "word $i"; i=$((i+1)); done; exit 1`)
	_, err := postgres.Start(t.Context(), o)
	if err == nil || !strings.Contains(err.Error(), "ended before it was ready") || !strings.Contains(err.Error(), "word 39") {
		t.Errorf("got %v", err)
	} else if strings.Contains(err.Error(), "word 19\n") {
		t.Errorf("more than the end of the log: %v", err)
	}
}

// Every postmaster.pid that a crash, or a backup, can leave.
func TestStalePostmasterPid(t *testing.T) {
	h := newHome(t, sharedCache(t), postgres.DataOptions{})
	for name, text := range map[string]string{
		"pid of a live process": fmt.Sprintf("%d\n%s\n1\n5432\n%s\nlocalhost\n", os.Getpid(), h.data(), h.dir),
		"pid of init":           fmt.Sprintf("1\n%s\n1\n5432\n\n\n\nready\n", h.data()),
		"pid of no process":     fmt.Sprintf("4194303\n%s\n1\n5432\n\n\n\nready\n", h.data()),
		"empty":                 "",
		"torn":                  "12",
		"noise":                 "\x00\xff\nhello\n",
	} {
		do(t, os.WriteFile(h.data()+"/postmaster.pid", []byte(text), 0o600))
		p, err := postgres.Start(t.Context(), h.options())
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		do(t, p.Close())
	}
}

// Not a data directory is an error, and nothing is made of it.
func TestNoDataDirectory(t *testing.T) {
	h := &home{cache: sharedCache(t), dir: testkit.OpenDir(t)}
	h.inst = installed(t, h.cache)
	do(t, os.Mkdir(h.data(), 0o700), os.WriteFile(h.data()+"/diary", []byte("mine"), 0o600))
	if _, err := postgres.Start(t.Context(), h.options()); err == nil || !strings.Contains(err.Error(), "not a data directory") {
		t.Errorf("got %v", err)
	}
	if _, err := h.inst.CreateData(t.Context(), h.data(), postgres.DataOptions{Cache: h.cache}); err == nil {
		t.Error("made a data directory over another one")
	}
	if text, err := os.ReadFile(h.data() + "/diary"); string(text) != "mine" {
		t.Errorf("what was there is %q, %v", text, err)
	}
}
