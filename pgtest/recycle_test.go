package pgtest_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/qarion/seedbed/internal/testkit"
	"github.com/qarion/seedbed/internal/testpg"
	"github.com/qarion/seedbed/pgtest"
)

// recycled is a schema with something of everything that a reset has to cope with.
var recycled = fstest.MapFS{"00001_all.sql": {Data: []byte(`-- +goose Up
CREATE TABLE plans (code text PRIMARY KEY, price int NOT NULL, doubled int GENERATED ALWAYS AS (price * 2) STORED);
INSERT INTO plans VALUES ('free', 0), ('pro', 10), ('quote''d	tab', 3);
CREATE TABLE accounts (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, plan text NOT NULL REFERENCES plans ON DELETE CASCADE ON UPDATE CASCADE, "Name" text);
CREATE TABLE notes (id serial PRIMARY KEY, account bigint REFERENCES accounts ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED, body text);
CREATE TABLE log (at date NOT NULL, line text) PARTITION BY RANGE (at);
CREATE TABLE log_2024 PARTITION OF log FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE log_rest PARTITION OF log DEFAULT;
CREATE TABLE audit (what text);
CREATE SEQUENCE invoice START 1000;
SELECT nextval('invoice');
CREATE MATERIALIZED VIEW totals AS SELECT count(*) FROM accounts;
CREATE VIEW names AS SELECT "Name" FROM accounts;
CREATE RULE quiet AS ON DELETE TO audit DO INSTEAD NOTHING;
-- +goose StatementBegin
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO audit VALUES (TG_OP); RETURN NULL; END $$;
-- +goose StatementEnd
CREATE TRIGGER note AFTER INSERT OR UPDATE OR DELETE ON accounts FOR EACH ROW EXECUTE FUNCTION note();
`)}}

// A change is what a test may do to its database.
type change struct{ name, sql string }

// Rows only: the database must come back, and as it was.
var rowChanges = []change{
	{"nothing", "SELECT 1"},
	{"insert", "INSERT INTO accounts (plan) VALUES ('pro')"},
	{"insert rolled back", "BEGIN; INSERT INTO accounts (plan) VALUES ('pro'); ROLLBACK"},
	{"insert that fails", "INSERT INTO accounts (plan) VALUES ('none')"},
	{"rows under a rule that forbids deleting", "INSERT INTO audit VALUES ('x')"},
	{"update of a template's row", "UPDATE plans SET price = 99 WHERE code = 'pro'"},
	{"key of a template's row", "UPDATE plans SET code = 'gone' WHERE code = 'pro'"},
	{"delete of a template's rows", "DELETE FROM plans"},
	{"one more row beside the template's", "INSERT INTO plans VALUES ('new', 1)"},
	{"cascade", "INSERT INTO accounts (plan) VALUES ('pro'); DELETE FROM plans WHERE code = 'pro'"},
	{"deferred orphan that fails at commit", "BEGIN; INSERT INTO notes (account) VALUES (77); COMMIT"},
	{"partitions", "INSERT INTO log VALUES ('2024-05-05', 'a'), ('2030-01-01', 'b')"},
	{"row that moves between partitions", "INSERT INTO log VALUES ('2024-05-05', 'a'); UPDATE log SET at = '2031-01-01'"},
	{"nextval", "SELECT nextval('invoice')"},
	{"nextval rolled back", "BEGIN; SELECT nextval('invoice'); ROLLBACK"},
	{"setval", "SELECT setval('invoice', 5, false)"},
	{"setval to where it was, not called", "SELECT setval('invoice', 1000, false)"},
	{"identity", "SELECT setval(pg_get_serial_sequence('accounts', 'id'), 500)"},
	{"copy of the row", "INSERT INTO plans SELECT code || '2', price FROM plans"},
	{"on conflict", "INSERT INTO plans VALUES ('pro', 1) ON CONFLICT (code) DO UPDATE SET price = 77"},
	{"select for update", "BEGIN; SELECT * FROM plans FOR UPDATE; COMMIT"},
	{"listen", "LISTEN news"},
	{"notify", "NOTIFY news"},
	{"advisory lock left", "SELECT pg_advisory_lock(1)"},
	{"session settings", "SET search_path = pg_catalog; SET statement_timeout = '1s'; SELECT set_config('app.tenant', 'x', false)"},
	{"session role", "SET ROLE seedbed_seeder"},
	{"open transaction", "BEGIN; INSERT INTO plans VALUES ('open', 1)"},
	{"cursor left open", "DECLARE c CURSOR WITH HOLD FOR SELECT * FROM plans"},
	{"prepared statement", "PREPARE p AS SELECT 1"},
}

// More than rows: the server must notice, and the database must not come back.
var otherChanges = []change{
	{"create table", "CREATE TABLE extra (a int)"},
	{"create table as", "CREATE TABLE extra AS SELECT * FROM plans"},
	{"create table rolled back", "BEGIN; CREATE TABLE extra (a int); ROLLBACK"},
	{"large values", "INSERT INTO accounts (plan, \"Name\") SELECT 'pro', string_agg(md5(i::text), '') FROM generate_series(1, 20000) i"},
	{"many rows", "INSERT INTO accounts (plan) SELECT 'pro' FROM generate_series(1, 5000)"},
	{"temporary table", "CREATE TEMP TABLE extra (a int)"},
	{"hidden in a block", "DO $$ BEGIN EXECUTE 'CREATE TABLE extra (a int)'; END $$"},
	{"add column", "ALTER TABLE plans ADD COLUMN extra int"},
	{"default", "ALTER TABLE plans ALTER COLUMN price SET DEFAULT 3"},
	{"drop table", "DROP TABLE notes"},
	{"drop constraint", "ALTER TABLE accounts DROP CONSTRAINT accounts_plan_fkey"},
	{"index", "CREATE INDEX ON accounts (plan)"},
	{"reindex", "REINDEX TABLE plans"},
	{"cluster", "CLUSTER plans USING plans_pkey"},
	{"truncate", "TRUNCATE plans CASCADE"},
	{"truncate an empty table", "TRUNCATE log"},
	{"vacuum", "VACUUM plans"},
	{"analyze", "ANALYZE plans"},
	{"view", "CREATE VIEW extra AS SELECT 1"},
	{"function", "CREATE OR REPLACE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$"},
	{"trigger off", "ALTER TABLE accounts DISABLE TRIGGER note"},
	{"row security", "ALTER TABLE accounts ENABLE ROW LEVEL SECURITY"},
	{"policy", "CREATE POLICY p ON accounts USING (true)"},
	{"type", "CREATE TYPE mood AS ENUM ('ok')"},
	{"schema", "CREATE SCHEMA extra"},
	{"comment", "COMMENT ON TABLE plans IS 'x'"},
	{"comment on the database", "DO $$ BEGIN EXECUTE format('COMMENT ON DATABASE %I IS ''x''', current_database()); END $$"},
	{"grant", "GRANT SELECT ON plans TO PUBLIC"},
	{"grant on a column", "GRANT SELECT (code) ON plans TO PUBLIC"},
	{"grant on the database", "DO $$ BEGIN EXECUTE format('GRANT TEMP ON DATABASE %I TO seedbed_seeder', current_database()); END $$"},
	{"default privileges", "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC"},
	{"setting of the database", "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET work_mem = ''5MB''', current_database()); END $$"},
	{"setting of the role in the database", "DO $$ BEGIN EXECUTE format('ALTER ROLE seedbed_owner IN DATABASE %I SET work_mem = ''5MB''', current_database()); END $$"},
	{"large object", "SELECT lo_from_bytea(0, 'x')"},
	{"sequence definition", "ALTER SEQUENCE invoice INCREMENT 5"},
	{"refresh", "REFRESH MATERIALIZED VIEW totals"},
	{"statistics", "CREATE STATISTICS extra ON plan, \"Name\" FROM accounts"},
	{"publication", "CREATE PUBLICATION extra FOR TABLE plans"},
	{"owner", "GRANT CREATE ON SCHEMA public TO seedbed_seeder; ALTER TABLE plans OWNER TO seedbed_seeder"},
	{"prepared transaction", "BEGIN; INSERT INTO plans VALUES ('p', 1); PREPARE TRANSACTION 'recycle_test'"},
}

// What only a superuser can do: among it what hides the rest from the server's counters.
var superuserChanges = []change{
	{"counters put back", "INSERT INTO accounts (plan) VALUES ('pro'); SELECT setval('accounts_id_seq', 1, false); SELECT pg_stat_force_next_flush(); SELECT pg_stat_reset()"},
	{"nothing counted", "SET track_counts = off; UPDATE plans SET price = 42; CREATE TABLE extra (a int); RESET track_counts"},
	{"nothing counted, quietly", "SELECT set_config('track_counts', 'off', false); UPDATE plans SET price = 42; SELECT set_config('track_counts', 'on', false)"},
	{"information schema", "DELETE FROM information_schema.sql_features"},
	{"catalog", "UPDATE pg_class SET reltuples = 5 WHERE relname = 'plans'"},
	{"subscription", "CREATE SUBSCRIPTION extra CONNECTION 'dbname=x' PUBLICATION p WITH (connect = false, slot_name = NONE, enabled = false)"},
	{"closed, with a prepared transaction", "BEGIN; INSERT INTO plans VALUES ('p', 1); PREPARE TRANSACTION 'recycle_test'; UPDATE pg_database SET datallowconn = false WHERE datname = current_database()"},
}

// alone is a server that no other package's tests run on: a role that they create
// meanwhile counts as a change here.
var alone = map[string]string{"application_name": "recycle_test"}

func TestRecycledDatabaseIsAsNew(t *testing.T) {
	server := &pgtest.Server{Migrations: recycled, Settings: alone}
	plain := (&pgtest.Server{Migrations: recycled, Settings: alone, NoReset: true}).DB(t)
	fresh := contents(t, plain)
	counters := testpg.One[int](t, plain, "SELECT current_setting('server_version_num')::int") >= 150000
	for _, c := range rowChanges {
		t.Run(c.name, func(t *testing.T) {
			name := apply(t, server, c.sql)
			next := func(t *testing.T) *pgtest.DB { return server.DB(t) }
			if counters { // else each test has a clone
				if !server.Ready(name) {
					t.Fatal("the database is not ready for another test")
				}
				next = func(t *testing.T) *pgtest.DB { return takeAgain(t, server, name) }
			}
			if diff := cmp.Diff(fresh, contents(t, next(t))); diff != "" {
				t.Errorf("a reset database differs from a fresh one (-fresh +reset):\n%s", diff)
			}
		})
	}
}

func TestDatabaseWithOtherChangesIsDropped(t *testing.T) {
	plain := (&pgtest.Server{Migrations: recycled, Settings: alone, NoReset: true}).DB(t)
	fresh := contents(t, plain)
	server := &pgtest.Server{Migrations: recycled, Settings: alone}
	for _, c := range testkit.Sample(t, otherChanges, 3) {
		t.Run(c.name, func(t *testing.T) {
			apply(t, server, rowChange) // or it would give up looking before long
			name := apply(t, server, c.sql)
			if server.Ready(name) {
				t.Error("the database would be handed out again")
			}
			if diff := cmp.Diff(fresh, contents(t, server.DB(t))); diff != "" {
				t.Errorf("the next database differs from a fresh one (-fresh +next):\n%s", diff)
			}
		})
	}
}

func TestDatabaseThatASuperuserHasChanged(t *testing.T) {
	plain := (&pgtest.Server{Migrations: recycled, Settings: alone, NoReset: true}).DB(t)
	fresh := contents(t, plain)
	server := &pgtest.Server{Migrations: recycled, Settings: alone, Role: "postgres"}
	for _, c := range superuserChanges {
		t.Run(c.name, func(t *testing.T) {
			apply(t, server, rowChange)
			name := apply(t, server, c.sql)
			next := server.DB(t)
			if diff := cmp.Diff(fresh, contents(t, next)); diff != "" {
				t.Errorf("the next database differs from a fresh one (-fresh +next):\n%s", diff)
			}
			var left bool
			if err := next.QueryRow(t.Context(), "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", name).Scan(&left); err != nil || left {
				t.Errorf("the database is still there: %t, %v", left, err)
			}
		})
	}
}

// Many databases at once that DROP DATABASE stumbles over do not wait for each other.
func TestManyTestsLeavePreparedTransactions(t *testing.T) {
	server := &pgtest.Server{Migrations: recycled, Settings: alone}
	tests := make([]*testkit.Inner, 12)
	for i := range tests {
		tests[i] = testkit.NewInner(t)
		conn, err := server.DB(tests[i]).Acquire(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		sql := fmt.Sprintf("BEGIN; INSERT INTO plans VALUES ('p', 1); PREPARE TRANSACTION 'recycle_many_%d'", i)
		if _, err := conn.Conn().PgConn().Exec(t.Context(), sql).ReadAll(); err != nil {
			t.Fatal(err)
		}
		conn.Release()
	}
	var all sync.WaitGroup
	for _, test := range tests {
		all.Go(test.End)
	}
	all.Wait()
	server.Settle()
	var left int
	if err := server.DB(t).QueryRow(t.Context(), "SELECT count(*) FROM pg_prepared_xacts WHERE gid LIKE 'recycle_many%'").Scan(&left); err != nil || left > 0 {
		t.Errorf("%d prepared transactions are left, %v", left, err)
	}
}

// rowChange can be undone.
const rowChange = "UPDATE plans SET price = 1"

// apply runs sql in a test that passes, and returns its database's name.
func apply(t *testing.T, server *pgtest.Server, sql string) string {
	t.Helper()
	db, _ := spend(t, server, sql)
	return db.Config().ConnConfig.Database
}

// spend runs sql in a test that passes, by its pool's first connection, and returns
// what the test had: its database, which is over, and its session's process.
func spend(t *testing.T, server *pgtest.Server, sql string) (db *pgtest.DB, session uint32) {
	t.Helper()
	test := testkit.NewInner(t)
	db = server.DB(test)
	session = pid(t, db)
	conn, err := db.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	// Each statement by itself: some may not run in a block.
	for _, statement := range splitStatements(sql) {
		if _, err := conn.Conn().PgConn().Exec(context.Background(), statement).ReadAll(); err != nil {
			t.Logf("%s: %v", statement, err)
		}
	}
	conn.Release()
	test.End()
	server.Settle()
	return db, session
}

func splitStatements(sql string) []string {
	if strings.Contains(sql, "$$") {
		return []string{sql}
	}
	return strings.Split(sql, ";")
}

// takeAgain takes databases until it is given the one called name.
func takeAgain(t *testing.T, server *pgtest.Server, name string) *pgtest.DB {
	t.Helper()
	for range 20 {
		if db := server.DB(t); db.Config().ConnConfig.Database == name {
			return db
		}
	}
	t.Fatalf("database %s was not given out again", name)
	return nil
}

// contents is everything in a database: the rows of every system catalog that
// belongs to it and of every table, as a digest, and the state of every sequence and
// setting.
func contents(t *testing.T, db *pgtest.DB) map[string]string {
	t.Helper()
	ctx := t.Context()
	admin, err := pgx.Connect(ctx, db.AdminURL(db.Config().ConnConfig.Database))
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close(ctx)
	// All relations in one statement. A sequence's log_cnt says how many values are logged
	// ahead of time.
	digests := testpg.One[string](t, admin, `SELECT string_agg(format('SELECT %L, count(*) || '':'' || coalesce(sum(hashtextextended(t::text, 0)), 0) FROM %s t', name, name), ' UNION ALL ')
		FROM (SELECT format(CASE relkind WHEN 'S' THEN '(SELECT last_value, is_called FROM %I.%I)' ELSE '%I.%I' END, n.nspname, c.relname) AS name
			FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'S', 'm') AND NOT c.relisshared) r`)
	rows, err := admin.Query(ctx, digests+` UNION ALL SELECT 'database', concat_ws('|', to_jsonb(d) - 'oid' - 'datname', shobj_description(oid, 'pg_database'),
		(SELECT string_agg((to_jsonb(s) - 'dbid')::text, ',' ORDER BY s::text) FROM pg_shdepend s WHERE dbid = d.oid),
		(SELECT string_agg(s.setconfig::text, ',') FROM pg_db_role_setting s WHERE setdatabase = d.oid)) FROM pg_database d WHERE datname = current_database()`,
		pgx.QueryExecModeSimpleProtocol)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	var name, state string
	if _, err := pgx.ForEachRow(rows, []any{&name, &state}, func() error { all[name] = state; return nil }); err != nil {
		t.Fatal(err)
	}
	return all
}
