package fleet

import (
	"context"
	"path/filepath"
	"time"

	"github.com/qarion/seedbed/internal/cluster"
	"github.com/qarion/seedbed/internal/embedded"
)

// retireTime bounds the wait for a server that stops by itself.
const retireTime = 15 * time.Second

// Retire removes a test server that nobody uses, and stops it before that if it
// runs. It is the server that finds out that nobody does, as always, so one that
// comes at this moment is not cut off: the server lives on, and Retire removes
// nothing.
func (s *Server) Retire(ctx context.Context, cache string) (Pruned, error) {
	if s.Dev {
		return Pruned{}, ErrDev
	}
	c, err := cluster.Find(ctx, cluster.Config{Name: s.Name, Cache: cache})
	if err != nil {
		return Pruned{}, err
	}
	if c != nil {
		err := c.KeepIdle(ctx, time.Millisecond)
		c.Release(context.WithoutCancel(ctx))
		if err != nil {
			return Pruned{}, err
		}
	}
	for deadline := time.Now().Add(retireTime); ; time.Sleep(20 * time.Millisecond) {
		p, err := embedded.Running(filepath.Join(s.Dir, "data"))
		if err != nil {
			return Pruned{}, err
		}
		if p == nil {
			return s.Remove()
		}
		if ctx.Err() != nil || time.Now().After(deadline) {
			return Pruned{}, ctx.Err()
		}
	}
}
