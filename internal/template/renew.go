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
	if c.files == nil || c.exposed.Load() || !t.renewable() {
		return nil
	}
	c.close(ctx)
	// From here on nobody comes back to it, whatever becomes of this process.
	if err := c.use("replaced"); err != nil {
		return nil
	}
	old, err := t.store.oid(ctx, c.Name)
	if err != nil {
		return nil
	}
	lock := lockDirectory(t.store.directory(old))
	if lock == nil {
		return nil // it is elsewhere, which is the test's doing
	}
	defer lock.undo()
	if err := t.store.alone(ctx, old); err != nil {
		return nil // so is that
	}
	next, err := t.create(ctx, func(next *Clone) error { return c.bequeath(ctx, old, next) })
	t.renewed(err)
	if err != nil {
		return nil
	}
	if err := next.prepare(ctx, s); err != nil {
		next.discard(ctx)
		return nil
	}
	return next
}

// renewable reports whether that works, or has not been tried.
func (t *Template) renewable() bool { return t.store.host.Files != "" && t.unrenewed.Load() < inVain }

// renewed counts how often in a row that has failed, why ever: cloning works.
func (t *Template) renewed(err error) {
	if err == nil {
		t.unrenewed.Store(0)
	} else {
		t.unrenewed.Add(1)
	}
}

// noteFiles prepares for renew: it notes what the files look like of a clone that
// nobody has used.
func (c *Clone) noteFiles(ctx context.Context) {
	s, t := c.template.store, c.template
	l := t.known()
	switch {
	case !t.renewable() || l == nil || !l.Compact || c.files != nil:
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
		t.renewed(err)
	}
}

// alone returns an error if anything is going on in a database. A session that begins
// has a lock on it before it shows.
func (s *Store) alone(ctx context.Context, database uint32) error {
	var busy bool
	err := s.control.QueryRow(ctx, `
		SELECT current_setting('autovacuum')::bool
			OR EXISTS (SELECT FROM pg_locks WHERE database = $1 OR database = 0 AND classid = 'pg_database'::regclass AND objid = $1)
			OR EXISTS (SELECT FROM pg_stat_get_activity(NULL) WHERE datid = $1)
			OR EXISTS (SELECT FROM pg_prepared_xact() WHERE dbid = $1)
			OR EXISTS (SELECT FROM pg_get_replication_slots() WHERE datoid = $1)
			OR EXISTS (SELECT FROM pg_subscription WHERE subdbid = $1)`, database).Scan(&busy)
	if err == nil && busy {
		err = fmt.Errorf("something is still going on in database %d", database)
	}
	return err
}

// bequeath makes the database next, with the files of c, which ends. What fails in
// the middle leaves two databases on record, of which one may have no files: both can
// be dropped.
func (c *Clone) bequeath(ctx context.Context, old uint32, next *Clone) error {
	s, t := c.template.store, c.template
	if err := t.ensureShell(ctx); err != nil {
		return err
	}
	// This begins with a checkpoint that writes all that is in memory of any database,
	// unlogged tables too: nothing of the old one will be written after it, as nobody
	// can have read it since.
	err := s.withControl(ctx, func(conn *pgx.Conn) error { return s.create(ctx, conn, next.Name, t.shellName()) })
	if err != nil {
		return err
	}
	oid, err := s.oid(ctx, next.Name)
	if err != nil {
		return err
	}
	to := s.directory(oid)
	if err := os.RemoveAll(to); err != nil {
		return err
	}
	if err := os.Rename(s.directory(old), to); err != nil {
		return err
	}
	// The files are changed when the server has closed them, which DROP DATABASE waits for.
	if err := s.dropClone(ctx, c.Name); err != nil {
		return err
	}
	if next.files, err = restoreFiles(to, s.directory(t.origin), c.files); err != nil {
		return err
	}
	return s.stillPresent(ctx) // a server that has come back from a crash has lost what it knew
}

func (s *Store) oid(ctx context.Context, database string) (oid uint32, err error) {
	err = s.control.QueryRow(ctx, "SELECT oid FROM pg_database WHERE datname = $1", database).Scan(&oid)
	return oid, err
}

// directory is where a database's files are.
func (s *Store) directory(oid uint32) string {
	return filepath.Join(s.host.Files, strconv.FormatUint(uint64(oid), 10))
}

// A shell is a copy of a template without files, for CREATE DATABASE to copy the rest
// from: who owns what in it, and what it says in pg_database.
const shellPrefix = "seedbed_shell_"

func (t *Template) shellName() string { return shellPrefix + strconv.FormatUint(uint64(t.origin), 10) }

// ensureShell makes sure that the template's shell is there.
func (t *Template) ensureShell(ctx context.Context) error {
	s := t.store
	t.shell.Lock()
	defer t.shell.Unlock()
	if t.shell.ready {
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
	oid, err := s.oid(ctx, t.shellName())
	if errors.Is(err, pgx.ErrNoRows) {
		_, err = conn.Exec(ctx, fmt.Sprintf("CREATE DATABASE %s OWNER %s TEMPLATE %s STRATEGY FILE_COPY IS_TEMPLATE true ALLOW_CONNECTIONS false",
			quote(t.shellName()), quote(s.host.Owner), quote(t.name)))
		if err == nil {
			oid, err = s.oid(ctx, t.shellName())
		}
	}
	if err != nil {
		return err
	}
	if err := emptyFiles(s.directory(oid)); err != nil {
		return err
	}
	t.shell.ready = true
	return nil
}

// pruneShells drops the shells of templates that are gone.
func (s *Store) pruneShells(ctx context.Context) error {
	names, err := s.names(ctx, `SELECT datname::text FROM pg_database WHERE starts_with(datname::text, $1)
		AND datname NOT IN (SELECT $1 || oid FROM pg_database)`, shellPrefix)
	for _, name := range names {
		if err == nil {
			err = s.dropDatabase(ctx, name)
		}
	}
	return err
}
