package template

import (
	"context"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

// A readyPool holds databases that are ready ahead of demand: connected and warmed.
//
// How many follows from demand: a test that finds it empty raises the number to be
// kept, up to a few. Workers prepare them beside the tests, one for each processor.
type readyPool struct {
	template *Template
	open     func(*Database) (*pgxpool.Pool, error)
	reset    bool

	mu       sync.Mutex
	ready    []*Database
	waiting  []chan delivery // tests that wait, the oldest first
	inUse    int             // databases that tests have
	wanted   int             // how many should be ready
	capacity int             // how many may be
	working  int             // databases that are being made or reset
	replaced int             // databases in a row that could not be reset
	prepared int             // databases made since the pool was filled
	stopped  bool

	acquired time.Time     // when a test last asked for a database
	pause    time.Duration // between the last two that did
}

type delivery struct {
	db  *Database
	err error
}

const (
	wantedLimit = 4 // databases made ahead, at the most
	// fewConnections of a server are too few for an admin connection in each database.
	fewConnections = 64

	readyLimit  = 6 // databases kept when many tests have given theirs back, at the most
	prepareTime = time.Minute
)

// Fill keeps databases ready from now on. open opens the pool of role that a test gets
// with a database; one of its connections is opened and used ahead of time. reset lets a
// database in which only rows have changed be reset and used again, unless the template
// or the role is an obstacle to that.
func (t *Template) Fill(ctx context.Context, role string, open func(*Database) (*pgxpool.Pool, error), reset bool) error {
	super, err := t.store.becomesSuperuser(ctx, role)
	if err != nil {
		return err
	}
	if t.store.server.Super() && t.store.shared == nil {
		if t.store.shared, err = t.store.openShared(ctx); err != nil {
			return err
		}
	}
	if super && t.plan.Obstacle == "" {
		t.plan.Obstacle = "tests run as " + role + ", a superuser, who can switch the counters off"
	}
	// A ready database holds two connections. A sixteenth of all is what one process may
	// keep from other processes that way.
	most := max(1, min(readyLimit, t.store.server.Connections()/32))
	// Where connections are few, tests have them all: a clone for each takes one, not two.
	reset = reset && t.store.server.Connections() >= fewConnections
	t.ready = &readyPool{template: t, open: open, reset: reset && t.plan.Obstacle == "", wanted: 1, capacity: most}
	t.store.ready = append(t.store.ready, t.ready)
	return nil
}

// stop has the pool begin no more databases.
func (p *readyPool) stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stopped = true
}

// close ends the sessions of the ready databases.
func (p *readyPool) close(ctx context.Context) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, db := range p.ready {
		db.lifetime.ended.Store(true)
		db.Pool.Close()
		if db.admin != nil {
			db.admin.Close(ctx)
		}
	}
	p.ready = nil
}

// becomesSuperuser reports whether a role is a superuser or may become one.
func (s *Store) becomesSuperuser(ctx context.Context, role string) (yes bool, err error) {
	err = s.control.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_roles r, pg_roles s
		WHERE r.rolname = $1 AND s.rolsuper AND pg_has_role(r.oid, s.oid, 'MEMBER'))`, role).Scan(&yes)
	return yes, err
}

// Obstacle says why the template's databases are cloned for each test and never reset,
// or "".
func (t *Template) Obstacle() string { return t.plan.Obstacle }

// acquire returns a ready database, or the first that becomes so.
func (p *readyPool) acquire(ctx context.Context) (*Database, error) {
	p.mu.Lock()
	p.inUse++
	now, first := time.Now(), p.acquired.IsZero()
	p.pause, p.acquired = now.Sub(p.acquired), now
	if n := len(p.ready); n > 0 {
		db := p.ready[n-1]
		p.ready = p.ready[:n-1]
		p.plan(p.wanted)
		p.mu.Unlock()
		return db, nil
	}
	delivered := make(chan delivery, 1)
	p.waiting = append(p.waiting, delivered)
	if first {
		// Nothing is made beside what the first test waits for: that would delay it.
		p.plan(0)
	} else {
		p.wanted = min(p.wanted+1, wantedLimit, p.capacity)
		p.plan(p.wanted)
	}
	p.mu.Unlock()
	select {
	case got := <-delivered:
		if got.err != nil {
			p.testEnded()
		}
		return got.db, got.err
	case <-ctx.Done():
		p.leave(delivered)
		p.testEnded()
		return nil, ctx.Err()
	}
}

// leave gives up waiting. A database that was delivered meanwhile goes back.
func (p *readyPool) leave(delivered chan delivery) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if i := slices.Index(p.waiting, delivered); i >= 0 {
		p.waiting = slices.Delete(p.waiting, i, i+1)
		return
	}
	if got := <-delivered; got.err == nil {
		p.ready = append(p.ready, got.db)
	}
}

// lost notes that a test has its database no more, or has not got one.
func (p *readyPool) testEnded() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.inUse--
}

// plan starts workers, for the tests that wait and for wanted ready databases. The
// caller holds the lock.
func (p *readyPool) plan(wanted int) {
	if p.stopped {
		return
	}
	if p.reset && p.replaced < resetTries {
		// Databases that tests have will come back.
		wanted = max(min(wanted, 1), wanted-p.inUse+len(p.waiting))
	}
	missing := wanted + len(p.waiting) - len(p.ready) - p.working
	// A test that waits needs no processor meanwhile.
	room := runtime.GOMAXPROCS(0) + min(2, len(p.waiting))
	for range min(missing, room-p.working) {
		p.working++
		p.template.store.background.Go(func() { p.deliver(p.make()) })
	}
}

func (p *readyPool) make() (*Database, error) {
	ctx, cancel := context.WithTimeout(p.template.store.life, prepareTime)
	defer cancel()
	return p.template.supply(ctx)
}

// deliver hands a database, or the reason why there is none, to the test that has
// waited longest, or puts it into the pool.
func (p *readyPool) deliver(db *Database, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.working--
	switch {
	case len(p.waiting) > 0:
		p.waiting[0] <- delivery{db, err}
		p.waiting = p.waiting[1:]
	case err != nil:
		// No test asked for it: the next that does will hear.
	case len(p.ready) < p.capacity:
		p.ready = append(p.ready, db)
	default:
		p.template.store.background.Go(func() { db.drop(p.template.store.life) })
	}
	if err != nil {
		p.plan(0)
		return
	}
	p.plan(p.wanted)
}

// release takes a database from a test that has passed: it is reset and ready again,
// or dropped.
func (p *readyPool) release(db *Database) {
	p.mu.Lock()
	p.inUse--
	p.working++
	p.mu.Unlock()
	p.template.store.background.Go(func() {
		ctx, cancel := context.WithTimeout(p.template.store.life, prepareTime)
		defer cancel()
		wasReset := db.admin != nil && !db.exposed.Load() && db.renew(ctx)
		p.countReplaced(db, wasReset)
		if wasReset {
			p.deliver(db, nil)
			return
		}
		p.mu.Lock()
		p.working--
		p.plan(min(p.wanted, len(p.waiting))) // a clone first, for tests that wait
		p.mu.Unlock()
		db.drop(ctx)
	})
}

// resetTries is how many databases in a row that cannot be reset show that tests
// change more than rows.
const resetTries = 3

// countReplaced counts them.
func (p *readyPool) countReplaced(db *Database, wasReset bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case wasReset:
		p.replaced = 0
	case db.admin != nil && !db.exposed.Load():
		p.replaced++
	}
}

// worthResetting tells whether the next database gets an admin connection. That costs
// about a third of a clone, in vain where every test changes the schema; now and then
// one is tried nevertheless.
func (p *readyPool) worthResetting() bool {
	const retry = 8
	p.mu.Lock()
	defer p.mu.Unlock()
	p.prepared++
	return p.reset && (p.replaced < resetTries || p.prepared%retry == 0)
}

// backToBack is a pause between two tests in which the processors have no time to spare:
// about what it costs to reset a database and to open a session.
const backToBack = 20 * time.Millisecond

// hurried tells whether tests come as fast as databases get ready, or faster.
func (p *readyPool) hurried() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.waiting) > 0 || len(p.ready) == 0 || p.pause < backToBack
}

// Ready tells whether the database waits for a test.
func (t *Template) Ready(database string) bool {
	t.ready.mu.Lock()
	defer t.ready.mu.Unlock()
	return slices.ContainsFunc(t.ready.ready, func(d *Database) bool { return d.Name == database })
}
