//go:build unix

package pgtest_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/qarion/seedbed/internal/testkit"
	"github.com/qarion/seedbed/pgtest"
)

func control(t *testing.T, db *pgtest.DB) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), db.AdminURL("seedbed"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(t.Context()) })
	return conn
}

func templateOf(t *testing.T, db *pgtest.DB) (name string) {
	t.Helper()
	err := control(t, db).QueryRow(t.Context(), "SELECT template FROM seedbed.clone WHERE name = $1", db.Config().ConnConfig.Database).Scan(&name)
	if err != nil {
		t.Fatal(err)
	}
	return name
}

// A session on the template would hold up every clone for five
// seconds and then fail it.
func TestNobodyConnectsToATemplate(t *testing.T) {
	db := pg.DB(t)
	conn, err := pgx.Connect(t.Context(), db.AdminURL(templateOf(t, db)))
	if err == nil {
		conn.Close(t.Context())
		t.Fatal("a session on a template was let in")
	}
	testkit.Mention(t, err.Error(), "not currently accepting connections")
}

// A template that is gone, and one that is there without
// its record, as a crash between the two would leave it.
func TestTemplateThatIsNotWholeIsMadeAnew(t *testing.T) {
	files := goose("CREATE TABLE broken_template (id int);")
	first := (&pgtest.Server{Migrations: files}).DB(t)
	name := templateOf(t, first)
	admin := control(t, first)
	for _, sql := range []string{
		"DELETE FROM seedbed.template WHERE name = '" + name + "'",
		"ALTER DATABASE " + name + " IS_TEMPLATE false; DROP DATABASE " + name,
		"ALTER DATABASE " + name + " ALLOW_CONNECTIONS true",
	} {
		for _, statement := range strings.Split(sql, ";") {
			if _, err := admin.Exec(t.Context(), statement); err != nil {
				t.Fatal(err)
			}
		}
		server := &pgtest.Server{Migrations: files, NoReset: true}
		for range 6 { // more than were made ahead
			if _, err := server.DB(t).Exec(t.Context(), "INSERT INTO broken_template VALUES (1)"); err != nil {
				t.Fatalf("after %s: %v", sql, err)
			}
		}
	}
}

// Two branches on one server.
func TestTwoSchemasSideBySide(t *testing.T) {
	one := (&pgtest.Server{Migrations: goose("CREATE TABLE one (id int);")}).DB(t)
	two := (&pgtest.Server{Migrations: goose("CREATE TABLE two (id int);")}).DB(t)
	for db, table := range map[*pgtest.DB]string{one: "one", two: "two"} {
		if _, err := db.Exec(t.Context(), "INSERT INTO "+table+" VALUES (1)"); err != nil {
			t.Error(err)
		}
	}
}

// Everything that shapes a template is in its name.
func TestWhateverShapesATemplateMakesAnother(t *testing.T) {
	testkit.SkipShort(t, "boots seven servers")
	names := map[string]string{}
	for what, server := range map[string]*pgtest.Server{
		"one migration":      {Migrations: goose("CREATE TABLE shape (id int);")},
		"other bytes":        {Migrations: goose("CREATE TABLE shape (id  int);")},
		"one more migration": {Migrations: goose("CREATE TABLE shape (id int);", "SELECT 1;")},
		"an extension":       {Migrations: goose("CREATE TABLE shape (id int);"), Extensions: []string{"plpgsql"}},
		"a fixture set":      {Migrations: goose("CREATE TABLE shape (id int);"), Fixtures: source("a")},
		"another one":        {Migrations: goose("CREATE TABLE shape (id int);"), Fixtures: source("b")},
		"a setting":          {Migrations: goose("CREATE TABLE shape (id int);"), Settings: map[string]string{"work_mem": "5MB"}},
	} {
		db := server.DB(t)
		// A server with other settings is another server.
		name := db.Config().ConnConfig.Host + " " + templateOf(t, db)
		if other, taken := names[name]; taken {
			t.Errorf("%s and %s have one template", what, other)
		}
		names[name] = what
	}
}

// Postgres cuts names at 63 bytes, without a word.
func TestLongNames(t *testing.T) {
	t.Run(strings.Repeat("a very long name ", 20), func(t *testing.T) {
		if name := pg.DB(t).Config().ConnConfig.Database; len(name) > 40 {
			t.Errorf("the database is called %s", name)
		}
	})
}

// A logical slot waits for another database's prepared transaction.
func TestReplicationSlotAndPreparedTransaction(t *testing.T) {
	server := &pgtest.Server{
		Migrations: goose("CREATE TABLE slots (id int);"),
		Settings:   map[string]string{"wal_level": "logical", "max_wal_senders": "2"},
	}
	var names []string
	for range 2 {
		test := testkit.NewInner(t)
		db := server.DB(test)
		name := db.Config().ConnConfig.Database
		names = append(names, name)
		admin, err := pgx.Connect(t.Context(), db.AdminURL(name))
		if err != nil {
			t.Fatal(err)
		}
		for _, sql := range []string{
			"SELECT pg_create_logical_replication_slot('" + name + "', 'pgoutput')",
			"BEGIN; INSERT INTO slots VALUES (1); PREPARE TRANSACTION '" + name + "'",
		} {
			if _, err := admin.PgConn().Exec(t.Context(), sql).ReadAll(); err != nil {
				t.Fatal(err)
			}
		}
		admin.Close(t.Context())
		test.End()
		server.Settle()
	}
	var left int
	err := control(t, server.DB(t)).QueryRow(t.Context(), "SELECT count(*) FROM pg_database WHERE datname = ANY($1)", names).Scan(&left)
	if err != nil || left != 0 {
		t.Errorf("%d of the databases are left, %v", left, err)
	}
}

// "out of shared memory" is the table of locks.
func TestManyTablesInOneTransaction(t *testing.T) {
	server := &pgtest.Server{Migrations: tables(200)}
	for i := range 4 {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			db := server.DB(t)
			tx, err := db.Begin(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for n := range 200 {
				if _, err := tx.Exec(t.Context(), fmt.Sprintf("INSERT INTO t%d (name) VALUES ('x')", n)); err != nil {
					t.Fatal(err)
				}
			}
			if err := tx.Commit(t.Context()); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// What lies in the module is an input of go test's cache.
func TestNothingIsWrittenIntoTheModule(t *testing.T) {
	box := newSandbox(t)
	dir := t.TempDir()
	cmd := box.command("TestPass")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if left, err := filepath.Glob(filepath.Join(dir, "*")); err != nil || len(left) > 0 {
		t.Errorf("%v lie where the tests ran (%v)", left, err)
	}
}

// The socket's path is short whatever the cache's is.
func TestLongCachePath(t *testing.T) {
	box := newSandbox(t)
	box.cache = filepath.Join(box.cache, strings.Repeat("a long directory/", 10))
	if err := os.MkdirAll(box.cache, 0o755); err != nil {
		t.Fatal(err)
	}
	box.pass("TestPass|TestMany")
}
