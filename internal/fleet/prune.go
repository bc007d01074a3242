package fleet

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/qarion/seedbed/internal/cluster"
	"github.com/qarion/seedbed/internal/embedded"
	"github.com/qarion/seedbed/internal/flock"
	"github.com/qarion/seedbed/internal/template"
)

// Pruned is what Prune dropped.
type Pruned struct {
	Templates, Kept int
	Server          bool // all of it
	Bytes           int64
}

// ErrDev is returned for a development server: its data is somebody's work.
var ErrDev = errors.New("it is a development server")

// Prune drops templates and kept databases beyond limits from a test server that
// runs. What tests use is left alone.
func (s *Server) Prune(ctx context.Context, cache string, limits template.Limits) (Pruned, error) {
	if s.Dev {
		return Pruned{}, ErrDev
	}
	c, err := cluster.Find(ctx, cluster.Config{Name: s.Name, Cache: cache})
	if err != nil || c == nil {
		return Pruned{}, err
	}
	defer c.Release(context.WithoutCancel(ctx))
	pool, err := cluster.PoolConfig()
	if err != nil {
		return Pruned{}, err
	}
	roles := c.Roles()
	store, err := template.Open(ctx, template.Host{Config: c.Config, Pool: pool, Control: cluster.ControlDatabase,
		Admin: roles.Admin, Owner: roles.Owner, Tester: roles.Tester})
	if err != nil {
		return Pruned{}, err
	}
	defer store.Close(context.WithoutCancel(ctx))
	var p Pruned
	p.Templates, p.Kept, err = store.Prune(ctx, limits)
	return p, err
}

// Remove removes a test server that does not run, data and all: it is disposable,
// and the next test that needs it makes it anew. One that is booted at this moment
// is left alone.
func (s *Server) Remove() (Pruned, error) {
	if s.Dev {
		return Pruned{}, ErrDev
	}
	unlock, err := flock.Try(filepath.Join(s.Dir, "lock"))
	if errors.Is(err, flock.ErrHeld) {
		return Pruned{}, nil
	}
	if err != nil {
		return Pruned{}, err
	}
	defer unlock()
	p, err := embedded.Running(filepath.Join(s.Dir, "data"))
	if err != nil || p != nil {
		return Pruned{}, err
	}
	// Whole or gone: an interrupted removal leaves nothing that looks like data. The
	// directory itself stays, for the lock that others may wait for.
	trash := filepath.Join(s.Dir, fmt.Sprintf("data.trash-%d", os.Getpid()))
	if err := os.Rename(filepath.Join(s.Dir, "data"), trash); err != nil {
		return Pruned{}, err
	}
	return Pruned{Server: true, Bytes: s.Bytes}, os.RemoveAll(trash)
}
