package cluster

import (
	"context"
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

// bootTimeout bounds one start of Postgres. After a crash it replays its log
// first; a disposable server has 4 GB of it at the most.
const bootTimeout = 2 * time.Minute

// boot starts the server of home. The caller holds its lock and has found that
// it does not answer.
func boot(ctx context.Context, cfg Config, home home, bin *binaries.Installation) error {
	if err := settle(ctx, home, bin, cfg.Durable); err != nil {
		return err
	}
	if err := prepare(ctx, cfg, home, bin); err != nil {
		return err
	}
	err := startWhenFree(ctx, cfg, home, bin)
	if err == nil || cfg.Durable || ctx.Err() != nil {
		return err
	}
	// The data is ours and disposable: whatever broke it, begin anew, once.
	cfg.Logf("seedbed: the server's data is unusable and made anew: %v", err)
	if rerr := discard(home.data()); rerr != nil {
		return errors.Join(err, rerr)
	}
	if rerr := prepare(ctx, cfg, home, bin); rerr != nil {
		return errors.Join(err, rerr)
	}
	return start(ctx, cfg, home, bin)
}

// startWhenFree starts the server, after those of its processes have gone that a
// postmaster which was killed has left: each ends by itself when it notices, and
// until the last has, Postgres refuses to start beside it.
func startWhenFree(ctx context.Context, cfg Config, home home, bin *binaries.Installation) error {
	deadline := time.Now().Add(bootTimeout / 2)
	for {
		err := start(ctx, cfg, home, bin)
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

// settle waits for a server in home that does not answer: one that is starting
// for somebody who was killed, or one that is stopping. What a dead one left
// behind is embedded.Boot's to clear.
func settle(ctx context.Context, home home, bin *binaries.Installation, durable bool) error {
	ready := time.Now().Add(10 * time.Second)
	deadline := time.Now().Add(bootTimeout)
	for {
		server, err := embedded.Running(home.data())
		if err != nil || server == nil {
			return err
		}
		if server.Ready && !durable && time.Now().After(ready) {
			// It runs and nobody can reach it: its socket is gone.
			return embedded.Stop(ctx, embedded.StopConfig{Data: home.data(), Bin: bin.Bin, Immediate: true})
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("wait for the server in %s: process %d neither answers nor ends; stop it with `kill -INT %d`%s",
				home.dir, server.PID, server.PID, logTail(home.log()))
		}
		// Another process's end has no event to wait for.
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// prepare puts a data directory in place, unless there is a good one.
func prepare(ctx context.Context, cfg Config, home home, bin *binaries.Installation) error {
	_, err := os.Stat(filepath.Join(home.data(), "PG_VERSION"))
	if err == nil && !cfg.Durable && torn(home) {
		cfg.Logf("seedbed: the machine went down while the server ran; its data is made anew")
		if err := discard(home.data()); err != nil {
			return err
		}
		err = fs.ErrNotExist
	}
	if err == nil {
		return nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("look at the server's data: %w", err)
	}
	image, err := ensureImage(ctx, cfg, bin)
	if err != nil {
		return err
	}
	return image.copyTo(home, cfg.drop)
}

// start boots the data directory of home through embedded-postgres.
func start(ctx context.Context, cfg Config, home home, bin *binaries.Installation) error {
	password, err := os.ReadFile(home.password())
	if err != nil {
		return fmt.Errorf("read the server's password: %w", err)
	}
	if err := os.WriteFile(home.bootID(), []byte(machineBoot()), 0o644); err != nil {
		return err
	}
	_, err = embedded.Boot(ctx, home.bootConfig(cfg, bin, string(password)))
	if err != nil {
		return fmt.Errorf("boot Postgres %s: %w", bin.Version, err)
	}
	return nil
}

func (h home) bootConfig(cfg Config, bin *binaries.Installation, password string) embedded.BootConfig {
	return embedded.BootConfig{
		Bin:      bin.Bin,
		Data:     h.data(),
		Runtime:  h.run(),
		Socket:   h.socket,
		Port:     cfg.Port,
		LogFile:  h.log(),
		User:     Superuser,
		Password: password,
		Locale:   cfg.locale(),
		Settings: cfg.settings(),
		Drop:     cfg.drop,
		Timeout:  bootTimeout,
	}
}

// torn reports whether the machine was restarted under a running server. With
// fsync off what is on the disk is then anything.
func torn(home home) bool {
	was, err := os.ReadFile(home.bootID())
	return err != nil || string(was) != machineBoot()
}

// discard removes a disposable directory: out of the way first, so that an
// interrupted removal leaves nothing that looks whole. What cannot be removed yet,
// because a process that is going away still writes there, the next one removes.
func discard(dir string) error {
	old, _ := filepath.Glob(dir + ".trash-*")
	trash := fmt.Sprintf("%s.trash-%d-%d", dir, os.Getpid(), time.Now().UnixNano())
	if err := os.Rename(dir, trash); err != nil {
		return fmt.Errorf("discard %s: %w", dir, err)
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
