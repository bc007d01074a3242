package postgres_test

import (
	"strconv"
	"testing"

	"github.com/qarion/seedbed/internal/postgres"
)

// A server is started on a copy of an image, as the server's user, and is gone
// after Close.
func TestStart(t *testing.T) {
	h := newHome(t, sharedCache(t), postgres.DataOptions{})
	p := h.start(t, map[string]string{"search_path": `a, "b c"`})
	if got := h.ask(t, p, "SHOW search_path"); got != `a, "b c"` {
		t.Errorf("search_path is %s", got)
	}
	if running, err := postgres.Running(h.data()); err != nil || running == nil || running.PID != p.PID || running.Port != p.Port {
		t.Errorf("Running: %+v, %v; want pid %d", running, err, p.PID)
	}
	if h.cache.User != nil {
		runs := h.ask(t, p, "SELECT pg_read_file('/proc/self/status')")
		mustContain(t, runs, "Uid:\t"+strconv.Itoa(h.cache.User.UID), "Gid:\t"+strconv.Itoa(h.cache.User.GID), "Groups:\t \n")
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	if running, err := postgres.Running(h.data()); err != nil || running != nil {
		t.Errorf("after Close: %+v, %v", running, err)
	}
}
