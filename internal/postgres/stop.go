package postgres

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"time"
)

// StopOptions say which server to stop, and how.
type StopOptions struct {
	Installation *Installation // for its pg_ctl, on Windows only
	User         *User         // who the server runs as
	Data         string
	// Immediate stops it without writing anything out, in a few milliseconds; the
	// next start recovers. False: a clean end, which disconnects clients.
	Immediate bool
	Timeout   time.Duration // zero: one minute
}

// Stop ends the server of a data directory and waits until its processes have
// gone. That none runs is not an error.
func Stop(ctx context.Context, o StopOptions) error {
	if o.Timeout == 0 {
		o.Timeout = time.Minute
	}
	ctx, cancel := context.WithTimeout(ctx, o.Timeout)
	defer cancel()
	if err := o.stop(ctx); err != nil {
		return fmt.Errorf("stop postgres in %s: %w", o.Data, err)
	}
	return nil
}

func (o StopOptions) stop(ctx context.Context) error {
	p, err := Running(o.Data)
	if p == nil || err != nil {
		return err
	}
	err = o.User.signal(p.PID, o.Immediate)
	if errors.Is(err, errors.ErrUnsupported) {
		return o.pgCtl(ctx)
	}
	if err != nil {
		return fmt.Errorf("signal pid %d: %w", p.PID, err)
	}
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for serves(p.PID, o.Data) != no {
		select {
		case <-ctx.Done():
			return fmt.Errorf("pid %d is still there: %w", p.PID, ctx.Err())
		case <-tick.C:
		}
	}
	return nil
}

func (o StopOptions) pgCtl(ctx context.Context) error {
	mode := "fast"
	if o.Immediate {
		mode = "immediate"
	}
	out, err := exec.CommandContext(ctx, o.Installation.Program("pg_ctl"), "stop", "-w", "-D", o.Data, "-m", mode).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	return nil
}
