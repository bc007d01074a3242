package embedded

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// settle ends what a boot that was killed left at work in the same directories:
// a wrapper that has not noticed yet, a server that has not written its
// postmaster.pid yet. Started beside them, ours would lose the race for it. A
// server that was already told to go on stays.
func settle(ctx context.Context, cfg BootConfig) error {
	w := wrappersIn(cfg.Runtime)
	wrapper, server := readPID(w.pidFile()), 0
	if wrapper == 0 {
		return nil
	}
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for {
		at := runsFor(wrapper, cfg.Runtime)
		if server == 0 && !w.released() {
			server = readPID(w.serverFile()) // after the look at the wrapper, who writes it
		}
		// Before it is Postgres it is a copy of the wrapper.
		serverAt := server > 0 && runsFor(server, cfg.Data, cfg.Runtime)
		if !at && !serverAt {
			return nil
		}
		if at {
			_ = terminate(wrapper)
		}
		if serverAt {
			_ = terminate(server) // a shell's child ignores SIGQUIT until it is a server
			_ = signal(server, true)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for what a killed boot left (pid %d): %w", max(wrapper, server), context.Cause(ctx))
		case <-tick.C:
		}
	}
}

// released reports whether the wrapper was told to leave the server running.
func (w *wrappers) released() bool {
	text, err := os.ReadFile(w.verdictFile())
	return err == nil && strings.TrimSpace(string(text)) == "go"
}

func wrappersIn(runtime string) *wrappers {
	return &wrappers{dir: filepath.Join(runtime, "boot"), run: filepath.Join(runtime, "start")}
}
