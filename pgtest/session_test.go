package pgtest_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/qarion/seedbed/pgtest"
)

// What a test may do to its session. Nothing of it is to be seen in the next test's.
var sessionChanges = []change{
	{"nothing", "SELECT 1"},
	{"rows", "INSERT INTO plans VALUES ('x', 1)"},
	{"transaction left open", "BEGIN; INSERT INTO plans VALUES ('x', 1)"},
	{"transaction failed", "BEGIN; SELECT 1/0; ROLLBACK"},
	{"isolation level", "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL SERIALIZABLE"},
	{"setting", "SET work_mem = '5MB'"},
	{"setting, local", "BEGIN; SET LOCAL work_mem = '5MB'; COMMIT"},
	{"search path", "SET search_path = pg_catalog"},
	{"role", "SET ROLE seedbed_seeder"},
	{"own setting", "SET app.tenant = 'x'"},
	{"own setting, local", "BEGIN; SET LOCAL app.tenant = 'x'; COMMIT"},
	{"own setting, reset", "RESET app.tenant"},
	{"own setting by function", "SELECT set_config('app.tenant', 'x', true)"},
	{"own setting by quoted function", `SELECT "set_config"('app.tenant', 'x', true)`},
	{"own setting by escaped function", `SELECT U&"set\005fconfig"('app.tenant', 'x', true)`},
	{"setting by function", "SELECT set_config('work_mem', '5MB', false)"},
	{"setting by function and own one", "SELECT set_config('work_mem', '5MB', false), set_config('app' || '.tenant', 'x', false)"},
	{"own setting by escapes", `SELECT set_config(E'app\x2etenant', 'x', false)`},
	{"own setting by continued text", "SELECT set_config('app'\n'.tenant', 'x', false)"},
	{"seed by function", "SELECT set_config('Seed', '0.5', false)"},
	{"own setting in a block", "DO $$ BEGIN PERFORM set_config('app.tenant', 'x', true); END $$"},
	{"own setting in pieces", "DO $$ BEGIN EXECUTE 'S' || 'ET app.tenant = 1'; END $$"},
	{"own setting in XML", "SELECT query_to_xml('SELECT set' || '_config(''app.tenant'', ''x'', true)', true, true, '')"},
	{"own setting, prepared", "PREPARE p AS SELECT set_config('app.tenant', 'x', false); EXECUTE p"},
	{"seed", "SELECT setseed(0.5)"},
	{"seed as a setting", "SET seed = 0.5"},
	{"prepared statement", "PREPARE p AS SELECT 1"},
	{"cursor", "BEGIN; DECLARE c CURSOR WITH HOLD FOR SELECT 1; COMMIT"},
	{"listen", "LISTEN x"},
	{"advisory lock", "SELECT pg_advisory_lock(1)"},
	{"sequence", "SELECT nextval('invoice')"},
	{"temporary table", "CREATE TEMP TABLE x (id int)"},
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
	fresh := fingerprint(t, (&pgtest.Server{Migrations: recycled, Settings: alone, NoReset: true}).DB(t))
	for _, c := range sessionChanges {
		t.Run(c.name, func(t *testing.T) {
			db, before := spend(t, server, c.sql)
			name := db.Config().ConnConfig.Database
			if !server.Ready(name) {
				return // dropped
			}
			db = takeAgain(t, server, name)
			if pid(t, db) == before {
				t.Error("the test has another test's session")
			}
			if diff := cmp.Diff(fresh, fingerprint(t, db)); diff != "" {
				t.Errorf("the session differs from that of a new database (-new +next):\n%s", diff)
			}
		})
	}
}
