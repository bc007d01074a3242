package template

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/qarion/seedbed/internal/handover"
	"github.com/qarion/seedbed/internal/properties"
)

// Clone is a database of this process.
type Clone struct {
	Name string
	// Pool is the test's pool, with one connection open.
	Pool *pgxpool.Pool

	template *Template
	layout   *layout // nil without a keeper
	tenure   *tenure
	exposed  atomic.Bool
	keeper   *pgx.Conn   // see connectKeeper; nil where clones are not recycled
	base     probe       // the state that a reset goes back to
	claimed  bool        // it is another process's, and its base that one's
	files    files       // before anybody used it; nil where that does not matter: see renew
	address  string      // see handover
	session  *session    // the one that each test's pool begins with, if it is used again
	opening  atomic.Bool // the next connection is that one
}

// Config returns how to connect to the clone as a role, for as long as the test
// that has it runs.
func (c *Clone) Config(role string) *pgx.ConnConfig {
	return c.tenure.limit(c.welcome(c.watched(c.config(role))))
}

func (c *Clone) config(role string) *pgx.ConnConfig {
	return c.template.store.config(c.Name, role)
}

// Take gives the caller a clone as the template is: one that nobody else has.
//
// Nothing is written for that where clones are recycled: what a test does, or a
// process that is killed in the middle of it, shows in the server's counters.
func (t *Template) Take(ctx context.Context, who string) (*Clone, error) {
	c, err := t.shelf.take(ctx)
	if err != nil {
		return nil, err
	}
	handover.Next(c.address)
	if c.session != nil && c.session.used {
		c.session.rouse()
	}
	if c.keeper == nil {
		if err := c.use(who); err != nil {
			c.Discard()
			return nil, err
		}
		return c, nil
	}
	c.tenure.during(nameAfter, func() { c.name(who) })
	return c, nil
}

// clone makes a new one by copying the template.
func (t *Template) clone(ctx context.Context) (*Clone, error) {
	s := t.store
	return t.create(ctx, func(c *Clone) error {
		return s.withControl(ctx, func(conn *pgx.Conn) error { return s.create(ctx, conn, c.Name, t.name) })
	})
}

// create makes a new clone, whose database comes from make. It is on record before
// it exists, so that whatever happens somebody can find and drop it.
func (t *Template) create(ctx context.Context, make func(*Clone) error) (*Clone, error) {
	s := t.store
	c := &Clone{template: t, tenure: &tenure{}}
	err := s.control.QueryRow(ctx, `
		INSERT INTO seedbed.clone (name, template, origin, state, holder, who)
		SELECT 'sb_' || substr($1, 6, 8) || '_' || nextval('seedbed.clone_number'), $1, oid, 'making', $2, $3
		FROM pg_database WHERE datname = $1 AND oid = $4 AND `+present("$2")+`
		RETURNING name`, t.name, s.holder, s.who, t.origin).Scan(&c.Name)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, fmt.Errorf("the server was restarted, or the template %s dropped or built anew, while tests use it; run them again", t.name)
	}
	if err != nil {
		return nil, fmt.Errorf("record a clone: %w", err)
	}
	err = make(c)
	for _, sql := range t.replay {
		if err == nil {
			_, err = s.control.Exec(ctx, properties.For(sql, c.Name))
		}
	}
	if err != nil {
		return nil, errors.Join(err, s.dropClone(context.WithoutCancel(ctx), c.Name))
	}
	return c, nil
}

func (s *Store) withControl(ctx context.Context, do func(*pgx.Conn) error) error {
	conn, err := s.control.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	return do(conn.Conn())
}

// GiveBack is for a test that has passed and has closed all it opened: the clone
// is reset or dropped, behind the test's back. A process that ends before that is
// done leaves it to the next one's sweep.
func (c *Clone) GiveBack() {
	c.tenure.end()
	c.template.shelf.giveBack(c)
}

// Discard is for a clone that something may still be using: it is dropped, behind
// the test's back.
func (c *Clone) Discard() {
	s := c.template.store
	c.tenure.end()
	c.template.shelf.lose()
	s.background.Go(func() {
		ctx, cancel := context.WithTimeout(s.life, makeTime)
		defer cancel()
		c.discard(ctx)
	})
}

// discard drops the clone. What goes wrong leaves it on record, for a sweep.
func (c *Clone) discard(ctx context.Context) {
	c.close(ctx)
	c.template.store.dropClone(ctx, c.Name)
}

// close ends all of this process's connections to the clone.
func (c *Clone) close(ctx context.Context) {
	if c.keeper != nil {
		c.keeper.Close(ctx)
	}
	if c.Pool != nil && c.Pool.Stat().AcquiredConns() == 0 {
		c.Pool.Close()
	}
	c.leave()
}

// Keep leaves the clone for a person to look at.
func (c *Clone) Keep(ctx context.Context, who string) error {
	c.template.shelf.lose()
	if c.keeper != nil {
		c.keeper.Close(ctx)
	}
	_, err := c.template.store.control.Exec(ctx,
		"UPDATE seedbed.clone SET state = 'kept', holder = NULL, who = $2, since = clock_timestamp() WHERE name = $1", c.Name, who)
	return err
}

// dropDatabase drops a database that may not exist, whatever is going on in it:
// sessions, prepared transactions, replication slots, clients that come back.
func (s *Store) dropDatabase(ctx context.Context, name string) error {
	err := s.withControl(ctx, func(conn *pgx.Conn) error { return s.dropFrom(ctx, conn, name) })
	if err != nil {
		return fmt.Errorf("drop database %s: %w", name, err)
	}
	return nil
}

func (s *Store) dropFrom(ctx context.Context, conn *pgx.Conn, name string) error {
	drop := "DROP DATABASE IF EXISTS " + quote(name) + " WITH (FORCE)"
	_, err := conn.Exec(ctx, drop)
	if code(err) == "42809" { // a template
		if _, err := conn.Exec(ctx, "ALTER DATABASE "+quote(name)+" WITH IS_TEMPLATE false"); err != nil {
			return err
		}
		_, err = conn.Exec(ctx, drop)
	}
	if code(err) != "55006" { // object in use
		return err
	}
	if err := s.dropOthers(ctx, conn, name); err != nil {
		return err
	}
	// A client that reconnects faster than we drop is kept out first.
	if _, err := conn.Exec(ctx, "ALTER DATABASE "+quote(name)+" WITH ALLOW_CONNECTIONS false"); err != nil {
		return err
	}
	_, err = conn.Exec(ctx, drop)
	return err
}

// dropOthers removes what DROP DATABASE … FORCE stumbles over: prepared
// transactions, logical replication slots and subscriptions.
func (s *Store) dropOthers(ctx context.Context, conn *pgx.Conn, name string) error {
	var prepared, slots, subscriptions []string
	err := conn.QueryRow(ctx, `SELECT
		coalesce((SELECT array_agg(gid) FROM pg_prepared_xacts WHERE database = $1), '{}'),
		coalesce((SELECT array_agg(slot_name::text) FROM pg_replication_slots WHERE database = $1), '{}'),
		coalesce((SELECT array_agg(subname::text) FROM pg_subscription WHERE subdbid = (SELECT oid FROM pg_database WHERE datname = $1)), '{}')`,
		name).Scan(&prepared, &slots, &subscriptions)
	if err != nil || len(prepared)+len(slots)+len(subscriptions) == 0 {
		return err
	}
	if _, err := conn.Exec(ctx, "ALTER DATABASE "+quote(name)+" WITH ALLOW_CONNECTIONS true"); err != nil {
		return err
	}
	inside, err := s.connect(ctx, name, s.host.Admin)
	if err != nil {
		return err
	}
	defer inside.Close(context.WithoutCancel(ctx))
	for _, gid := range prepared {
		if _, err := inside.Exec(ctx, "ROLLBACK PREPARED '"+strings.ReplaceAll(gid, "'", "''")+"'"); err != nil && code(err) != "42704" {
			return err
		}
	}
	for _, name := range subscriptions { // without a word to whom it subscribes to
		for _, sql := range []string{"ALTER SUBSCRIPTION %s DISABLE", "ALTER SUBSCRIPTION %s SET (slot_name = NONE)", "DROP SUBSCRIPTION %s"} {
			if _, err := inside.Exec(ctx, fmt.Sprintf(sql, quote(name))); err != nil && code(err) != "42704" {
				return err
			}
		}
	}
	for _, slot := range slots {
		if _, err := inside.Exec(ctx, "SELECT pg_drop_replication_slot($1)", slot); err != nil && code(err) != "42704" {
			return err
		}
	}
	return nil
}

func code(err error) string {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Code
	}
	return ""
}
