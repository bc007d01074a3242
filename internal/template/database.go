package template

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/qarion/seedbed/internal/generation"
)

// Database is a clone of a template that this process holds.
type Database struct {
	Name string
	// Pool is the test's pool, with one connection open.
	Pool *pgxpool.Pool

	template  *Template
	lifetime  *lifetime
	exposed   atomic.Bool
	nameTimer *time.Timer // see recordTest

	admin    *pgx.Conn // see connectAdmin; nil where the database is not reset
	baseline baseline  // with admin: the state that a reset goes back to
	adopted  bool      // another process held it, and the baseline is that one's
}

// Acquire returns a database identical to the template for one test to use. It waits
// for one to become ready, at most until ctx ends. The caller owns the database until
// Release, Discard or Keep.
//
// Acquire writes nothing on the server: after a crash the next process finds out from
// the server's statistics whether a test has used the database.
func (t *Template) Acquire(ctx context.Context, test string) (*Database, error) {
	d, err := t.ready.acquire(ctx)
	if err != nil {
		return nil, fmt.Errorf("wait for a database for %s: %w", test, err)
	}
	d.lifetime.test.Store(&test)
	if shared := t.store.shared; shared != nil {
		shared.begin(d)
	}
	generation.Next(generation.Address(d.Pool.Config().ConnConfig))
	if d.admin == nil {
		if err := d.markUsed(test); err != nil {
			d.Discard(ctx)
			return nil, err
		}
		return d, nil
	}
	d.nameTimer = time.AfterFunc(nameAfter, func() { d.recordTest(test) })
	return d, nil
}

// Configure sets up cfg, a copy of what pools are configured with, for a pool of role
// on the database that refuses to work once the test has ended.
func (d *Database) Configure(cfg *pgxpool.Config, role string) {
	cfg.ConnConfig = d.Config(role)
	d.lifetime.limitPool(cfg)
}

// ConfigureFor is Configure for a pool that ends before the database does, with the test
// that it is for. end has the pool refuse to work, and ends its sessions in the background.
func (d *Database) ConfigureFor(cfg *pgxpool.Config, role, test string) (end func(*pgxpool.Pool)) {
	l := &lifetime{store: d.template.store, within: d.lifetime}
	l.test.Store(&test)
	cfg.ConnConfig = l.limit(d.config(role))
	l.limitPool(cfg)
	return func(pool *pgxpool.Pool) {
		l.ended.Store(true)
		l.store.background.Go(func() { l.store.endPool(l.store.life, pool) })
	}
}

// ClosedAt notes the line that gives the database back before the process ends.
func (d *Database) ClosedAt(site string) { d.lifetime.closed.Store(&site) }

// Config returns how to connect to the database as a role, for as long as its test
// runs.
func (d *Database) Config(role string) *pgx.ConnConfig { return d.lifetime.limit(d.config(role)) }

func (d *Database) config(role string) *pgx.ConnConfig {
	return d.template.store.config(d.Name, role)
}

// Release gives the database back after a test that has passed and has closed all it
// opened: it is reset or dropped in the background. A process that ends before that is
// done leaves it to the next one.
//
// It returns notes for the test's log about what the test has left on the server.
func (d *Database) Release(ctx context.Context) (notes []string) {
	d.end()
	roles, notes := d.leftOnServer(ctx)
	if len(roles) == 0 {
		d.template.ready.release(d)
		return notes
	}
	// At once, before another test sees the roles. Those that hold something in the
	// database can be dropped only after it.
	s := d.template.store
	if s.dropRoles(ctx, roles) == nil {
		d.template.ready.release(d)
	} else {
		d.template.ready.testEnded()
		d.drop(ctx)
		if err := s.dropRoles(ctx, roles); err != nil {
			return append(notes, err.Error())
		}
	}
	return append(notes, fmt.Sprintf("the test made %s; dropped with its database", nameRoles(roles)))
}

// Discard gives back a database that something may still be using: it is dropped in
// the background.
func (d *Database) Discard(ctx context.Context) (notes []string) {
	d.end()
	roles, notes := d.leftOnServer(ctx)
	if len(roles) > 0 {
		notes = append(notes, fmt.Sprintf("the test made %s; dropped with its database", nameRoles(roles)))
	}
	d.template.ready.testEnded()
	s := d.template.store
	s.background.Go(func() {
		ctx, cancel := context.WithTimeout(s.life, prepareTime)
		defer cancel()
		d.drop(ctx)
		s.dropRoles(ctx, roles)
	})
	return notes
}

// Keep leaves the database for a person to look at.
func (d *Database) Keep(ctx context.Context, test string) (notes []string, err error) {
	d.end()
	s := d.template.store
	roles, notes := d.leftOnServer(ctx)
	d.template.ready.testEnded()
	if d.admin != nil {
		d.admin.Close(ctx)
	}
	if err := s.keepRoles(ctx, d.Name, roles); err != nil {
		return notes, err
	}
	for _, role := range roles {
		notes = append(notes, fmt.Sprintf("the test made role %s; it is kept as %s", role, keptRole(d.Name, role)))
	}
	_, err = s.control.Exec(ctx,
		"UPDATE seedbed.clone SET state = 'kept', holder = NULL, who = $2, project = $3, since = clock_timestamp() WHERE name = $1", d.Name, test, s.project)
	return notes, err
}

// leftOnServer returns the roles that the test has made and that go with its database,
// and notes for its log about what else it has left on the server.
func (d *Database) leftOnServer(ctx context.Context) (roles, notes []string) {
	shared := d.template.store.shared
	if shared == nil {
		return nil, nil
	}
	roles, notes, err := shared.leftBy(ctx, d)
	if err != nil {
		notes = append(notes, fmt.Sprintf("look what the test has left on the server: %v", err))
	}
	return roles, notes
}

func nameRoles(roles []string) string {
	if len(roles) == 1 {
		return "role " + roles[0]
	}
	return "roles " + strings.Join(roles, ", ")
}

// Expose notes that code may connect to the database by its name or as a superuser, at
// any time and whatever becomes of its test: it is not reset.
func (d *Database) Expose() {
	if !d.exposed.Swap(true) && d.admin != nil {
		// Not by another process either. Where there is no server to tell, there is no
		// database.
		_ = d.markUsed("exposed")
	}
}

// ExposeTo exposes the database if role is a superuser or may become one.
func (d *Database) ExposeTo(ctx context.Context, role string) error {
	super, err := d.template.store.becomesSuperuser(ctx, role)
	if super {
		d.Expose()
	}
	return err
}

func (d *Database) end() {
	d.lifetime.ended.Store(true)
	if d.nameTimer != nil {
		d.nameTimer.Stop()
	}
}

// drop drops the database. If that fails it stays on record, for a sweep.
func (d *Database) drop(ctx context.Context) {
	if d.admin != nil {
		d.admin.Close(ctx)
	}
	if d.Pool != nil {
		d.template.store.endPool(ctx, d.Pool)
	}
	d.template.store.dropClone(ctx, d.Name)
}

// nameAfter is for how long a test has a database before its name is recorded, for
// those who wait for a connection and are told which tests have them.
const nameAfter = 200 * time.Millisecond

func (d *Database) recordTest(test string) {
	s := d.template.store
	_, _ = s.control.Exec(s.life, "UPDATE seedbed.clone SET who = $2 WHERE name = $1 AND state <> 'kept'", d.Name, test)
}

// markReady records the database's baseline, for a process that adopts it.
func (d *Database) markReady() error {
	var base []byte
	if d.admin != nil {
		var err error
		if base, err = json.Marshal(d.baseline); err != nil {
			return err
		}
	}
	return d.record("UPDATE seedbed.clone SET state = CASE state WHEN 'making' THEN 'held' ELSE state END, baseline = $2::jsonb, since = clock_timestamp() WHERE name = $1 AND "+isPresentSQL("holder"), base)
}

// markUsed records that the database is not identical to the template any more, and
// will not be.
func (d *Database) markUsed(test string) error {
	// It may arrive late: a test that fails at once has kept the database by then.
	return d.record("UPDATE seedbed.clone SET state = 'used', who = $2, since = clock_timestamp() WHERE name = $1 AND state <> 'kept'", []byte(test))
}

// record sends a statement about the database. The server has it when record returns,
// so that it takes effect even if the process is killed right after; record does not
// wait for the answer, which takes a quarter of a millisecond.
func (d *Database) record(sql string, value []byte) error {
	s := d.template.store
	control, err := s.control.Acquire(s.life)
	if err != nil {
		return fmt.Errorf("record the state of %s: %w", d.Name, err)
	}
	pipeline := control.Conn().PgConn().StartPipeline(context.WithoutCancel(s.life))
	pipeline.SendQueryParams(sql, [][]byte{[]byte(d.Name), value}, nil, nil, nil)
	err = pipeline.Sync()
	s.background.Go(func() {
		defer control.Release()
		pipeline.Close() // a connection that broke is replaced by the pool
	})
	return err
}

// clone makes a new database. It is on record before it exists, so that whatever
// happens a process can find and drop it.
func (t *Template) clone(ctx context.Context) (*Database, error) {
	s := t.store
	d := &Database{template: t, lifetime: &lifetime{store: s}}
	err := s.control.QueryRow(ctx, `
		INSERT INTO seedbed.clone (name, template, origin, state, holder, who)
		SELECT 'sb_' || substr($1, 6, 8) || '_' || nextval('seedbed.clone_number'), $1, oid, 'making', $2, $3
		FROM pg_database WHERE datname = $1 AND oid = $4 AND `+isPresentSQL("$2")+`
		RETURNING name`, t.name, s.holder, s.who, t.oid).Scan(&d.Name)
	if errors.Is(err, pgx.ErrNoRows) {
		if err := s.stillPresent(ctx); err != nil {
			return nil, err
		}
		return nil, fmt.Errorf("the template %s was dropped or built anew while tests use it; run them again", t.name)
	}
	if err != nil {
		return nil, fmt.Errorf("record a clone: %w", err)
	}
	err = s.withControl(ctx, func(conn *pgx.Conn) error {
		if err := s.create(ctx, conn, d.Name, t.name, ""); err != nil {
			return err
		}
		return applySettings(ctx, conn, t.settings, d.Name)
	})
	if err != nil {
		return nil, errors.Join(err, s.dropClone(context.WithoutCancel(ctx), d.Name))
	}
	return d, nil
}

// adopt takes a database that a process which has ended left, made since the server
// started: what a crash leaves of a sequence is up to 32 values ahead. With a baseline
// it is as a test left it, and prepare resets it; without one no test has used it.
func (t *Template) adopt(ctx context.Context) (*Database, error) {
	d := &Database{template: t, lifetime: &lifetime{store: t.store}}
	var base []byte
	err := t.store.control.QueryRow(ctx, `
		UPDATE seedbed.clone SET holder = $2, who = $3, since = clock_timestamp()
		WHERE name = (SELECT name FROM seedbed.clone JOIN pg_database ON datname = name
			WHERE since > `+serverStartSQL+` AND template = $1 AND origin = $5 AND state = 'held' AND (baseline IS NULL OR $4)
				AND holder NOT IN (SELECT holder FROM seedbed.presence) AND `+isPresentSQL("$2")+`
			ORDER BY since DESC LIMIT 1 FOR UPDATE OF clone SKIP LOCKED)
		RETURNING name, baseline::text`, t.name, t.store.holder, t.store.who, t.ready.reset, t.oid).Scan(&d.Name, &base)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	if err == nil && base != nil {
		err = json.Unmarshal(base, &d.baseline)
		d.adopted = true
	}
	if err != nil {
		return nil, fmt.Errorf("adopt a database: %w", err)
	}
	return d, nil
}
