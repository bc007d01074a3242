package embedded

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// wrappers is the directory that the library takes initdb and pg_ctl from, and
// the files through which they and we talk.
type wrappers struct {
	dir string // the library's BinariesPath
	run string // the library's RuntimePath: its own, with the password file
}

// The wrapper writes its pid, and the server's; we write the verdict.
func (w *wrappers) pidFile() string     { return filepath.Join(w.dir, "wrapper.pid") }
func (w *wrappers) serverFile() string  { return filepath.Join(w.stateDir(), "server.pid") }
func (w *wrappers) verdictFile() string { return filepath.Join(w.dir, "verdict") }
func (w *wrappers) stateDir() string    { return filepath.Join(w.dir, "state") } // the server's user writes here
func (w *wrappers) initFile() string    { return filepath.Join(w.stateDir(), "initialised") }

// newWrappers makes the directories anew, with the programs that the library is
// to run.
func newWrappers(cfg BootConfig, programs func(*wrappers) (map[string]string, error)) (*wrappers, error) {
	removeRuntime(cfg.Runtime)
	if err := makeDir(cfg.Runtime, 0o755, nil); err != nil {
		return nil, err
	}
	w := wrappersIn(cfg.Runtime)
	bin := filepath.Join(w.dir, "bin")
	for _, dir := range []string{w.dir, bin} {
		if err := makeDir(dir, 0o755, nil); err != nil {
			return nil, err
		}
	}
	if err := makeDir(w.stateDir(), 0o700, cfg.Drop); err != nil {
		return nil, err
	}
	texts, err := programs(w)
	if err != nil {
		return nil, err
	}
	return w, w.install(texts)
}

func (w *wrappers) install(texts map[string]string) error {
	for name, text := range texts {
		path := filepath.Join(w.dir, "bin", name)
		if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
			return err
		}
		if err := os.Chmod(path, 0o755); err != nil {
			return err
		}
	}
	return nil
}

// removeRuntime removes what a boot, this one or one that was killed, left in the
// private directory, and the directory if nothing else is in it.
func removeRuntime(dir string) {
	_ = os.RemoveAll(filepath.Join(dir, "boot"))
	_ = os.RemoveAll(filepath.Join(dir, "start"))
	removeLogs(filepath.Join(dir, "tmp"))
	_ = os.Remove(dir)
}

// decide tells the waiting wrapper to go on or to stop the server.
func (w *wrappers) decide(word string) error {
	tmp := w.verdictFile() + ".new"
	err := os.WriteFile(tmp, []byte(word+"\n"), 0o644)
	if err == nil {
		err = os.Rename(tmp, w.verdictFile())
	}
	if errors.Is(err, os.ErrNotExist) {
		return nil // the boot is over and its directory gone
	}
	return err
}

// pid reads one of the pid files; 0 while there is none.
func readPID(path string) int {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0
	}
	pid := 0
	if _, err := fmt.Sscanf(strings.TrimSpace(string(text)), "%d", &pid); err != nil {
		return 0
	}
	return pid
}
