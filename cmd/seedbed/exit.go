package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/dev"
	"github.com/qarion/seedbed/internal/rows"
)

// Exit statuses. 128 + n is the end by signal n, as in a shell: 130 for Ctrl-C.
const (
	exitDone     = 0
	exitFailed   = 1 // it could not be done
	exitUsage    = 2 // the command line makes no sense
	exitFindings = 3 // it was done, and what was looked at is not in order
	exitGaps     = 4 // nothing was found, and not everything could be looked at
)

// errFindings ends a command that has reported what it found wrong.
var errFindings = errors.New("findings were reported")

// errUnchecked ends a command that found nothing wrong in what it could look at.
var errUnchecked = errors.New("not everything was checked")

// usageError is a command line that cobra took and the command does not.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

func usagef(format string, args ...any) error {
	return &usageError{fmt.Errorf(format, args...)}
}

// interrupted is the cause of a context that a signal ended.
type interrupted struct{ signal syscall.Signal }

func (i *interrupted) Error() string { return "interrupted" }

// impatience is how soon a second Ctrl-C is not one: some parents pass on to
// their child what the terminal has sent to both.
const impatience = time.Second

// interruptible returns a context that Ctrl-C, a closed terminal or a polite kill
// ends. A second one ends the process, whatever it is at.
func interruptible(parent context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(parent)
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	done := make(chan struct{})
	go func() {
		var first time.Time
		for {
			select {
			case <-done:
				return
			case s := <-signals:
				number, _ := s.(syscall.Signal)
				if !first.IsZero() && time.Since(first) > impatience {
					os.Exit(128 + int(number))
				}
				if first.IsZero() {
					first = time.Now()
				}
				cancel(&interrupted{number})
			}
		}
	}()
	return ctx, func() {
		signal.Stop(signals)
		close(done)
		cancel(nil)
	}
}

// exit reports the error of a command, by its path, once, and returns the status for it.
func (a *app) exit(ctx context.Context, command string, err error) int {
	var signal *interrupted
	switch {
	case err == nil:
		return exitDone
	case errors.Is(err, errFindings):
		return exitFindings
	case errors.Is(err, errUnchecked):
		return exitGaps
	case errors.Is(err, errTestsFailed):
		return exitFailed
	case errors.As(context.Cause(ctx), &signal):
		fmt.Fprintf(a.err, "seedbed: interrupted%s\n", whatFailed(err))
		return 128 + int(signal.signal)
	case isUsage(err), !a.began:
		fmt.Fprintf(a.err, "%s %v\n`%s --help` says what it takes.\n", a.red("seedbed:"), err, command)
		return exitUsage
	}
	fmt.Fprintf(a.err, "%s %v\n", a.red("seedbed:"), err)
	return exitFailed
}

// isUsage reports whether an error is the command line's, or that of seedbed.yaml: it makes no
// sense, or names what is not there.
func isUsage(err error) bool {
	snapshot, _ := errors.AsType[*dev.NoDatabaseError](err)
	return errors.As(err, new(*usageError)) || errors.As(err, new(*catalog.UnknownError)) || errors.As(err, new(*seedbed.InvalidError)) ||
		errors.Is(err, rows.ErrNoTable) || snapshot != nil && snapshot.Kind == "snapshot"
}

// uncleanError is what could not be put away behind a command that ended early.
type uncleanError struct{ err error }

func (e *uncleanError) Error() string { return e.err.Error() }
func (e *uncleanError) Unwrap() error { return e.err }

// whatFailed is worth saying after an interrupt only where something is left behind.
func whatFailed(err error) string {
	var unclean *uncleanError
	if errors.As(err, &unclean) {
		return ": " + unclean.Error()
	}
	return ""
}
