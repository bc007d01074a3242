package template

import (
	"context"
	"errors"
	"net"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
)

// ErrEnded is why a connection fails that is asked for after the end of the test
// whose database it is for.
var ErrEnded = errors.New("the test that this database was for has ended")

// A tenure is the time for which a test has a clone. A goroutine that outlives
// its test, and still has a pool or a configuration, must not come back to a
// database that is another test's by then.
type tenure struct {
	ended atomic.Bool
	later *time.Timer // see during
}

func (t *tenure) end() {
	t.ended.Store(true)
	if t.later != nil {
		t.later.Stop()
	}
}

// during has do called after a while, if the tenure lasts that long.
func (t *tenure) during(while time.Duration, do func()) {
	t.later = time.AfterFunc(while, do)
}

// limit makes connections of cfg fail once the tenure has ended.
func (t *tenure) limit(cfg *pgx.ConnConfig) *pgx.ConnConfig {
	dial := cfg.DialFunc
	cfg.DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error) {
		if t.ended.Load() {
			return nil, ErrEnded
		}
		return dial(ctx, network, addr)
	}
	return cfg
}
