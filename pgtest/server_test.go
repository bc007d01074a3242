package pgtest_test

import (
	"context"
	"errors"
	"io/fs"
	"testing"
	"testing/fstest"

	"github.com/jackc/pgx/v5"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/internal/testkit"
	"github.com/qarion/seedbed/pgtest"
)

func goose(files ...string) fs.FS {
	set := fstest.MapFS{}
	for i, sql := range files {
		set["0000"+string(rune('1'+i))+"_step.sql"] = &fstest.MapFile{Data: []byte("-- +goose Up\n" + sql + "\n")}
	}
	return set
}

func TestMigrationThatFails(t *testing.T) {
	server := &pgtest.Server{Migrations: goose("CREATE TABLE a (id int);", "CREATE TABLE b (id int);\nINSERT INTO a VALUES ('no number');")}
	for range 2 { // and the second test is told the same
		message := testkit.Record(t, func(t testing.TB) { server.DB(t) }).FatalMessage()
		testkit.Mention(t, message, "00002_step.sql", "INSERT INTO a VALUES ('no number')", "invalid input syntax for type integer", "22P02")
	}
	good := &pgtest.Server{Migrations: goose("CREATE TABLE a (id int);")}
	if n := leftovers(t, good.DB(t)); n != 0 {
		t.Errorf("%d half-made templates are left behind", n)
	}
}

func leftovers(t *testing.T, db *pgtest.DB) (n int) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), db.AdminURL("seedbed"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	// Another process may be building one right now, under its lock.
	err = conn.QueryRow(t.Context(), `SELECT count(*) FROM pg_database WHERE datname LIKE 'sb\_b\_%'
		AND NOT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 1 AND granted
			AND pid IN (SELECT pid FROM pg_stat_activity WHERE datname = 'seedbed' AND query LIKE '%CREATE DATABASE%' OR query LIKE '%pg_advisory_lock%'))`).Scan(&n)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestMigrationThatNeedsMoreRights(t *testing.T) {
	server := &pgtest.Server{Migrations: goose("CREATE EXTENSION file_fdw;")}
	testkit.Mention(t, testkit.Record(t, func(t testing.TB) { server.DB(t) }).FatalMessage(), "00001_step.sql", "permission denied to create extension", "Extensions")
}

func TestNoMigrationsInTheFileSystem(t *testing.T) {
	server := &pgtest.Server{Migrations: fstest.MapFS{"readme.md": {}}}
	testkit.Mention(t, testkit.Record(t, func(t testing.TB) { server.DB(t) }).FatalMessage(), "no migrations found")
}

func TestUnknownExtension(t *testing.T) {
	server := &pgtest.Server{Extensions: []string{"does_not_exist"}}
	testkit.Mention(t, testkit.Record(t, func(t testing.TB) { server.DB(t) }).FatalMessage(), "lacks extension does_not_exist", "install with: ")
}

func TestExtensionsAreThere(t *testing.T) {
	db := (&pgtest.Server{Extensions: []string{"plpgsql"}, Migrations: goose("CREATE TABLE a (id int);")}).DB(t)
	if _, err := db.Exec(t.Context(), "INSERT INTO a VALUES (1)"); err != nil {
		t.Fatal(err)
	}
}

func TestUnknownBinaries(t *testing.T) {
	dir := t.TempDir()
	server := &pgtest.Server{Binaries: dir}
	testkit.Mention(t, testkit.Record(t, func(t testing.TB) { server.DB(t) }).FatalMessage(), dir, "postgres")
}

func TestSettingThatPostgresRefuses(t *testing.T) {
	server := &pgtest.Server{Settings: map[string]string{"work_mem": "a lot"}}
	testkit.Mention(t, testkit.Record(t, func(t testing.TB) { server.DB(t) }).FatalMessage(), "work_mem", "invalid value")
}

func TestSettingsOfOnesOwn(t *testing.T) {
	db := (&pgtest.Server{Settings: map[string]string{"work_mem": "5MB"}}).DB(t)
	var value string
	if err := db.QueryRow(t.Context(), "SHOW work_mem").Scan(&value); err != nil || value != "5MB" {
		t.Errorf("work_mem = %q, %v, want 5MB", value, err)
	}
}

func TestSeedIsInEveryDatabase(t *testing.T) {
	runs := 0
	server := &pgtest.Server{
		Migrations: goose("CREATE TABLE seeded (name text);"),
		Seed: func(ctx context.Context, db seedbed.DB) error {
			runs++
			_, err := db.Exec(ctx, "INSERT INTO seeded VALUES ('one')")
			return err
		},
	}
	for range 3 {
		var name string
		if err := server.DB(t).QueryRow(t.Context(), "SELECT name FROM seeded").Scan(&name); err != nil || name != "one" {
			t.Errorf("name = %q, %v", name, err)
		}
	}
	if runs > 1 {
		t.Errorf("the seed ran %d times", runs)
	}
}

func TestSeedThatFails(t *testing.T) {
	server := &pgtest.Server{Seed: func(context.Context, seedbed.DB) error { return errors.New("no rain") }}
	testkit.Mention(t, testkit.Record(t, func(t testing.TB) { server.DB(t) }).FatalMessage(), "load the seed", "no rain")
}

// Isolation tests must not pass vacuously.
func TestRoleIsOneThatRowSecurityAppliesTo(t *testing.T) {
	for name, c := range map[string]struct{ sql, role string }{
		"no row security":       {"", "seedbed_owner"},
		"forced":                {"ALTER TABLE secrets ENABLE ROW LEVEL SECURITY; ALTER TABLE secrets FORCE ROW LEVEL SECURITY;", "seedbed_owner"},
		"enabled and unforced":  {"ALTER TABLE secrets ENABLE ROW LEVEL SECURITY;", "seedbed_tester"},
		"a role that was named": {"", "seedbed_tester"},
	} {
		t.Run(name, func(t *testing.T) {
			server := &pgtest.Server{Migrations: goose("CREATE TABLE secrets (id int); INSERT INTO secrets VALUES (1);" + c.sql)}
			if name == "a role that was named" {
				server.Role = c.role
			}
			db := server.DB(t)
			var role string
			var exempt bool
			err := db.QueryRow(t.Context(), "SELECT current_user, rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user").Scan(&role, &exempt)
			if err != nil || role != c.role || exempt {
				t.Errorf("role %s, exempt %t, %v; want %s, which is not", role, exempt, err, c.role)
			}
			var seen int
			if err := db.QueryRow(t.Context(), "SELECT count(*) FROM secrets").Scan(&seen); err != nil {
				t.Fatal(err)
			}
			if secured := c.sql != ""; secured == (seen > 0) {
				t.Errorf("row security %t, rows seen %d", secured, seen)
			}
		})
	}
}

// ALTER DATABASE SET and grants on a database are not cloned by CREATE DATABASE.
func TestSettingsAndGrantsOfTheDatabaseAreInTheClone(t *testing.T) {
	files := goose(`-- +goose StatementBegin
DO $$ BEGIN
	EXECUTE format('ALTER DATABASE %I SET work_mem = ''7MB''', current_database());
	EXECUTE format('ALTER DATABASE %I SET search_path = one, "Two", public', current_database());
	EXECUTE format('ALTER ROLE seedbed_owner IN DATABASE %I SET application_name = ''it''''s''', current_database());
	EXECUTE format('REVOKE TEMP ON DATABASE %I FROM PUBLIC', current_database());
END $$;
-- +goose StatementEnd`)
	seed := func(context.Context, seedbed.DB) error { return nil }
	for _, server := range []*pgtest.Server{{Migrations: files}, {Migrations: files, Seed: seed}} {
		settingsAndGrants(t, server.DB(t))
	}
}

func settingsAndGrants(t *testing.T, db *pgtest.DB) {
	t.Helper()
	var got [3]string
	err := db.QueryRow(t.Context(), "SELECT current_setting('work_mem'), current_setting('search_path'), current_setting('application_name')").Scan(&got[0], &got[1], &got[2])
	if want := [3]string{"7MB", `one, "Two", public`, "it's"}; err != nil || got != want {
		t.Errorf("settings %q, %v, want %q", got, err, want)
	}
	var temp bool
	err = db.QueryRow(t.Context(), "SELECT EXISTS (SELECT FROM pg_database, aclexplode(datacl) a WHERE datname = current_database() AND grantee = 0 AND a.privilege_type = 'TEMPORARY')").Scan(&temp)
	if err != nil || temp {
		t.Errorf("PUBLIC may create temporary tables (%v), although a migration revoked it", err)
	}
}

// A URL of a production server, or one with @, / or % in its password.
func TestServerOfSomebodyElse(t *testing.T) {
	own := pg.DB(t)
	conn, err := pgx.Connect(t.Context(), own.AdminURL("seedbed"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	for _, c := range []struct{ url, want string }{
		{"postgres://me:p@ss/word@nowhere.invalid/db", "special characters in a password"},
		{"postgres://me@127.0.0.1:1/db?connect_timeout=1", "127.0.0.1"},
	} {
		server := &pgtest.Server{URL: c.url}
		testkit.Mention(t, testkit.Record(t, func(t testing.TB) { server.DB(t) }).FatalMessage(), c.want)
	}
	server := &pgtest.Server{URL: own.AdminURL("postgres"), Migrations: goose("CREATE TABLE a (id int);")}
	if _, err := server.DB(t).Exec(t.Context(), "INSERT INTO a VALUES (1)"); err != nil {
		t.Errorf("a server that is marked for tests: %v", err)
	}
}

// source is a Source that says what it is, and writes nothing.
type source string

func (s source) Fingerprint() (string, error)         { return string(s), nil }
func (source) Load(context.Context, seedbed.DB) error { return nil }
