package embedded

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Init initialises cfg.Data, which must be missing or empty, without starting a
// server. It works beside it and renames, so that a Data that is there is whole.
// It needs half a second. Two calls for one data directory must not overlap.
func Init(ctx context.Context, cfg BootConfig) error {
	cfg, err := cfg.complete()
	if err != nil {
		return fmt.Errorf("initialise a data directory: %w", err)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, cfg.Timeout, fmt.Errorf("not done after %v", cfg.Timeout))
	defer cancel()
	if err := settle(ctx, cfg); err != nil {
		return initError(cfg, err)
	}
	if v, err := dataVersion(cfg.Data); v != "" || err != nil {
		if err == nil {
			err = errors.New("it is initialised already")
		}
		return initError(cfg, err)
	}
	if err := os.MkdirAll(filepath.Dir(cfg.Data), 0o755); err != nil {
		return initError(cfg, err)
	}
	sweepInits(cfg.Data)
	data, err := os.MkdirTemp(filepath.Dir(cfg.Data), filepath.Base(cfg.Data)+initMark)
	if err != nil {
		return initError(cfg, err)
	}
	if err = initAt(ctx, cfg, data); err == nil {
		_ = os.Remove(cfg.Data) // an empty one would be in the way on Windows
		err = os.Rename(data, cfg.Data)
	}
	if err != nil {
		_ = os.RemoveAll(data)
		return initError(cfg, err)
	}
	return nil
}

const initMark = ".init-"

// sweepInits removes what a killed Init left. An initdb that outlived it may still
// be writing; what cannot be removed now will be the next time.
func sweepInits(data string) {
	siblings, _ := os.ReadDir(filepath.Dir(data))
	for _, s := range siblings {
		if strings.HasPrefix(s.Name(), filepath.Base(data)+initMark) {
			_ = os.RemoveAll(filepath.Join(filepath.Dir(data), s.Name()))
		}
	}
}

func initAt(ctx context.Context, cfg BootConfig, data string) error {
	if err := cfg.Drop.CanReach(filepath.Dir(data)); err != nil {
		return err
	}
	defer removeRuntime(cfg.Runtime)
	w, err := newWrappers(cfg, func(w *wrappers) (map[string]string, error) { return w.initPrograms(cfg, data) })
	if err != nil {
		return err
	}
	port, err := FreePort()
	if err != nil {
		return err
	}
	returned, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		select {
		case <-ctx.Done():
			w.abort(returned)
		case <-returned:
		}
	}()
	// Without PG_VERSION in it, the library takes data for uninitialised.
	err = w.start(libraryCall{cfg: cfg, data: data, port: port, version: "0"})
	close(returned)
	<-done
	if _, statErr := os.Stat(w.initFile()); statErr == nil {
		return nil
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

func initError(cfg BootConfig, err error) error {
	return fmt.Errorf("initialise %s with %s: %w", cfg.Data, filepath.Join(cfg.Bin, "initdb"), err)
}
