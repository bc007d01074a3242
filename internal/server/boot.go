package server

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/qarion/seedbed/internal/binaries"
	"github.com/qarion/seedbed/internal/embedded"
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
	err = sp.startWhenFree(ctx, h)
	if err != nil && !isNew && !sp.durable && ctx.Err() == nil {
		// The data is ours and disposable: whatever broke it, begin anew, once.
		sp.logf("seedbed: the server's data is unusable and made anew: %v", err)
		isNew = true
		if err = removeData(h); err == nil {
			if _, err = sp.prepare(ctx, h); err == nil {
				err = sp.start(ctx, h)
			}
		}
	}
	if err != nil {
		return nil, false, err
	}
	if s, err = sp.attach(ctx, h); err != nil {
		return nil, false, fmt.Errorf("connect to the server that was just started: %w%s", err, logTail(h.log()))
	}
	s.started = true
	return s, isNew, nil
}

// startWhenFree starts the server, after those of its processes have gone that a
// postmaster which was killed has left: each ends by itself when it notices, and
// until the last has, Postgres refuses to start beside it.
func (sp *spec) startWhenFree(ctx context.Context, h home) error {
	deadline := time.Now().Add(bootTimeout / 2)
	for {
		err := sp.start(ctx, h)
		var failed *embedded.BootError
		if !errors.As(err, &failed) || !strings.Contains(failed.Log, "pre-existing shared memory block") || time.Now().After(deadline) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// waitForStop waits for a server in h that cannot be attached to: one that is
// starting for a process that was killed, or one that is stopping.
func (sp *spec) waitForStop(ctx context.Context, h home) error {
	ready := time.Now().Add(10 * time.Second)
	deadline := time.Now().Add(bootTimeout)
	for {
		p, err := embedded.Running(h.data())
		if err != nil || p == nil {
			return err
		}
		if p.Ready && !sp.durable && time.Now().After(ready) {
			// It runs and cannot be reached: its socket is gone.
			return stopNow(ctx, h, sp.bin)
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

// prepare puts a data directory in place, unless there is a good one. Disposable data
// of a server that was not shut down is not good: what a crash leaves is not what the
// base was.
func (sp *spec) prepare(ctx context.Context, h home) (isNew bool, err error) {
	_, err = os.Stat(filepath.Join(h.data(), "PG_VERSION"))
	switch {
	case err == nil && (sp.durable || h.cleanlyStopped()):
		return false, nil
	case err == nil:
		sp.logf("seedbed: the server was not shut down the last time; its data is made anew")
	case !errors.Is(err, fs.ErrNotExist):
		return false, fmt.Errorf("look at the server's data: %w", err)
	}
	if _, err := os.Lstat(h.data()); err == nil && !sp.durable {
		if err := removeData(h); err != nil {
			return false, err
		}
	}
	image, err := sp.image(ctx)
	if err != nil {
		return false, err
	}
	return true, image.copyTo(h, sp.durable, sp.drop)
}

// cleanlyStopped reports whether the server that had the data shut down in an orderly
// way, while the machine was up.
func (h home) cleanlyStopped() bool {
	was, err := os.ReadFile(h.bootID())
	if err != nil || string(was) != machineBoot() {
		return false
	}
	// ControlFileData begins with an identifier of 8 bytes, two version numbers of 4
	// and the state, in the machine's byte order: catalog/pg_control.h, 9.4 to 19.
	const stateAt, shutDown = 16, 1
	file, err := os.Open(filepath.Join(h.data(), "global", "pg_control"))
	if err != nil {
		return false
	}
	defer file.Close()
	var state [4]byte
	_, err = file.ReadAt(state[:], stateAt)
	return err == nil && binary.NativeEndian.Uint32(state[:]) == shutDown
}

// start starts the data directory of h.
func (sp *spec) start(ctx context.Context, h home) error {
	password, err := os.ReadFile(h.password())
	if err != nil {
		return fmt.Errorf("read the server's password: %w", err)
	}
	if err := os.WriteFile(h.bootID(), []byte(machineBoot()), 0o644); err != nil {
		return err
	}
	if _, err = embedded.Boot(ctx, sp.bootConfig(h, string(password))); err != nil {
		return fmt.Errorf("start Postgres %s: %w", sp.bin.Version, err)
	}
	return nil
}

func (sp *spec) bootConfig(h home, password string) embedded.BootConfig {
	return embedded.BootConfig{
		Bin:      sp.bin.Bin,
		Data:     h.data(),
		Runtime:  h.run(),
		Socket:   h.socket,
		Port:     sp.port,
		LogFile:  h.log(),
		User:     Superuser,
		Password: password,
		Locale:   sp.locale,
		InitArgs: sp.initArgs(),
		Settings: sp.settings,
		Drop:     sp.drop,
		Timeout:  bootTimeout,
	}
}

// stopNow ends a server whose data does not matter.
func stopNow(ctx context.Context, h home, bin *binaries.Installation) error {
	return embedded.Stop(ctx, embedded.StopConfig{Data: h.data(), Bin: bin.Bin, Immediate: true})
}

// removeTree removes a disposable directory: out of the way first, so that an
// interrupted removal leaves nothing that looks whole. What cannot be removed yet,
// because a process that is going away still writes there, the next call removes.
func removeTree(dir string) error {
	old, _ := filepath.Glob(dir + ".trash-*")
	trash := fmt.Sprintf("%s.trash-%d-%d", dir, os.Getpid(), time.Now().UnixNano())
	if err := os.Rename(dir, trash); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove %s: %w", dir, err)
	}
	for _, path := range append(old, trash) {
		os.RemoveAll(path)
	}
	return nil
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
