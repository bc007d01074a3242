package migrations_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"io"
	"log"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/pressly/goose/v3"

	"github.com/qarion/seedbed/migrations"
)

func set(extra ...string) []string {
	return append([]string{
		"00001_a.sql", "-- +goose Up\ncreate table a (id int primary key);\n-- +goose Down\ndrop table a;\n",
		"00002_b.sql", "-- +goose NO TRANSACTION\n-- +goose Up\ncreate index concurrently a_id on a (id);\n-- +goose Down\ndrop index concurrently a_id;\n",
		"00003_c.sql", "-- +goose Up\n-- +goose StatementBegin\ncreate function c() returns int language plpgsql as $$\nbegin\n  return 1;\nend $$;\n-- +goose StatementEnd\n-- +goose Down\ndrop function c();\n",
	}, extra...)
}

func TestUpDownStatus(t *testing.T) {
	t.Parallel()
	ctx, db, fsys := t.Context(), pg.DB(t), files(set()...)
	before, err := migrations.Status(ctx, db, fsys)
	if err != nil || len(before) != 3 || before[0].Applied {
		t.Fatalf("status of an empty database: %+v, %v", before, err)
	}
	if queryValue[bool](t, db, "select to_regclass('goose_db_version') is not null") {
		t.Error("Status made the version table")
	}
	var events []string
	o := migrations.Options{Progress: func(e migrations.Event) {
		events = append(events, map[bool]string{true: "down "}[e.Down]+e.Migration.Name())
	}}
	for range 2 { // the second has nothing to do
		if err := migrations.Up(ctx, db, fsys, o); err != nil {
			t.Fatal(err)
		}
	}
	if err := migrations.Down(ctx, db, fsys, o); err != nil {
		t.Fatal(err)
	}
	want := []string{"00001_a.sql", "00002_b.sql", "00003_c.sql", "down 00003_c.sql"}
	if !slices.Equal(events, want) {
		t.Errorf("progress: %q, want %q", events, want)
	}
	after, err := migrations.Status(ctx, db, fsys)
	if err != nil || !after[1].Applied || after[1].AppliedAt.IsZero() || after[2].Applied {
		t.Errorf("status: %+v, %v", after, err)
	}
	fewer, err := migrations.Status(ctx, db, files(set()[:2]...))
	if err != nil || len(fewer) != 2 || !fewer[1].Unknown || fewer[1].Version != 2 {
		t.Errorf("status with a version that the set lacks: %+v, %v", fewer, err)
	}
	s, err := migrations.Open(fsys)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.DownTo(ctx, db, 0); err != nil {
		t.Fatal(err)
	}
	if err := s.Down(ctx, db); err != nil {
		t.Errorf("down with nothing applied: %v", err)
	}
	if err := s.UpTo(ctx, db, 1); err != nil {
		t.Fatal(err)
	}
	if n := queryValue[int64](t, db, "select max(version_id) from goose_db_version"); n != 1 {
		t.Errorf("UpTo 1 went to %d", n)
	}
}

func TestFailureNamesFileLineStatement(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, sql string
		line      int
		index     int
		code      string
		says      string
	}{
		{"position inside the statement", "-- +goose Up\nselect 1;\n\n-- why\nselect\n  1,\n  nowhere;\n", 7, 1, "42703", "    select\n      1,\n      nowhere;"},
		{"no position", "-- +goose Up\nselect 1;\ninsert into a values (1), (1);\n", 3, 1, "23505", "detail: Key (id)=(1) already exists."},
		{"after characters of several bytes", "-- +goose Up\nselect 'äöü€😀',\n nowhere;\n", 3, 0, "42703", "nowhere"},
		{"in a block", "-- +goose Up\n-- +goose StatementBegin\ndo $$\nbegin\n  perform nowhere();\nend $$;\n-- +goose StatementEnd\n", 5, 0, "42883", "where: PL/pgSQL function inline_code_block line 3 at PERFORM"},
		{"cut by goose", "-- +goose Up\ncreate function f() returns int language plpgsql as $$\nbegin\n  return 1;\nend $$;\n", 2, 0, "42601", "unterminated dollar-quoted string"},
		{"the second of two alike", "-- +goose Up\ncreate table d (id int primary key);\ninsert into d values (1);\n\ninsert into d values (1);\n", 5, 2, "23505", "already exists"},
		{"substituted", "-- +goose Up\n-- +goose ENVSUB ON\nselect 1;\nselect ${SEEDBED_NOTHING:-nowhere};\n", 4, 1, "42703", "nowhere"},
		{"at commit", "-- +goose Up\ncreate table d (id int references a deferrable initially deferred);\ninsert into d values (7);\n", 3, -1, "23503", "commit"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			db := pg.DB(t)
			err := migrations.Up(t.Context(), db, files(set("00004_bad.sql", c.sql)...))
			e, ok := errors.AsType[*migrations.StatementError](err)
			if !ok {
				t.Fatalf("got %T: %v", err, err)
			}
			if e.File != "00004_bad.sql" || e.Version != 4 || e.Line != c.line || e.Index != c.index {
				t.Errorf("got %s:%d statement %d, want line %d statement %d", e.File, e.Line, e.Index, c.line, c.index)
			}
			if pge, ok := errors.AsType[*pgconn.PgError](err); !ok || pge.Code != c.code {
				t.Errorf("SQLSTATE is not %s: %v", c.code, err)
			}
			if !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), "SQLSTATE "+c.code) {
				t.Errorf("does not say %q:\n%v", c.says, err)
			}
			if n := queryValue[int64](t, db, "select max(version_id) from goose_db_version"); n != 3 {
				t.Errorf("%d is applied, want what came before: 3", n)
			}
		})
	}
}

func TestFailureDown(t *testing.T) {
	t.Parallel()
	ctx, db := t.Context(), pg.DB(t)
	fsys := files(set("00004_bad.sql", "-- +goose Up\nselect 1;\n-- +goose Down\nselect 1;\ndrop table gone;\n")...)
	if err := migrations.Up(ctx, db, fsys); err != nil {
		t.Fatal(err)
	}
	err := migrations.Down(ctx, db, fsys)
	if err == nil || !strings.HasPrefix(err.Error(), `migrate down: 00004_bad.sql:5: ERROR: table "gone" does not exist (SQLSTATE 42P01)`) {
		t.Errorf("got %v", err)
	}
}

// The error about a missing privilege says what grants it.
func TestPrivilegeHints(t *testing.T) {
	t.Parallel()
	db := pg.DB(t)
	for sql, says := range map[string]string{
		"create extension file_fdw;":                            "pgtest.Server.Extensions",
		"create role seedbed_never superuser;":                  "only a superuser may grant that attribute",
		"alter system set work_mem = '8MB';":                    "pgtest.Server.Settings",
		"create table o (); alter table o owner to pg_monitor;": "pgtest.Server.MigrateAsSuperuser",
		"select pg_read_file('postgresql.conf');":               "grant it what the message names",
	} {
		err := migrations.Up(t.Context(), db, files("1_a.sql", "-- +goose NO TRANSACTION\n-- +goose Up\n"+sql+"\n"))
		if err == nil || !strings.Contains(err.Error(), "way out: ") || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", sql, err)
		}
	}
}

// Errors of goose and Postgres that do not say the remedy get one, with its place.
func TestWaysOut(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, first, second, says string }{
		{"cut", "-- +goose Up\ncreate function f() returns int as $$\nbegin\n  return 1;\nend $$ language plpgsql;\n", "", "1_a.sql:2: ERROR: unterminated dollar-quoted string"},
		{"cut: way out", "-- +goose Up\ncreate function f() returns int as $$\nbegin\n  return 1;\nend $$ language plpgsql;\n", "", "way out: goose ended the statement at a semicolon inside a dollar-quoted string: -- +goose StatementBegin"},
		{"a quote too few", "-- +goose Up\ncreate table a (b text);\ninsert into a values ('it's');\ninsert into a values ('x');\n", "", "1_a.sql:3: ERROR: syntax error at or near \"s\" (SQLSTATE 42601)\n    insert into a values ('it's');\nway out: the file ends in the middle of a quoted string: a quote too few or too many; an apostrophe in a text is written ''"},
		{"a variable", "-- +goose Up\n-- +goose ENVSUB ON\nselect '${SEEDBED_UNSET}',\n  1/${SEEDBED_TEST_UNSET};\n", "", "way out: the environment variable SEEDBED_UNSET is not set, and goose puts nothing in its place: set it, or give a default, as in ${SEEDBED_UNSET:-…}"},
		{"concurrently", "-- +goose Up\ncreate table a (id int);\ncreate index concurrently i on a (id);\n", "", "1_a.sql:3: ERROR: CREATE INDEX CONCURRENTLY cannot run inside a transaction block (SQLSTATE 25001)\n    create index concurrently i on a (id);\nway out: in a file of its own with -- +goose NO TRANSACTION"},
		{"together", "-- +goose NO TRANSACTION\n-- +goose Up\n-- +goose StatementBegin\nselect 1;\nvacuum;\n-- +goose StatementEnd\n", "", "let each statement stand by itself"},
		{"emptied", "-- +goose Up\nselect 1;\nselect pg_catalog.set_config('search_path', '', false);\n", "", "way out: 1_a.sql:3 empties search_path for the rest of the session"},
		{"emptied before", "-- +goose NO TRANSACTION\n-- +goose Up\nselect pg_catalog.set_config('search_path', '', false);\n", "-- +goose Up\ncreate table b ();\n", "1_a.sql:3 empties search_path"},
		{"put back", "-- +goose Up\nselect pg_catalog.set_config('search_path', '', false);\nreset search_path;\n", "-- +goose Up\nselect * from nowhere;\n", "2_b.sql:2: ERROR: relation \"nowhere\" does not exist (SQLSTATE 42P01)\n    select * from nowhere;$"},
		{"role", "-- +goose Up\ncreate role seedbed_test_left;\ngrant seedbed_test_left to current_user;\nset role seedbed_test_left;\n", "", "way out: 1_a.sql:4 sets another role for the rest of the session: put RESET ROLE"},
		{"enum", "-- +goose Up\ncreate type e as enum ('a');\n", "-- +goose Up\nalter type e add value 'b';\nselect 'b'::e;\n", "move ALTER TYPE … ADD VALUE into one of its own"},
		{"no role", "-- +goose Up\ngrant select on pg_class to nobody_here;\n", "", "roles belong to the server"},
		{"backticks", "-- +goose Up\ncreate table `herds` (id int);\n", "", "way out: backticks are MySQL's quotes of names"},
		{"made later", "-- +goose Up\ncreate table a (b int references herds (id));\n", "-- +goose Up\n\ncreate table if not exists public.herds (id int primary key);\n", "way out: 2_b.sql:3 makes it, and runs after this one"},
		{"made before", "-- +goose Up\n\ncreate table herds (id int primary key);\n", "-- +goose Up\ncreate table herds (id int primary key);\n", "way out: 1_a.sql:3 makes it, too, and has been applied"},
		{"made twice", "-- +goose Up\ncreate table herds (id int);\n", "-- +goose Up\nalter table herds add column id int;\n", "way out: this migration is not recorded as applied, and what it makes is there"},
		{"made in vain", "-- +goose Up\nselect * from herds;\n", "-- +goose Up\ncreate table herds_of_all (id int);\n", "select * from herds;$"},
		{"no extension", "-- +goose Up\ncreate extension no_such_extension;\n", "", "way out: this Postgres has no such extension"},
	} {
		pairs := []string{"1_a.sql", c.first}
		if c.second != "" {
			pairs = append(pairs, "2_b.sql", c.second)
		}
		err := migrations.Up(t.Context(), pg.DB(t), files(pairs...))
		if err == nil || !strings.Contains(err.Error()+"$", c.says) {
			t.Errorf("%s: %v\n  want %q", c.name, err, c.says)
		}
	}
	db := pg.DB(t)
	if err := migrations.Up(t.Context(), db, files("2_b.sql", "-- +goose Up\nselect 1;\n")); err != nil {
		t.Fatal(err)
	}
	undone := files("2_b.sql", "-- +goose Up\nselect 1;\n", "3_c.sql", "-- +goose Up\ncreate table kept ();\n-- +goose Down\nselect 1;\n")
	if err := errors.Join(migrations.Up(t.Context(), db, undone), migrations.Down(t.Context(), db, undone)); err != nil {
		t.Fatal(err)
	}
	err := migrations.Up(t.Context(), db, undone)
	if err == nil || !strings.Contains(err.Error(), "or left by a Down that does not undo its Up (down-residue of seedbed migrate review)") {
		t.Errorf("a Down that undoes nothing: %v", err)
	}
	err = migrations.Up(t.Context(), db, files("1_a.sql", "-- +goose Up\nselect 1;\n", "2_b.sql", "-- +goose Up\nselect 1;\n"))
	if err == nil || !strings.Contains(err.Error(), "way out: give the file a higher number") {
		t.Errorf("a gap: %v", err)
	}
}

func TestUpRaces(t *testing.T) {
	t.Parallel()
	db := pg.DB(t)
	var wg sync.WaitGroup
	for range 6 {
		wg.Go(func() {
			if err := migrations.Up(t.Context(), db, files(set()...)); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := queryValue[int64](t, db, "select count(*) from goose_db_version where version_id > 0"); n != 3 {
		t.Errorf("%d versions recorded, want 3", n)
	}
}

func TestLockWaitEnds(t *testing.T) {
	t.Parallel()
	ctx, db := t.Context(), pg.DB(t)
	c, err := db.Acquire(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Release()
	if _, err := c.Exec(ctx, "select pg_advisory_lock(4097083626)"); err != nil {
		t.Fatal(err)
	}
	err = migrations.Up(ctx, db, files(set()...), migrations.Options{LockWait: 1})
	if !errors.Is(err, migrations.ErrLocked) {
		t.Errorf("got %v", err)
	}
	if _, err := c.Exec(ctx, "select pg_advisory_unlock(4097083626)"); err != nil {
		t.Fatal(err)
	}
}

// A cancelled run returns the cause, and leaves neither a half-applied migration nor a
// session.
func TestCancel(t *testing.T) {
	t.Parallel()
	db := pg.DB(t)
	config := db.Config().ConnConfig.Copy()
	config.RuntimeParams["application_name"] = "cancelled"
	handle, err := pgx.ConnectConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	defer handle.Close(context.Background())
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	o := migrations.Options{Progress: func(e migrations.Event) {
		if e.Migration.Version == 3 {
			cancel()
		}
	}}
	err = migrations.Up(ctx, handle, files(set("00004_slow.sql", "-- +goose Up\ncreate table slow ();\nselect pg_sleep(60);\n")...), o)
	if !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "00004_slow.sql") {
		t.Errorf("got %v", err)
	}
	if queryValue[bool](t, db, "select to_regclass('slow') is not null") {
		t.Error("half of the migration is there")
	}
	if err := migrations.Up(ctx, handle, files(set()...)); !errors.Is(err, context.Canceled) {
		t.Errorf("with a cancelled context: %v", err)
	}
	for _, fsys := range []fstest.MapFS{files(set()...), files(set("00004_bad.sql", "-- +goose Up\nselect nowhere;\n")...)} {
		_ = migrations.Up(t.Context(), handle, fsys)
		// The server has let go already when Up returns: the handle's own session is left.
		if n := queryValue[int64](t, db, "select count(*) from pg_stat_activity where application_name = 'cancelled' and datname = current_database()"); n != 1 {
			t.Errorf("%d sessions left", n-1)
		}
	}
}

func TestGoMigrations(t *testing.T) {
	t.Parallel()
	ctx, db := t.Context(), pg.DB(t)
	var leaked *sql.Conn
	run := func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "insert into a values (1)")
		return err
	}
	fsys := files(set("00004_d.go", "package x")...)
	o := migrations.Options{Go: []*migrations.GoMigration{
		goose.NewGoMigration(4, &goose.GoFunc{RunTx: run}, nil),
		goose.NewGoMigration(5, &goose.GoFunc{RunDB: func(ctx context.Context, db *sql.DB) (err error) {
			leaked, err = db.Conn(ctx)
			return err
		}}, nil),
	}}
	if err := migrations.Up(ctx, db, fsys, o); err != nil {
		t.Fatal(err)
	}
	if n := queryValue[int64](t, db, "select count(*) from a"); n != 1 {
		t.Errorf("%d rows", n)
	}
	if err := leaked.PingContext(ctx); err == nil {
		t.Error("a connection that a migration leaked is still open")
	}
	st, err := migrations.Status(ctx, db, fsys, o)
	if err != nil || len(st) != 5 || st[3].File != "00004_d.go" || !st[3].Go || st[4].Name() != "go migration 5" {
		t.Errorf("status: %+v, %v", st, err)
	}
	o.Go = append(o.Go, goose.NewGoMigration(6, &goose.GoFunc{RunTx: run}, nil))
	err = migrations.Up(ctx, db, fsys, o)
	if err == nil || !strings.Contains(err.Error(), "migrate up: go migration 6: ERROR: duplicate key") {
		t.Errorf("a Go migration that fails: %v", err)
	}
	o.Go[2] = goose.NewGoMigration(6, &goose.GoFunc{RunTx: func(context.Context, *sql.Tx) error { panic("oh") }}, nil)
	err = migrations.Up(ctx, db, fsys, o)
	if err == nil || !strings.Contains(err.Error(), "go migration 6: panic: oh") {
		t.Errorf("a Go migration that panics: %v", err)
	}
}

func TestTransactionCannotBeMigrated(t *testing.T) {
	t.Parallel()
	tx, err := pg.DB(t).Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback(context.Background())
	if err := migrations.Up(t.Context(), tx, files(set()...)); err == nil || !strings.Contains(err.Error(), "pass a pool or a connection") {
		t.Errorf("got %v", err)
	}
	if _, err := migrations.Status(t.Context(), tx, files(set()...)); err != nil {
		t.Errorf("status in a transaction: %v", err)
	}
	if _, err := tx.Exec(t.Context(), "select 1"); err != nil {
		t.Errorf("status broke the transaction: %v", err)
	}
}

func TestMissingVersions(t *testing.T) {
	t.Parallel()
	ctx, db, all := t.Context(), pg.DB(t), set()
	if err := migrations.Up(ctx, db, files(append(slices.Clone(all[:2]), all[4:]...)...)); err != nil {
		t.Fatal(err)
	}
	err := migrations.Up(ctx, db, files(all...))
	if err == nil || !strings.Contains(err.Error(), "missing (out-of-order) migration") {
		t.Errorf("got %v", err)
	}
	if err := migrations.Up(ctx, db, files(all...), migrations.Options{AllowMissing: true}); err != nil {
		t.Error(err)
	}
}

// Up writes nothing to standard output and the log.
func TestQuiet(t *testing.T) {
	db := pg.DB(t)
	var logged bytes.Buffer
	log.SetOutput(&logged)
	defer log.SetOutput(os.Stderr)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, stderr := os.Stdout, os.Stderr
	os.Stdout, os.Stderr = w, w
	upErr := migrations.Up(t.Context(), db, files(set()...))
	os.Stdout, os.Stderr = stdout, stderr
	w.Close()
	printed, _ := io.ReadAll(r)
	if upErr != nil || logged.Len()+len(printed) > 0 {
		t.Errorf("%v; logged %q, printed %q", upErr, logged.String(), printed)
	}
}
