package server

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"strings"
	"time"

	"github.com/qarion/seedbed/internal/postgres"
)

// bootTimeout bounds one start of Postgres. After a crash a development server
// replays its log first.
const bootTimeout = 2 * time.Minute

// boot starts the server of h and takes a lease on it, or takes one on a server that
// runs. isNew says that nothing has used its data. The caller holds the lock.
func (sp *spec) boot(ctx context.Context, h home) (s *Server, isNew bool, err error) {
	if s, err := sp.attach(ctx, h); !errors.Is(err, errNotRunning) {
		return s, false, err
	}
	if err := sp.waitForStop(ctx, h); err != nil {
		return nil, false, err
	}
	if isNew, err = sp.prepare(ctx, h); err != nil {
		return nil, false, err
	}
	s, err = sp.startWhenFree(ctx, h)
	if err != nil && !isNew && !sp.durable && ctx.Err() == nil {
		// The data is ours and disposable: whatever broke it, begin anew, once.
		sp.logf("seedbed: the server's data is unusable and made anew: %v", err)
		isNew = true
		if err = removeData(h); err == nil {
			if _, err = sp.prepare(ctx, h); err == nil {
				s, err = sp.start(ctx, h)
			}
		}
	}
	return s, isNew, err
}

// startWhenFree starts the server, after those of its processes have gone that a
// postmaster which was killed has left: each ends by itself when it notices, and
// until the last has, Postgres refuses to start beside it.
func (sp *spec) startWhenFree(ctx context.Context, h home) (*Server, error) {
	deadline := time.Now().Add(bootTimeout / 2)
	for {
		s, err := sp.start(ctx, h)
		var failed *postgres.StartError
		if !errors.As(err, &failed) || !strings.Contains(failed.Log, "pre-existing shared memory block") || time.Now().After(deadline) {
			return s, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// start starts the server and takes a lease. Until the reaper runs, the server ends
// with this process: if it is killed in the meantime, no server stays behind.
func (sp *spec) start(ctx context.Context, h home) (*Server, error) {
	if err := os.WriteFile(h.bootID(), []byte(machineBoot()), 0o644); err != nil {
		return nil, err
	}
	p, err := postgres.Start(ctx, postgres.StartOptions{
		Installation: sp.bin,
		User:         sp.cache.User,
		Data:         h.data(),
		Log:          h.log(),
		Conf:         h.conf(),
		Socket:       h.socket,
		Port:         sp.port,
		Settings:     sp.withClones(h),
		Lock:         sp.lock,
		Timeout:      bootTimeout,
	})
	if err != nil {
		return nil, fmt.Errorf("start Postgres %s: %w", sp.bin.Version, err)
	}
	s, err := sp.attach(ctx, h)
	if err != nil {
		err = fmt.Errorf("connect to the server that was just started: %w%s", err, logTail(h.log()))
		return nil, errors.Join(err, p.Close())
	}
	if err := p.Release(); err != nil {
		return nil, errors.Join(err, s.Release(context.WithoutCancel(ctx)))
	}
	s.started = true
	return s, nil
}

// withClones adds to the settings that CREATE DATABASE shares blocks instead of copying
// them, on Postgres 18 where the home's file system can. It is no part of the key: it
// changes what a clone costs and nothing else.
func (sp *spec) withClones(h home) map[string]string {
	if _, set := sp.settings["file_copy_method"]; set || sp.bin.Major < 18 || h.inMemory() != "" || !canClone(h.dir) {
		return sp.settings
	}
	all := maps.Clone(sp.settings)
	all["file_copy_method"] = "clone"
	return all
}

// waitForStop waits for a server in h that cannot be attached to: one that is
// stopping, or that is starting for a process that was killed.
func (sp *spec) waitForStop(ctx context.Context, h home) error {
	ready := time.Now().Add(10 * time.Second)
	deadline := time.Now().Add(bootTimeout)
	for {
		p, err := postgres.Running(h.data())
		if err != nil || p == nil {
			return err
		}
		if p.Ready && !sp.durable && time.Now().After(ready) {
			// It runs and cannot be reached: its socket is gone.
			return postgres.Stop(ctx, postgres.StopOptions{Installation: sp.bin, User: sp.cache.User, Data: h.data(), Immediate: true})
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("wait for the server in %s: process %d neither answers nor ends; stop it with `kill -INT %d`%s",
				h.dir, p.PID, p.PID, logTail(h.log()))
		}
		// Another process's end has no event to wait for.
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// stopNow ends a server whose data does not matter.
func (s *Server) stopNow(ctx context.Context) error {
	return postgres.Stop(ctx, postgres.StopOptions{Installation: s.bin, User: s.user, Data: s.home.data(), Immediate: true})
}

// logTail is the end of the server's log, to go below an error.
func logTail(path string) string {
	text, err := os.ReadFile(path)
	if err != nil || len(text) == 0 {
		return ""
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	lines = lines[max(0, len(lines)-20):]
	return "\nthe server's log ends:\n\t" + strings.Join(lines, "\n\t")
}
