package pgtest_test

import (
	"context"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/qarion/seedbed/pgtest"
)

// What a test may do to its session, and whether the session can serve the next
// test after it. Either way nothing of it is to be seen there.
var sessionChanges = []struct {
	name, sql string
	again     bool
}{
	{"nothing", "SELECT 1", true},
	{"rows", "INSERT INTO plans VALUES ('x', 1)", true},
	{"transaction left open", "BEGIN; INSERT INTO plans VALUES ('x', 1)", false},
	{"transaction failed", "BEGIN; SELECT 1/0; ROLLBACK", true},
	{"isolation level", "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL SERIALIZABLE", true},
	{"setting", "SET work_mem = '5MB'", true},
	{"setting, local", "BEGIN; SET LOCAL work_mem = '5MB'; COMMIT", true},
	{"search path", "SET search_path = pg_catalog", true},
	{"role", "SET ROLE seedbed_seeder", true},
	{"own setting", "SET app.tenant = 'x'", false},
	{"own setting, local", "BEGIN; SET LOCAL app.tenant = 'x'; COMMIT", false},
	{"own setting, reset", "RESET app.tenant", false},
	{"own setting by function", "SELECT set_config('app.tenant', 'x', true)", false},
	{"own setting by quoted function", `SELECT "set_config"('app.tenant', 'x', true)`, false},
	{"own setting by escaped function", `SELECT U&"set\005fconfig"('app.tenant', 'x', true)`, false},
	{"setting by function", "SELECT set_config('work_mem', '5MB', false)", true},
	{"setting by function and own one", "SELECT set_config('work_mem', '5MB', false), set_config('app' || '.tenant', 'x', false)", false},
	{"own setting by escapes", `SELECT set_config(E'app\x2etenant', 'x', false)`, false},
	{"own setting by continued text", "SELECT set_config('app'\n'.tenant', 'x', false)", false},
	{"seed by function", "SELECT set_config('Seed', '0.5', false)", false},
	{"own setting in a block", "DO $$ BEGIN PERFORM set_config('app.tenant', 'x', true); END $$", false},
	{"own setting in pieces", "DO $$ BEGIN EXECUTE 'S' || 'ET app.tenant = 1'; END $$", false},
	{"own setting in XML", "SELECT query_to_xml('SELECT set' || '_config(''app.tenant'', ''x'', true)', true, true, '')", false},
	{"own setting, prepared", "PREPARE p AS SELECT set_config('app.tenant', 'x', false); EXECUTE p", false},
	{"seed", "SELECT setseed(0.5)", false},
	{"seed as a setting", "SET seed = 0.5", false},
	{"prepared statement", "PREPARE p AS SELECT 1", false},
	{"cursor", "BEGIN; DECLARE c CURSOR WITH HOLD FOR SELECT 1; COMMIT", true},
	{"listen", "LISTEN x", true},
	{"advisory lock", "SELECT pg_advisory_lock(1)", true},
	{"sequence", "SELECT nextval('invoice')", true},
	{"temporary table", "CREATE TEMP TABLE x (id int)", false},
}

// session is all that a client can see of its session.
const session = `
SELECT jsonb_build_object(
	'settings', (SELECT jsonb_object_agg(name, setting) FROM pg_settings),
	'tenant', current_setting('app.tenant', true),
	'who', current_user || ' ' || session_user,
	'prepared', (SELECT count(*) FROM pg_prepared_statements WHERE name NOT LIKE 'stmtcache%'),
	'cursors', (SELECT count(*) FROM pg_cursors WHERE name <> ''),
	'listening', (SELECT count(*) FROM pg_listening_channels()),
	'locks', (SELECT count(*) FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'advisory'),
	'temporary', pg_my_temp_schema(),
	'transaction', now() = statement_timestamp())`

func fingerprint(t *testing.T, db *pgtest.DB) (all map[string]any) {
	t.Helper()
	if err := db.QueryRow(t.Context(), session).Scan(&all); err != nil {
		t.Fatal(err)
	}
	_, err := db.Exec(t.Context(), "SELECT lastval()")
	all["lastval"] = err.(*pgconn.PgError).Message
	return all
}

func pid(t testing.TB, db *pgtest.DB) (pid uint32) {
	t.Helper()
	if err := db.QueryRow(context.Background(), "SELECT pg_backend_pid()").Scan(&pid); err != nil {
		t.Fatal(err)
	}
	return pid
}

func TestSessionIsAsNew(t *testing.T) {
	server := &pgtest.Server{Migrations: recycled, Settings: alone}
	fresh := fingerprint(t, (&pgtest.Server{Migrations: recycled, Settings: alone, NoRecycling: true}).DB(t))
	for _, c := range sessionChanges {
		t.Run(c.name, func(t *testing.T) {
			db, before := spend(t, server, c.sql)
			name := db.Config().ConnConfig.Database
			if !server.Ready(name) {
				if c.again {
					t.Fatal("the database was dropped")
				}
				return
			}
			db = takeAgain(t, server, name)
			if again := pid(t, db) == before; again != c.again {
				t.Errorf("the session is used again: %t, want %t", again, c.again)
			}
			if diff := cmp.Diff(fresh, fingerprint(t, db)); diff != "" {
				t.Errorf("a session that is used again differs from a fresh one (-fresh +again):\n%s", diff)
			}
		})
	}
}

// A schema whose own functions and expressions change settings has new sessions
// only: no statement shows what they do.
func TestSessionsOfSchemasThatChangeSettings(t *testing.T) {
	for name, sql := range map[string]string{
		"a function":            "CREATE FUNCTION f() RETURNS text LANGUAGE sql AS $$ SELECT set_config('app.tenant', 'x', true) $$",
		"a function with text":  "CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $$ BEGIN EXECUTE 'SELECT 1'; RETURN ''; END $$",
		"a function's SET":      "CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $$ BEGIN SET LOCAL app.tenant = 'x'; RETURN ''; END $$",
		"a function's new body": "CREATE FUNCTION f() RETURNS text LANGUAGE sql RETURN set_config('app.tenant', 'x', true)",
		"a default":             "CREATE FUNCTION f() RETURNS text LANGUAGE sql AS 'SELECT $$$$'; CREATE TABLE d (v text DEFAULT set_config('app.tenant', 'x', true))",
		"a view":                "CREATE FUNCTION f() RETURNS text LANGUAGE sql AS 'SELECT $$$$'; CREATE VIEW v AS SELECT set_config('app.tenant', 'x', true)",
	} {
		t.Run(name, func(t *testing.T) {
			migration := "-- +goose Up\n-- +goose StatementBegin\n" + sql + ";\n-- +goose StatementEnd\n"
			server := &pgtest.Server{Migrations: fstest.MapFS{"00001_f.sql": {Data: []byte(migration)}}, Settings: alone}
			db, before := spend(t, server, "SELECT f()")
			db = takeAgain(t, server, db.Config().ConnConfig.Database)
			if pid(t, db) == before {
				t.Error("the session is used again")
			}
			if tenant := fingerprint(t, db)["tenant"]; tenant != nil {
				t.Errorf("app.tenant = %q in a session that should be new", tenant)
			}
		})
	}
}

// A pool that sets something up in each new connection does so in one that is used
// again, and its client begins with nothing of the one before.
func TestSessionAgainIsANewConnection(t *testing.T) {
	server := &pgtest.Server{Migrations: recycled, Settings: alone}
	test := &oneTest{TB: t}
	db := server.DB(test)
	before := pid(t, db)
	conn, err := db.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	old := conn.Conn()
	if _, err := old.Prepare(t.Context(), "mine", "SELECT 1"); err != nil {
		t.Fatal(err)
	}
	conn.Release()
	test.end()
	server.Settle()
	again := takeAgain(t, server, db.Config().ConnConfig.Database)
	if pid(t, again) != before {
		t.Fatal("the session is not used again")
	}
	if _, err := again.Exec(t.Context(), "EXECUTE mine"); err == nil || !strings.Contains(err.Error(), "does not exist") {
		t.Errorf("the other client's prepared statement: %v", err)
	}
	if _, err := old.Exec(t.Context(), "SELECT 1"); err == nil {
		t.Error("the other client still reaches the session")
	}
}
