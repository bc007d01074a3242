package template

import (
	"context"
	"errors"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// supply returns a database that is ready for a test: one that it adopts, or a clone.
func (t *Template) supply(ctx context.Context) (*Database, error) {
	for {
		d, err := t.adopt(ctx)
		if err != nil {
			return nil, err
		}
		if d == nil {
			break
		}
		if d.prepare(ctx) == nil {
			return d, nil
		}
		d.drop(ctx)
	}
	d, err := t.clone(ctx)
	if err != nil {
		return nil, err
	}
	if err := d.prepare(ctx); err != nil {
		d.drop(ctx)
		return nil, err
	}
	return d, nil
}

// prepare connects a new or an adopted database for its admin connection and a test.
func (d *Database) prepare(ctx context.Context) error {
	if d.adopted {
		if err := d.connectAdmin(ctx); err != nil {
			return err
		}
		if err := d.reset(ctx); err != nil {
			return err
		}
	}
	if err := d.open(ctx); err != nil {
		return err
	}
	if !d.adopted && d.template.ready.worthResetting() {
		// Afterwards, as the first session in a new database may write to its catalogs; and
		// as an administrator gets the places that are reserved for one: many that wait for a
		// test's session, each with an administrator's open, would take all of them.
		if err := d.connectAdmin(ctx); err != nil {
			return err
		}
		var err error
		if d.baseline, err = d.template.plan.observe(ctx, d); err != nil {
			return err
		}
	}
	return d.markReady()
}

// renew resets a database that a test has given back and opens it for the next one. It
// reports whether it could.
func (d *Database) renew(ctx context.Context) bool {
	d.template.store.endPool(ctx, d.Pool)
	d.Pool = nil
	if err := d.reset(ctx); err != nil {
		return false
	}
	d.lifetime = &lifetime{store: d.template.store}
	return d.open(ctx) == nil && d.markReady() == nil
}

// open opens the pool for a test, and its first session.
func (d *Database) open(ctx context.Context) (err error) {
	if d.Pool, err = d.template.ready.open(d); err != nil {
		return err
	}
	conn, err := d.Pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	return d.warm(ctx, conn.Conn().PgConn())
}

// warm has a new session load what a test's first statements would: the machinery of
// the extended protocol, of the planner and of an index scan, and, unless tests follow
// each other at once, the descriptions of the template's tables. Without it these statements
// take twice as long; loading all tables costs more than loading the few that a test uses. It
// leaves nothing behind: the statements have no name, and those on the tests' tables are parsed
// and never run.
func (d *Database) warm(ctx context.Context, conn *pgconn.PgConn) error {
	if tables := d.template.plan.Tables; !d.template.ready.hurried() && !d.template.coldTables.Load() {
		pipeline := conn.StartPipeline(ctx)
		for _, table := range tables[:min(len(tables), warmTables)] {
			pipeline.SendPrepare("", "SELECT * FROM "+table.Name, nil)
		}
		if err := finish(pipeline); strings.HasPrefix(code(err), accessRuleViolation) {
			d.template.coldTables.Store(true) // a schema that the role may not use
		} else if err != nil {
			return err
		}
	}
	// Last, as the session's query is one of these then: see WarmsUp.
	pipeline := conn.StartPipeline(ctx)
	for range 3 { // what a session does the third time costs what it does from then on
		pipeline.SendQueryParams(warmValue, [][]byte{[]byte("warm")}, nil, nil, nil)
		pipeline.SendQueryParams(warmJoin, [][]byte{[]byte("1259")}, nil, nil, nil)
	}
	return finish(pipeline)
}

// finish runs what a pipeline holds.
func finish(pipeline *pgconn.Pipeline) error {
	return errors.Join(pipeline.Sync(), pipeline.Close())
}

// accessRuleViolation begins the codes of what a role may not do or does not see.
const accessRuleViolation = "42"

const (
	warmValue = "SELECT $1::text"
	warmJoin  = "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = $1::oid"
)

// WarmsUp reports whether a session's last query is of warm: then no test has used it.
func WarmsUp(query string) bool { return query == warmValue || query == warmJoin }

// warmTables bounds what warming costs, about 40 µs a table.
const warmTables = 24
