package server

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

// idleServers is how many test servers may run without a lease. macOS has room for
// 32 in all.
const idleServers = 8

// retireOthers stops the predecessor of s, which was just acquired; where s was
// started, it also removes servers that are too many or too old.
func (sp *spec) retireOthers(s *Server) {
	sp.touch(s.home)
	sp.replacePredecessor()
	if !s.started {
		return
	}
	s.background.run(func(ctx context.Context) {
		sp.prepareSpare(ctx)
		stopIdle(ctx, sp.cache.Dir, idleServers)
		Sweep(ctx, sp.cache.Dir, DefaultLimits)
	})
}

// replacePredecessor stops the server that the project had before for the same
// lineage, if no process uses it, and notes this one. What cannot be done is left to
// the reaper.
func (sp *spec) replacePredecessor() {
	if sp.lineage == "" {
		return
	}
	shape, _ := json.Marshal([]any{sp.project.Root, sp.lineage, sp.bin.Major, sp.locale, sp.settings})
	note := filepath.Join(sp.cache.Dir, "lineages", shortHash(string(shape)))
	before, err := os.ReadFile(note)
	if err == nil && string(before) == sp.name {
		return
	}
	if filepath.Dir(string(before)) == testServers {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_ = stopWhenUnused(ctx, sp.cache.Dir, string(before))
	}
	if os.MkdirAll(filepath.Dir(note), 0o755) == nil {
		_ = replaceFile(note, []byte(sp.name))
	}
}

// stopWhenUnused makes a server that runs stop as soon as it has no lease: at once,
// where it has none now.
func stopWhenUnused(ctx context.Context, cache, name string) error {
	s, err := Find(ctx, cache, name)
	if err != nil || s == nil {
		return err
	}
	defer s.Release(context.WithoutCancel(ctx))
	if n, err := s.Leases(ctx); err != nil || n > 1 { // one is this lease
		return err
	}
	return s.KeepIdle(ctx, time.Millisecond)
}

// stopIdle stops test servers without leases beyond the number, those that have not
// been used for the longest first.
func stopIdle(ctx context.Context, cache string, most int) {
	running, err := scan(cache, func(i *Info) bool { return i.Running && !i.Dev })
	if err != nil || len(running) <= most {
		return
	}
	var idle []Info
	for _, i := range running {
		if i.Leases, err = leases(ctx, cache, i.Name); err == nil && i.Leases == 0 {
			idle = append(idle, i)
		}
	}
	slices.SortFunc(idle, func(a, b Info) int { return b.Used.Compare(a.Used) })
	for _, i := range idle[min(most, len(idle)):] {
		_ = stopWhenUnused(ctx, cache, i.Name)
	}
}

// leases is how many processes keep a server up.
func leases(ctx context.Context, cache, name string) (int, error) {
	s, err := Find(ctx, cache, name)
	if err != nil || s == nil {
		return 0, err
	}
	defer s.Release(context.WithoutCancel(ctx))
	n, err := s.Leases(ctx)
	return n - 1, err
}

// touch notes when the server was last acquired, and for which project.
func (sp *spec) touch(h home) {
	text, err := json.Marshal(sp.project)
	if err != nil {
		return
	}
	if was, err := os.ReadFile(h.project()); err == nil && string(was) == string(text) {
		now := time.Now()
		_ = os.Chtimes(h.project(), now, now)
		return
	}
	_ = replaceFile(h.project(), text)
}

// replaceFile writes a file whole or not at all.
func replaceFile(path string, text []byte) error {
	draft, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return err
	}
	_, err = draft.Write(text)
	if cerr := draft.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Rename(draft.Name(), path)
	}
	if err != nil {
		os.Remove(draft.Name())
	}
	return err
}

// background is work that a server's user need not wait for.
type background struct {
	ctx    context.Context
	cancel context.CancelFunc
	work   sync.WaitGroup
}

func newBackground() *background {
	ctx, cancel := context.WithCancel(context.Background())
	return &background{ctx: ctx, cancel: cancel}
}

func (b *background) run(do func(context.Context)) { b.work.Go(func() { do(b.ctx) }) }

// stop ends the work and waits for it.
func (b *background) stop() {
	b.cancel()
	b.work.Wait()
}
