package pgtest

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/qarion/seedbed/internal/trace"
)

// starvedAfter is how long a test waits for a connection of its own pool before it is told
// who has them. A test that holds them all and asks for one more waits until the deadline of
// go test, whose dump of goroutines does not say that.
const starvedAfter = 10 * time.Second

// A starvation tells a test that its pool has no connection left.
type starvation struct {
	mu    sync.Mutex
	after time.Duration
	tell  func(pool *pgxpool.Pool, gaveUp error) // nil: the test has ended
}

// tellStarved has the test told as long as it runs: in its log, which shows when it fails,
// and on standard error, which shows when go test ends it.
func (db *DB) tellStarved(t testing.TB) {
	s := &activityOf(db.Pool).starvation
	s.after = starvedAfter
	s.set(func(pool *pgxpool.Pool, gaveUp error) {
		if gaveUp != nil {
			t.Log(starvedText(pool, fmt.Sprintf("no connection before the caller gave up (%v)", gaveUp)))
			return
		}
		text := starvedText(pool, "waiting for a connection")
		t.Log(text)
		fmt.Fprintf(os.Stderr, "%s: %s\n", t.Name(), text)
	})
	t.Cleanup(func() { s.set(nil) })
}

func (s *starvation) set(tell func(*pgxpool.Pool, error)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tell = tell
}

func (s *starvation) say(pool *pgxpool.Pool, gaveUp error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.tell != nil {
		s.tell(pool, gaveUp)
	}
}

func starvedText(pool *pgxpool.Pool, what string) string {
	var sites []string
	if tracer, ok := pool.Config().ConnConfig.Tracer.(*trace.Tracer); ok {
		for _, site := range tracer.Acquired() {
			sites = append(sites, site)
		}
	}
	slices.Sort(sites)
	return fmt.Sprintf("pgtest: %s: all %d of the pool are in use, acquired at %s\n"+
		"  close rows, end transactions and release connections before the next statement on the pool; Server.MaxConns allows more",
		what, pool.Config().MaxConns, strings.Join(sites, ", "))
}

type starvedKey struct{}

// TraceAcquireStart implements pgxpool.AcquireTracer.
func (a *activity) TraceAcquireStart(ctx context.Context, pool *pgxpool.Pool, _ pgxpool.TraceAcquireStartData) context.Context {
	if stat := pool.Stat(); stat.AcquiredConns() < stat.MaxConns() {
		return ctx
	}
	a.starvation.mu.Lock()
	defer a.starvation.mu.Unlock()
	if a.starvation.tell == nil {
		return ctx
	}
	timer := time.AfterFunc(a.starvation.after, func() { a.starvation.say(pool, nil) })
	return context.WithValue(ctx, starvedKey{}, timer)
}

// TraceAcquireEnd implements pgxpool.AcquireTracer.
func (a *activity) TraceAcquireEnd(ctx context.Context, pool *pgxpool.Pool, data pgxpool.TraceAcquireEndData) {
	timer, ok := ctx.Value(starvedKey{}).(*time.Timer)
	if ok && timer.Stop() && data.Err != nil && ctx.Err() != nil {
		a.starvation.say(pool, context.Cause(ctx))
	}
}

var _ pgxpool.AcquireTracer = (*activity)(nil)
