package embedded

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"

	embeddedpostgres "github.com/fergusstrange/embedded-postgres"
)

// libraryCall is one call of embedded-postgres's Start.
type libraryCall struct {
	cfg     BootConfig
	data    string
	port    int
	version string
}

// start has the library boot through the wrappers.
func (w *wrappers) start(c libraryCall) error {
	config := embeddedpostgres.DefaultConfig().
		Version(embeddedpostgres.PostgresVersion(c.version + ".0.0")).
		BinariesPath(w.dir).
		CachePath(w.dir).
		RuntimePath(w.run). // removed by Start before anything else
		DataPath(c.data).
		Port(uint32(c.port)).
		Username(c.cfg.User).
		Password(c.cfg.Password).
		Locale(c.cfg.Locale).
		Encoding(c.cfg.Encoding).
		Logger(nil).
		// Its health check sends on a closed channel when it succeeds after this,
		// so it has to be longer than any check that begins with the server ready.
		StartTimeout(max(c.cfg.Timeout, time.Minute))
	return startLibrary(config, c.cfg.Runtime)
}

// only keeps the calls of a process apart: they share its environment.
var only sync.Mutex

// startLibrary calls Start in an environment that suits it.
//
// While it runs, which is the time of a boot, every PG* variable of the process
// is hidden: lib/pq, which the library checks the server's health with, panics on
// some of them and obeys the others. PGOPTIONS is set instead, because the
// library forgets to close that check's connection: so the server does, silently.
//
// For the first millisecond the temporary directory is private/tmp: the library
// puts a log there that it never removes, and there we know it for ours even when
// this process is killed. What else lands there in that moment stays untouched.
func startLibrary(config embeddedpostgres.Config, private string) (err error) {
	only.Lock()
	defer only.Unlock()
	restore := hidePG("PGOPTIONS", "-c idle_session_timeout=1s -c log_min_messages=panic")
	defer restore()
	tmp := filepath.Join(private, "tmp")
	if err := os.MkdirAll(tmp, 0o700); err != nil {
		return err
	}
	defer removeLogs(tmp)
	defer borrowTemp(tmp)()
	// Its unpacking panics where it cannot remove its own files.
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("embedded-postgres panicked: %v", p)
		}
	}()
	return embeddedpostgres.NewDatabase(config).Start()
}

// hidePG removes every PG* variable and sets one; the returned func brings back
// what nobody has set meanwhile.
func hidePG(name, value string) (restore func()) {
	hidden := map[string]string{}
	for _, kv := range os.Environ() {
		if key, v, _ := strings.Cut(kv, "="); strings.HasPrefix(strings.ToUpper(key), "PG") {
			hidden[key] = v
			os.Unsetenv(key)
		}
	}
	os.Setenv(name, value)
	return func() {
		if os.Getenv(name) == value {
			os.Unsetenv(name)
		}
		for key, v := range hidden {
			if _, set := os.LookupEnv(key); !set {
				os.Setenv(key, v)
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
	old, had := os.LookupEnv(name)
	var once sync.Once
	back := func() {
		if os.Getenv(name) != dir {
			return // somebody set it since
		}
		if had {
			os.Setenv(name, old)
		} else {
			os.Unsetenv(name)
		}
	}
	os.Setenv(name, dir)
	done, gone := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(gone)
		tick := time.NewTicker(200 * time.Microsecond)
		defer tick.Stop()
		for !hasEntries(dir) {
			select {
			case <-done:
				return
			case <-tick.C:
			}
		}
		once.Do(back)
	}()
	return func() { close(done); <-gone; once.Do(back) }
}

func hasEntries(dir string) bool {
	f, err := os.Open(dir)
	if err != nil {
		return false
	}
	defer f.Close()
	names, err := f.Readdirnames(1)
	return err != io.EOF && len(names) > 0
}

// removeLogs removes the library's log files, and the directory if nothing else
// got into it.
func removeLogs(dir string) {
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), "embedded_postgres_log") {
			_ = os.Remove(filepath.Join(dir, e.Name()))
		}
	}
	_ = os.Remove(dir)
}
