package template

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

// A shelf holds clones that are ready before somebody asks: connected, warmed,
// and looked at so that they can be recycled.
//
// How many follows from demand: whoever finds it empty raises the number to be
// kept, up to a few. Those that tests have count, too, where most come back. Makers
// run beside the tests, never more of them than there are processors.
type shelf struct {
	template *Template
	pool     func(*Clone) (*pgxpool.Pool, error)
	recycle  bool

	mu      sync.Mutex
	ready   []*Clone
	waiting []chan made
	out     int // how many tests have
	keep    int // how many should be ready
	most    int // how many may be
	busy    int // how many are being made or reset
	refused int // how many in a row could not be reset
	made    int
}

type made struct {
	clone *Clone
	err   error
}

const (
	keepLimit  = 4 // clones made ahead, at the most
	shelfLimit = 6 // clones kept when many tests have given theirs back, at the most
	makeTime   = time.Minute
)

// Stock has t keep clones ready from now on. pool opens the pool that a test gets
// with a clone; one of its connections is opened and used ahead of time. recycle
// lets a clone in which only rows have changed be reset and used again.
func (t *Template) Stock(pool func(*Clone) (*pgxpool.Pool, error), recycle bool) {
	// A clone on the shelf holds two connections that nobody uses yet. A sixteenth
	// of all is what one process may keep from the others that way.
	most := max(1, min(shelfLimit, t.store.host.Connections/32))
	t.shelf = &shelf{template: t, pool: pool, recycle: recycle, keep: 1, most: most}
}

// take returns a ready clone, or the first that becomes so.
func (s *shelf) take(ctx context.Context) (*Clone, error) {
	s.mu.Lock()
	s.out++
	if n := len(s.ready); n > 0 {
		c := s.ready[n-1]
		s.ready = s.ready[:n-1]
		s.plan(s.keep)
		s.mu.Unlock()
		return c, nil
	}
	turn := make(chan made, 1)
	s.waiting = append(s.waiting, turn)
	s.keep = min(s.keep+1, keepLimit, s.most)
	s.plan(s.keep)
	s.mu.Unlock()
	select {
	case m := <-turn:
		if m.err != nil {
			s.lose()
		}
		return m.clone, m.err
	case <-ctx.Done():
		s.leave(turn)
		s.lose()
		return nil, fmt.Errorf("wait for a database: %w", ctx.Err())
	}
}

// leave gives up waiting; what has been delivered meanwhile goes back.
func (s *shelf) leave(turn chan made) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := slices.Index(s.waiting, turn); i >= 0 {
		s.waiting = slices.Delete(s.waiting, i, i+1)
		return
	}
	if m := <-turn; m.err == nil {
		s.ready = append(s.ready, m.clone)
	}
}

// lose notes that a test has a clone no more, or has not got one.
func (s *shelf) lose() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.out--
}

// plan starts makers, for those who wait and for keep ready ones. The caller
// holds the lock.
func (s *shelf) plan(keep int) {
	if keep > 1 && s.comeBack() {
		keep = max(1, keep-s.out+len(s.waiting))
	}
	missing := keep + len(s.waiting) - len(s.ready) - s.busy
	// A test that waits needs no processor meanwhile.
	room := runtime.GOMAXPROCS(0) + min(2, len(s.waiting))
	for range min(missing, room-s.busy) {
		s.busy++
		s.template.store.background.Go(func() { s.deliver(s.make()) })
	}
}

func (s *shelf) make() (*Clone, error) {
	ctx, cancel := context.WithTimeout(s.template.store.life, makeTime)
	defer cancel()
	return s.template.supply(ctx, s)
}

// deliver hands a clone, or the reason why there is none, to whoever has waited
// longest, or puts it on the shelf.
func (s *shelf) deliver(c *Clone, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.busy--
	switch {
	case len(s.waiting) > 0:
		s.waiting[0] <- made{c, err}
		s.waiting = s.waiting[1:]
	case err != nil:
		// Nobody asked for it: the next who does will hear.
	case len(s.ready) < s.most:
		s.ready = append(s.ready, c)
	default:
		s.template.store.background.Go(func() { c.discard(s.template.store.life) })
	}
	if err != nil {
		s.plan(0)
		return
	}
	s.plan(s.keep)
}

// giveBack takes a clone from a test that has passed: reset and ready again, or
// dropped.
func (s *shelf) giveBack(c *Clone) {
	s.mu.Lock()
	s.out--
	s.busy++
	s.mu.Unlock()
	s.template.store.background.Go(func() {
		ctx, cancel := context.WithTimeout(s.template.store.life, makeTime)
		defer cancel()
		again := c.keeper != nil && !c.exposed.Load() && c.again(ctx, s)
		s.learn(c, again)
		if again {
			s.deliver(c, nil)
			return
		}
		if next := c.renew(ctx, s); next != nil {
			s.deliver(next, nil)
			return
		}
		s.mu.Lock()
		s.busy--
		s.plan(min(s.keep, len(s.waiting))) // a fresh one first, for those who wait
		s.mu.Unlock()
		c.discard(ctx)
	})
}

// learn counts in how many clones in a row a test has changed more than rows.
func (s *shelf) learn(c *Clone, again bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case again:
		s.refused = 0
	case c.keeper != nil && !c.exposed.Load():
		s.refused++
	}
}

// inVain is how many clones in a row cannot be reset before that is not expected
// any more.
const inVain = 3

// comeBack tells whether the clones that tests have will serve again. The caller holds
// the lock.
func (s *shelf) comeBack() bool {
	return s.recycle && (s.refused < inVain || s.template.renewable())
}

// worthKeeping tells whether the next clone gets a keeper. What that costs, about
// a third of a clone, is for nothing where every test changes the schema; now and
// then one is tried nevertheless.
func (s *shelf) worthKeeping() bool {
	const retry = 8
	s.mu.Lock()
	defer s.mu.Unlock()
	s.made++
	return s.recycle && (s.refused < inVain || s.made%retry == 0)
}

// again makes a used clone as good as new, and reports whether it is.
func (c *Clone) again(ctx context.Context, s *shelf) bool {
	c.closeTest()
	if err := c.reset(ctx); err != nil {
		return false
	}
	c.tenure = &tenure{}
	if err := c.open(ctx, s); err != nil {
		return false
	}
	return c.hold() == nil
}

// open opens the pool for a test, and its first connection.
func (c *Clone) open(ctx context.Context, s *shelf) (err error) {
	c.opening.Store(c.keeper != nil && c.layout.Docile)
	if c.Pool, err = s.pool(c); err != nil {
		return err
	}
	conn, err := c.Pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	if c.session != nil && c.session.used {
		return nil // and is as warm as can be
	}
	return c.warm(ctx, conn.Conn().PgConn(), !s.hurried())
}

// hurried tells whether tests come faster than clones get ready.
func (s *shelf) hurried() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.waiting) > 0 || len(s.ready) == 0
}

// Ready tells whether the database lies on the shelf.
func (t *Template) Ready(database string) bool {
	t.shelf.mu.Lock()
	defer t.shelf.mu.Unlock()
	return slices.ContainsFunc(t.shelf.ready, func(c *Clone) bool { return c.Name == database })
}
