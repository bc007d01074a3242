package postgres

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"

	embeddedpostgres "github.com/fergusstrange/embedded-postgres"
)

// libraryCall is one Start and Stop of embedded-postgres, unmodified, with the
// rights of the server's user. All its files are below scratch.
type libraryCall struct {
	user     *User
	scratch  string // the user's own, see newScratch
	version  string // of three parts, as the library wants it
	mirror   string // base URL; empty: nothing is downloaded
	binaries string // unpacked to, where there is no bin/pg_ctl
	data     string // initialised by the library, where there is no PG_VERSION
	password string
	settings map[string]string // for the server while it runs
	// between runs while the server does, with its port.
	between func(port int) error
}

// run makes the call. The library knows no context: a call that is under way
// ends by itself, after a second or so.
//
// It picks a free port and tries again on another when the library fails while
// another program has taken that one.
func (c libraryCall) run() error {
	for try := 1; ; try++ {
		port, err := freePort()
		if err != nil {
			return err
		}
		err = c.runOn(port)
		if err == nil || try == 3 || portFree(port) {
			return err
		}
	}
}

func (c libraryCall) runOn(port int) (err error) {
	settings := map[string]string{"listen_addresses": "localhost", "unix_socket_directories": ""}
	for name, value := range c.settings {
		settings[name] = value
	}
	if c.password == "" {
		c.password = rand.Text()
	}
	config := embeddedpostgres.DefaultConfig().
		Version(embeddedpostgres.PostgresVersion(c.version)).
		BinaryRepositoryURL(c.mirror).
		CachePath(filepath.Join(c.scratch, "archives")).
		RuntimePath(filepath.Join(c.scratch, "run")). // removed by Start before anything else
		BinariesPath(c.binaries).
		DataPath(c.data).
		Port(uint32(port)).
		Username(Superuser).
		Password(c.password).
		Locale("C").
		Encoding("UTF8").
		StartParameters(settings).
		Logger(nil).
		StartTimeout(time.Minute)
	library.Lock()
	defer library.Unlock()
	leave, err := enter(c.scratch)
	if err != nil {
		return err
	}
	defer leave()
	guard, err := c.user.watchOver(c.data)
	if err != nil {
		return err
	}
	defer guard.release()
	server := embeddedpostgres.NewDatabase(config)
	if err := c.user.do(server.Start); err != nil {
		return fmt.Errorf("embedded-postgres: start: %w", err)
	}
	if c.between != nil {
		err = c.between(port)
	}
	if stopErr := c.user.do(server.Stop); stopErr != nil {
		err = errors.Join(err, fmt.Errorf("embedded-postgres: stop: %w", stopErr))
	}
	return err
}

// newScratch makes a directory for a call of the library in parent, which is
// ours: the server's user owns it and works in it, so what is found there
// afterwards is that user's word and no more.
func (u *User) newScratch(parent string) (string, error) {
	dir, err := os.MkdirTemp(parent, scratchMark)
	if err != nil {
		return "", err
	}
	// The way leads through a directory of ours, for the library's log.
	if err := os.Chmod(dir, 0o711); err != nil {
		return "", err
	}
	work := filepath.Join(dir, "work")
	if err := os.Mkdir(work, 0o700); err != nil {
		return "", err
	}
	return work, nil
}

// scratchMark begins the names of directories that work is under way in.
const scratchMark = ".making-"

// removeScratch removes what newScratch made. A file that another goroutine put
// there, while it was the temporary directory, is left alone.
func removeScratch(work string) {
	removeLogs(tempIn(work))
	entries, _ := os.ReadDir(filepath.Dir(work))
	for _, e := range entries {
		if path := filepath.Join(filepath.Dir(work), e.Name()); path != tempIn(work) {
			_ = os.RemoveAll(path)
		}
	}
	_ = os.Remove(filepath.Dir(work))
}

func tempIn(work string) string { return filepath.Join(filepath.Dir(work), "tmp") }

// library keeps the calls of a process apart: they share its environment.
var library sync.Mutex

// enter gives the process an environment that suits the library, until the
// returned func is called: no PG* variable, because lib/pq, which checks the
// server's health, obeys some and panics on others; the C locale, because an
// invalid one stops initdb.
//
// For the first millisecond the temporary directory is one beside the scratch:
// the library puts a log there that it never removes, and the server's user may
// not be able to write to the usual place.
func enter(scratch string) (leave func(), err error) {
	tmp := tempIn(scratch)
	if err := os.Mkdir(tmp, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		return nil, err
	}
	// As in /tmp: what another goroutine makes there stays its own.
	if err := os.Chmod(tmp, 0o777|os.ModeSticky); err != nil {
		return nil, err
	}
	restore := setEnv(libraryEnv(os.Environ()))
	giveBack := borrowTemp(tmp)
	return func() { giveBack(); restore(); removeLogs(tmp) }, nil
}

// libraryEnv is what has to change in an environment: a nil value is unset.
func libraryEnv(environ []string) map[string]*string {
	c := "C"
	change := map[string]*string{"LC_ALL": &c}
	for _, kv := range environ {
		if name, _, _ := strings.Cut(kv, "="); strings.HasPrefix(strings.ToUpper(name), "PG") {
			change[name] = nil
		}
	}
	return change
}

// setEnv makes the changes; the returned func brings back what has not been set
// to something else meanwhile.
func setEnv(change map[string]*string) (restore func()) {
	type value struct {
		text string
		set  bool
	}
	before := map[string]value{}
	set := func(name string, to value) {
		if to.set {
			os.Setenv(name, to.text)
		} else {
			os.Unsetenv(name)
		}
	}
	get := func(name string) value {
		text, ok := os.LookupEnv(name)
		return value{text, ok}
	}
	wanted := map[string]value{}
	for name, to := range change {
		before[name] = get(name)
		if to != nil {
			wanted[name] = value{*to, true}
		} else {
			wanted[name] = value{}
		}
		set(name, wanted[name])
	}
	return func() {
		for name, old := range before {
			if get(name) == wanted[name] {
				set(name, old)
			}
		}
	}
}

// borrowTemp makes dir the temporary directory until a file appears in it, or the
// returned func is called.
func borrowTemp(dir string) (giveBack func()) {
	name := "TMPDIR"
	if runtime.GOOS == "windows" {
		name = "TMP"
	}
	back := sync.OnceFunc(setEnv(map[string]*string{name: &dir}))
	done, gone := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(gone)
		tick := time.NewTicker(200 * time.Microsecond)
		defer tick.Stop()
		for entries, _ := os.ReadDir(dir); len(entries) == 0; entries, _ = os.ReadDir(dir) {
			select {
			case <-done:
				return
			case <-tick.C:
			}
		}
		back()
	}()
	return sync.OnceFunc(func() { close(done); <-gone; back() })
}

// removeLogs removes the library's log files, and the directory if nothing else
// is in it.
func removeLogs(dir string) {
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), "embedded_postgres_log") {
			_ = os.Remove(filepath.Join(dir, e.Name()))
		}
	}
	_ = os.Remove(dir)
}

// sweep removes from parent what processes that were killed at work have left.
// The caller holds the lock under which such work is done.
func sweep(ctx context.Context, parent string) {
	entries, _ := os.ReadDir(parent)
	for _, e := range entries {
		if ctx.Err() == nil && strings.HasPrefix(e.Name(), scratchMark) {
			_ = os.RemoveAll(filepath.Join(parent, e.Name()))
		}
	}
}
