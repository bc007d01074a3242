package embedded

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"time"
)

// StopConfig says which server to stop, and how.
type StopConfig struct {
	Data string // its data directory
	// Immediate stops it without writing anything out, in a few milliseconds; the
	// next start recovers. False: a clean end, which disconnects clients.
	Immediate bool
	// Bin is where pg_ctl is; needed on Windows only.
	Bin     string
	Timeout time.Duration // zero: one minute
}

// Stop ends the server of a data directory and waits until its processes have
// gone. That none runs is not an error. It is for whoever may signal the server:
// its own user and root.
func Stop(ctx context.Context, cfg StopConfig) error {
	if cfg.Timeout == 0 {
		cfg.Timeout = time.Minute
	}
	ctx, cancel := context.WithTimeout(ctx, cfg.Timeout)
	defer cancel()
	p, err := Running(cfg.Data)
	if p == nil || err != nil {
		return stopError(cfg, err)
	}
	err = signal(p.PID, cfg.Immediate)
	if errors.Is(err, errors.ErrUnsupported) {
		return stopError(cfg, pgCtlStop(ctx, cfg))
	}
	if err != nil {
		return stopError(cfg, fmt.Errorf("signal pid %d: %w", p.PID, err))
	}
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for serves(p.PID, cfg.Data) != no {
		select {
		case <-ctx.Done():
			return stopError(cfg, fmt.Errorf("pid %d is still there: %w", p.PID, ctx.Err()))
		case <-tick.C:
		}
	}
	return nil
}

func pgCtlStop(ctx context.Context, cfg StopConfig) error {
	mode := "fast"
	if cfg.Immediate {
		mode = "immediate"
	}
	out, err := exec.CommandContext(ctx, filepath.Join(cfg.Bin, "pg_ctl"), "stop", "-w", "-D", cfg.Data, "-m", mode).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	return nil
}

func stopError(cfg StopConfig, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("stop postgres in %s: %w", cfg.Data, err)
}
