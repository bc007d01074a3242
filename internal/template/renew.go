package template

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"github.com/jackc/pgx/v5"
)

// shellName is the database without files, which new ones are made from that get
// the files of another.
const shellName = "seedbed_shell"

// renew makes a new clone of one that a test has changed beyond a reset, and drops
// that. It returns nil where that cannot be done; the old one is then to be dropped.
//
// What CREATE and DROP DATABASE cost is files: an empty schema has three hundred,
// one of twenty tables over four hundred, and a test that makes a table changes
// thirty of them. So the new database is made of an empty directory and given the
// old one's, and only the files that are not as they were are copied from the
// template. For the server it is a new database like any other: whatever the old
// one had in memory, in the catalogs of the server or in its statistics goes with
// DROP DATABASE.
func (c *Clone) renew(ctx context.Context, s *shelf) *Clone {
	t := c.template
	if c.files == nil || c.exposed.Load() || t.cloneOnly.Load() {
		return nil
	}
	c.close(ctx)
	old, err := t.store.alone(ctx, c.Name)
	if err != nil {
		return nil // the test's doing: the next one may do less
	}
	// From here on nobody comes back to it.
	if _, err := t.store.control.Exec(ctx, "ALTER DATABASE "+quote(c.Name)+" WITH ALLOW_CONNECTIONS false"); err != nil {
		return nil
	}
	next, err := t.create(ctx, func(next *Clone) error { return c.bequeath(ctx, old, next) })
	if err != nil {
		t.cloneOnly.Store(true) // why ever: cloning works
		return nil
	}
	if err := next.prepare(ctx, s); err != nil {
		next.discard(ctx)
		return nil
	}
	return next
}

// noteFiles prepares for renew: it notes what the files look like of a clone that
// nobody has used.
func (c *Clone) noteFiles(ctx context.Context) {
	s, t := c.template.store, c.template
	l := t.known()
	switch {
	case s.host.Files == "" || t.cloneOnly.Load() || l == nil || !l.Compact || c.files != nil:
		return
	case c.claimed:
		c.files = files{} // somebody has: none of them is known
		return
	}
	oid, err := s.oid(ctx, c.Name)
	if err == nil {
		shareCache(s.directory(oid), s.directory(t.origin)) // or not
		c.files, err = lookAtFiles(s.directory(oid))
	}
	if err != nil {
		t.cloneOnly.Store(true)
	}
}

// alone looks the database up, and returns an error if anything is going on in it.
func (s *Store) alone(ctx context.Context, name string) (oid uint32, err error) {
	var busy bool
	err = s.control.QueryRow(ctx, `
		SELECT oid, current_setting('autovacuum')::bool
			OR EXISTS (SELECT FROM pg_stat_activity WHERE datid = d.oid)
			OR EXISTS (SELECT FROM pg_prepared_xacts WHERE database = d.datname)
			OR EXISTS (SELECT FROM pg_replication_slots WHERE database = d.datname)
			OR EXISTS (SELECT FROM pg_subscription WHERE subdbid = d.oid)
		FROM pg_database d WHERE datname = $1`, name).Scan(&oid, &busy)
	if err == nil && busy {
		err = fmt.Errorf("something is still going on in %s", name)
	}
	return oid, err
}

// bequeath makes the database next, with the files of c, which ends.
func (c *Clone) bequeath(ctx context.Context, old uint32, next *Clone) error {
	s, t := c.template.store, c.template
	if err := s.ensureShell(ctx); err != nil {
		return err
	}
	// This begins with a checkpoint that writes all that is in memory of any database,
	// unlogged tables too: nothing of the old one will be written after it.
	err := s.withControl(ctx, func(conn *pgx.Conn) error { return s.create(ctx, conn, next.Name, shellName) })
	if err != nil {
		return err
	}
	if _, err := s.alone(ctx, c.Name); err != nil {
		return err
	}
	oid, err := s.oid(ctx, next.Name)
	if err != nil {
		return err
	}
	from, to := s.directory(old), s.directory(oid)
	if err := os.RemoveAll(to); err != nil {
		return err
	}
	if err := os.Rename(from, to); err != nil {
		return err
	}
	// The files are changed when the server has closed them, which DROP DATABASE waits
	// for. Half of this must not be done.
	if err := s.dropClone(context.WithoutCancel(ctx), c.Name); err != nil {
		return errors.Join(err, os.Rename(to, from))
	}
	next.files, err = restoreFiles(to, s.directory(t.origin), c.files)
	return err
}

func (s *Store) oid(ctx context.Context, database string) (oid uint32, err error) {
	err = s.control.QueryRow(ctx, "SELECT oid FROM pg_database WHERE datname = $1", database).Scan(&oid)
	return oid, err
}

// directory is where a database's files are.
func (s *Store) directory(oid uint32) string {
	return filepath.Join(s.host.Files, strconv.FormatUint(uint64(oid), 10))
}

// ensureShell makes sure that there is a database without files. All our templates
// come from template0, so that its encoding and locale are theirs.
func (s *Store) ensureShell(ctx context.Context) error {
	s.shell.Lock()
	defer s.shell.Unlock()
	if s.shell.ready {
		return nil
	}
	conn, err := s.connect(ctx, s.host.Control, s.host.Admin)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx)) // and with it the lock
	if _, err := conn.Exec(ctx, "SELECT pg_advisory_lock($1)", int64(shellKey)); err != nil {
		return err
	}
	sql := "CREATE DATABASE " + shellName + " TEMPLATE template0 STRATEGY FILE_COPY IS_TEMPLATE true ALLOW_CONNECTIONS false"
	if _, err := conn.Exec(ctx, sql); err != nil && code(err) != "42P04" { // exists
		return err
	}
	oid, err := s.oid(ctx, shellName)
	if err != nil {
		return err
	}
	if err := emptyFiles(s.directory(oid)); err != nil {
		return err
	}
	s.shell.ready = true
	return nil
}
