package pgtest_test

import (
	"fmt"
	"strings"
)

// kinds are what a test may do to its database, for the property test: statements, each
// run by itself. Those that fail change nothing and are as good.
func kinds() (all []change) {
	all = append(all, rowChanges...)
	all = append(all, otherChanges...)
	all = append(all, sessionChanges...)
	for _, table := range []string{"plans", "accounts", "notes", "audit", "log", "log_rest"} {
		for name, sql := range map[string]string{
			"delete":               "DELETE FROM %s",
			"delete rolled back":   "BEGIN; DELETE FROM %s; ROLLBACK",
			"truncate":             "TRUNCATE %s CASCADE",
			"truncate rolled back": "BEGIN; TRUNCATE %s CASCADE; ROLLBACK",
			"lock":                 "BEGIN; LOCK %s; COMMIT",
			"analyze":              "ANALYZE %s",
			"vacuum full":          "VACUUM FULL %s",
			"comment":              "COMMENT ON TABLE %s IS 'x'",
			"revoke":               "REVOKE ALL ON %s FROM CURRENT_USER",
			"fill factor":          "ALTER TABLE %s SET (fillfactor = 50)",
			"unlogged":             "ALTER TABLE %s SET UNLOGGED",
			"replica identity":     "ALTER TABLE %s REPLICA IDENTITY FULL",
			"rename":               "ALTER TABLE %s RENAME TO renamed",
			"drop":                 "DROP TABLE %s CASCADE",
			"rule":                 "CREATE RULE r AS ON UPDATE TO %s DO ALSO NOTIFY x",
			"statistics target":    "ALTER TABLE %[1]s ALTER COLUMN ctid SET STATISTICS 5; ALTER TABLE %[1]s ADD COLUMN z int",
		} {
			all = append(all, change{name + " " + table, fmt.Sprintf(sql, table)})
		}
	}
	for _, sql := range []string{
		"INSERT INTO accounts (plan) SELECT 'pro' FROM generate_series(1, 300)",
		"INSERT INTO accounts (plan) SELECT 'pro' FROM generate_series(1, 20000)",
		"INSERT INTO plans SELECT 'p' || i, i FROM generate_series(1, 2000) i; DELETE FROM plans WHERE price > 20",
		"UPDATE plans SET price = price + 1; UPDATE plans SET price = price + 1; UPDATE plans SET price = price + 1",
		"INSERT INTO log SELECT '2024-01-01'::date + i, repeat('x', 500) FROM generate_series(1, 365) i",
		"BEGIN; INSERT INTO accounts (plan) VALUES ('pro'); SAVEPOINT a; DELETE FROM accounts; ROLLBACK TO a; COMMIT",
		"SELECT nextval('accounts_id_seq'), nextval('invoice')",
		"SELECT setval('invoice', 2, true); SELECT setval('invoice', 1001, true)",
		"ALTER SEQUENCE invoice RESTART",
		"CREATE TABLE a AS SELECT 1 AS x; DROP TABLE a",
		"CREATE SCHEMA s; CREATE TABLE s.t (a int); DROP SCHEMA s CASCADE",
		"CREATE TYPE t AS (a int)", "CREATE DOMAIN d AS int CHECK (VALUE > 0)", "CREATE OPERATOR === (LEFTARG = int, RIGHTARG = int, FUNCTION = int4eq)",
		"CREATE CAST (text AS int4) WITH INOUT", "CREATE COLLATION c (locale = 'C')", "CREATE AGGREGATE s (int) (SFUNC = int4pl, STYPE = int)",
		"CREATE TEXT SEARCH CONFIGURATION t (COPY = simple)", "CREATE PROCEDURE p() LANGUAGE sql AS 'SELECT 1'",
		"CREATE MATERIALIZED VIEW m AS SELECT 1", "CREATE UNIQUE INDEX ON totals (count); REFRESH MATERIALIZED VIEW CONCURRENTLY totals",
		"CREATE INDEX CONCURRENTLY i ON accounts (plan); DROP INDEX i", "BEGIN; CREATE INDEX ON plans (price); ROLLBACK",
		"SELECT lo_create(77)", "SELECT lo_create(77); SELECT lo_unlink(77)",
		"ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC",
		"DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = x', current_database()); END $$",
		"DO $$ BEGIN EXECUTE format('ALTER DATABASE %I CONNECTION LIMIT 50', current_database()); END $$",
		"DO $$ BEGIN EXECUTE format('REVOKE TEMP ON DATABASE %I FROM PUBLIC', current_database()); END $$",
		"BEGIN; INSERT INTO plans VALUES ('p', 1); PREPARE TRANSACTION 'kind'; ROLLBACK PREPARED 'kind'",
		"BEGIN; INSERT INTO plans VALUES ('p', 1); PREPARE TRANSACTION 'kind'; COMMIT PREPARED 'kind'",
		"BEGIN ISOLATION LEVEL SERIALIZABLE; UPDATE plans SET price = 5; COMMIT",
		"COPY (SELECT 1) TO STDOUT", "EXPLAIN ANALYZE DELETE FROM plans", "WITH x AS (DELETE FROM plans RETURNING *) INSERT INTO plans SELECT code, price + 1 FROM x",
		"MERGE INTO plans p USING (VALUES ('pro')) v(c) ON p.code = v.c WHEN MATCHED THEN UPDATE SET price = 1",
		"SELECT pg_notify('x', 'y')", "LOAD 'plpgsql'", "SELECT pg_stat_clear_snapshot()", "CHECKPOINT",
	} {
		name, _, _ := strings.Cut(sql, ";")
		all = append(all, change{name[:min(len(name), 60)], sql})
	}
	return all
}
