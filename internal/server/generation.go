package server

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/qarion/seedbed/internal/postgres"
)

// A test may spoil its server for all that come after it: it alters a role of the
// base, or a setting of the server. Then the server is retired: no process acquires
// it any more, it stops when its leases have ended, and the next process that wants
// its key makes the next generation.

// generation is the home of the n-th server of sp's key, from one.
func (sp *spec) generation(n int) home {
	dir := filepath.Join(sp.cache.Dir, sp.name)
	if n > 1 {
		dir = fmt.Sprintf("%s.%d", dir, n)
	}
	return homeIn(dir)
}

// current is the home of the generation that is in use.
func (sp *spec) current() home {
	for n := 1; ; n++ {
		h := sp.generation(n)
		if _, retired := h.whyRetired(); !retired {
			return h
		}
	}
}

// nextHome is the home that a server can be started in: the current generation's, or
// one whose retired server has stopped, cleared.
func (sp *spec) nextHome(ctx context.Context) (home, error) {
	for n := 1; ; n++ {
		h := sp.generation(n)
		_, retired := h.whyRetired()
		if retired {
			if p, err := postgres.Running(h.data()); err != nil {
				return h, err
			} else if p != nil {
				continue
			}
			if err := errors.Join(removeData(h), os.Remove(h.retired())); err != nil {
				return h, fmt.Errorf("remove a retired server: %w", err)
			}
		}
		_, err := sp.cache.MakeDir(filepath.Dir(sp.name), filepath.Base(h.dir))
		return h, err
	}
}

// Retire keeps every process from acquiring the server from now on. It stops when
// the last lease on it has ended, this process's included.
func (s *Server) Retire(ctx context.Context, why string) error {
	if s.External() {
		return errors.New("retire the server: it is not one of ours")
	}
	if err := os.WriteFile(s.home.retired(), []byte(why+"\n"), 0o644); err != nil {
		return fmt.Errorf("retire the server: %w", err)
	}
	return s.KeepIdle(ctx, time.Millisecond)
}

// Retired says why the server was retired, by this or another process, if it was.
// It costs a system call.
func (s *Server) Retired() (why string, retired bool) {
	if s.External() {
		return "", false
	}
	return s.home.whyRetired()
}

func (h home) whyRetired() (why string, retired bool) {
	if _, err := os.Lstat(h.retired()); err != nil {
		return "", false
	}
	text, _ := os.ReadFile(h.retired())
	return strings.TrimSpace(string(text)), true
}
