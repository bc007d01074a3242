package migrations_test

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/qarion/seedbed/migrations"
)

// body is a function with semicolons at the ends of its lines, where goose splits a
// statement without an annotation.
const body = `CREATE FUNCTION bump() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	NEW.n := NEW.n + 1; -- +goose is only a word here
	RETURN NEW;
END;
$$;
CREATE TRIGGER bump BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION bump();
`

const tableT = "CREATE TABLE t (id bigint PRIMARY KEY, n int NOT NULL);\n"

// dialects are small folders of migrations that create table t and its trigger.
var dialects = []struct {
	dialect  migrations.Dialect
	files    []string
	versions []int64
}{
	{migrations.GolangMigrate, []string{
		"000002_body.up.sql", "BEGIN;\n" + body + "COMMIT;\n", "000002_body.down.sql", "DROP TRIGGER bump ON t;\nDROP FUNCTION bump();",
		"000001_t.up.sql", tableT, "000001_t.down.sql", "DROP TABLE t;",
		"000010_index.up.sql", "CREATE INDEX CONCURRENTLY t_n ON t (n);", "000010_index.down.sql", "DROP INDEX CONCURRENTLY t_n;",
	}, []int64{1, 2, 10}},
	{migrations.GolangMigrate, []string{ // popx
		"20150100000001000000_t.postgres.up.sql", tableT, "20150100000001000000_t.mysql.up.sql", "no such thing",
		"20150100000002000000_body.up.sql", "neither", "20150100000002000000_body.postgres.up.sql", body,
		"20150100000003000000_index.autocommit.up.sql", "SET lock_timeout = '1s';\nCREATE INDEX CONCURRENTLY t_n ON t (n);",
		"20150100000001000000_t.postgres.down.sql", "DROP TABLE t;", "20150100000002000000_body.down.sql", "DROP FUNCTION bump() CASCADE;",
		"20150100000003000000_index.autocommit.down.sql", "DROP INDEX CONCURRENTLY t_n;",
	}, []int64{1, 2, 3}},
	{migrations.Dbmate, []string{
		"20240101000000_t.sql", "-- migrate:up\n" + tableT + "\n-- migrate:down\nDROP TABLE t;\n",
		"20240102000000_body.sql", "-- a comment\n-- migrate:up\n" + body + "-- migrate:down\nDROP FUNCTION bump() CASCADE;\n",
		"20240103000000_index.sql", "-- migrate:up transaction:false\nCREATE INDEX CONCURRENTLY t_n ON t (n);\n-- migrate:down\nDROP INDEX t_n;\n",
	}, []int64{20240101000000, 20240102000000, 20240103000000}},
	{migrations.SQLMigrate, []string{
		"1_t.sql", "-- +migrate Up\n" + tableT + "-- +migrate Down\nDROP TABLE t;\n",
		"2_body.sql", "-- +migrate Up\n-- +migrate StatementBegin\n" + body + "-- +migrate StatementEnd\n-- +migrate Down\nDROP FUNCTION bump() CASCADE;\n",
		"10_index.sql", "-- +migrate Up notransaction\nSET lock_timeout = '1s';\nCREATE INDEX CONCURRENTLY t_n ON t (n);\n-- +migrate Down\nDROP INDEX t_n;\n-- +migrate Up\nRESET lock_timeout;\n",
	}, []int64{1, 2, 10}},
	{migrations.Tern, []string{
		"001_t.sql", tableT + "---- create above / drop below ----\nDROP TABLE t;\n",
		"002_body.sql", body + "---- create above / drop below ----\nDROP FUNCTION bump() CASCADE;\n",
		"003_index.sql", "---- tern: disable-tx ----\nCREATE INDEX CONCURRENTLY t_n ON t (n);\n---- create above / drop below ----\nDROP INDEX CONCURRENTLY t_n;\n",
	}, []int64{1, 2, 3}},
	{migrations.Prisma, []string{
		"20240101000000_t/migration.sql", tableT, "20240102000000_body/migration.sql", body,
		"20240103000000_index/migration.sql", "-- CreateIndex\nCREATE INDEX CONCURRENTLY \"t_n\" ON \"t\"(\"n\");\n",
		"migration_lock.toml", `provider = "postgresql"`,
	}, []int64{20240101000000, 20240102000000, 20240103000000}},
	{migrations.Drizzle, []string{
		"0000_one_hulk.sql", tableT + "--> statement-breakpoint\n" + body, "0001_two_hulk.sql", "CREATE INDEX \"t_n\" ON \"t\" USING btree (\"n\");",
		"0002_not_listed.sql", "no such thing",
		"meta/_journal.json", `{"entries": [{"idx": 1, "tag": "0001_two_hulk"}, {"idx": 0, "tag": "0000_one_hulk"}]}`,
	}, []int64{1, 2}},
	{migrations.Drizzle, []string{ // which ends its tool's transaction for an index without locks
		"0000_t.sql", tableT + "--> statement-breakpoint\n" + body,
		"0001_index.sql", "ALTER TABLE \"t\" ALTER COLUMN \"n\" SET DEFAULT 0;--> statement-breakpoint\nCOMMIT;--> statement-breakpoint\n" +
			"SET lock_timeout = 0;--> statement-breakpoint\nCREATE INDEX CONCURRENTLY IF NOT EXISTS \"t_n\" ON \"t\" USING btree (\"n\");",
		"meta/_journal.json", `{"entries": [{"idx": 0, "tag": "0000_t"}, {"idx": 1, "tag": "0001_index"}]}`,
	}, []int64{1, 2}},
	{migrations.Atlas, []string{
		"20240101000000_t.sql", tableT + body, "20240103000000.sql", "-- atlas:txmode none\n\nCREATE INDEX CONCURRENTLY t_n ON t (n);\n",
		"atlas.sum", "h1:…",
	}, []int64{20240101000000, 20240103000000}},
	{migrations.Plain, []string{
		"V1__t.sql", tableT, "V2__body.sql", body, "V10__index.sql", "CREATE INDEX CONCURRENTLY t_n ON t (n);",
	}, []int64{1, 2, 10}},
	{migrations.Dump, []string{"structure.sql", `--
-- PostgreSQL database dump
--

\restrict 3kPcSe2MYAhAzBYHkSXuVVnZcw7h8QbXQ0gWl4fJvT1

SET transaction_timeout = 0;
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET row_security = off;

COMMENT ON SCHEMA public IS 'standard public schema';
CREATE TABLE public.t (
    id bigint NOT NULL,
    n integer NOT NULL
);
ALTER TABLE public.t OWNER TO nobody_here;
CREATE FUNCTION public.bump() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	NEW.n := NEW.n + 1; -- +goose is only a word here
	RETURN NEW;
END;
$$;

COPY public.t (id, n) FROM stdin;
-1	0
-2	7
\.

ALTER TABLE ONLY public.t ADD CONSTRAINT t_pkey PRIMARY KEY (id);
CREATE INDEX t_n ON public.t USING btree (n);
CREATE TRIGGER bump BEFORE INSERT ON public.t FOR EACH ROW EXECUTE FUNCTION public.bump();
GRANT SELECT ON TABLE public.t TO seedbed_test_reporting;

\unrestrict 3kPcSe2MYAhAzBYHkSXuVVnZcw7h8QbXQ0gWl4fJvT1
`}, []int64{1}},
}

// Open recognises each dialect; Up runs it and records it in goose's table, Down rolls it
// back if the dialect has Down, a script does the same as Up, and Review runs.
func TestDialects(t *testing.T) {
	for _, c := range dialects {
		t.Run(string(c.dialect)+" "+c.files[0], func(t *testing.T) {
			t.Parallel()
			ctx, db := t.Context(), pg.DB(t)
			set, err := migrations.Open(files(c.files...))
			if err != nil {
				t.Fatal(err)
			}
			if set.Dialect() != c.dialect || !strings.Contains(set.String(), " "+string(c.dialect)+" migration") {
				t.Errorf("recognised as %s: %s", set.Dialect(), set)
			}
			for i, m := range set.Migrations() {
				if i >= len(c.versions) || m.Version != c.versions[i] {
					t.Errorf("migration %d is %+v, want the versions %d", i, m, c.versions)
				}
			}
			if err := set.Up(ctx, db); err != nil {
				t.Fatal(err)
			}
			mustExec(t, db, "insert into t values (1, 1)")
			if n := queryValue[int](t, db, "select n from t where id = 1"); n != 2 {
				t.Errorf("the trigger made %d of 1", n)
			}
			mustExec(t, db, "delete from t where id = 1")
			whole := catalogSnapshot(t, db)
			applyScript(t, set, whole)
			report, err := set.Review(ctx, db, migrations.ReviewOptions{SkipDown: true})
			if err != nil || len(report.Migrations) != len(c.versions) || slices.ContainsFunc(report.Findings, func(f migrations.Finding) bool { return f.Rule == "fails" }) {
				t.Errorf("the review does not run all of it: %v, %+v", err, report)
			}
			if slices.ContainsFunc(report.Findings, func(f migrations.Finding) bool { return f.Rule == "session-set-leak" }) {
				t.Errorf("what the tool itself has set is a hazard: %+v", report.Findings)
			}
			err = set.DownTo(ctx, db, 0)
			if errors.Is(err, migrations.ErrNoWayBack) {
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if left := catalogSnapshot(t, db); len(left) > 0 {
				t.Errorf("left after everything went down: %q", left)
			}
		})
	}
}

// applyScript applies the set's script to another database.
func applyScript(t *testing.T, set *migrations.Set, want []string) {
	t.Helper()
	script, err := set.Script(migrations.ScriptOptions{})
	if err != nil {
		t.Fatal(err)
	}
	db := pg.DB(t)
	if out, err := psql(t, db, script); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	sameLines(t, "the script", catalogSnapshot(t, db), want)
}

// The advice of a review of another dialect does not mention goose.
func TestReviewOfAnotherTool(t *testing.T) {
	t.Parallel()
	report := reviewed(t, files("20240101000000_t.sql", "-- migrate:up\n"+tableT+"-- migrate:down\nDROP TABLE t;\n",
		"20240102000000_i.sql", "-- migrate:up\n\nCREATE INDEX t_n ON t (n);\n-- migrate:down\nDROP INDEX t_n;\n"), migrations.ReviewOptions{})
	found := false
	for _, f := range report.Findings {
		if f.Rule == "index-not-concurrent" && f.Line == 3 && strings.Contains(f.Fix, "transaction:false") {
			found = true
		}
		if strings.Contains(f.Fix+f.Message, "goose") {
			t.Errorf("%s speaks of goose: %s; %s", f.Rule, f.Message, f.Fix)
		}
	}
	if !found {
		t.Errorf("no index-not-concurrent at line 3 that says transaction:false: %+v", report.Findings)
	}
	for _, f := range reviewed(t, files("0000_a.sql", tableT, "meta/_journal.json", `{"entries": [{"tag": "0000_a"}]}`), migrations.ReviewOptions{}).Findings {
		if f.Rule == "down-missing" {
			t.Errorf("Drizzle has no Down: %+v", f)
		}
	}
}

// Several directories are one history with their own numbers: a new migration in the first
// is applied after those of the second.
func TestDirs(t *testing.T) {
	t.Parallel()
	ctx, db := t.Context(), pg.DB(t)
	fsys := files("db/schema/00001_t.sql", "-- +goose Up\n"+tableT+"-- +goose Down\nDROP TABLE t;\n",
		"db/data/1_rows.up.sql", "INSERT INTO t VALUES (1, 1);", "db/data/1_rows.down.sql", "DELETE FROM t;")
	dirs := migrations.Dirs(fsys, "db/schema", "db/data")
	if err := migrations.Up(ctx, db, dirs); err != nil {
		t.Fatal(err)
	}
	fsys["db/schema/00002_u.sql"] = files("x", "-- +goose Up\nCREATE TABLE u ();\n-- +goose Down\nDROP TABLE u;\n")["x"]
	set, err := migrations.Open(dirs)
	if err != nil {
		t.Fatal(err)
	}
	if want := "3 migrations in db/schema (goose), db/data (golang-migrate)"; set.String() != want {
		t.Errorf("%s, want %s", set, want)
	}
	if err := set.Up(ctx, db); err != nil {
		t.Fatal(err)
	}
	if n := queryValue[int](t, db, "select count(*)::int from t, (select count(*) from u) u"); n != 1 {
		t.Errorf("%d rows", n)
	}
	if name := set.Migrations()[2].Name(); name != "db/data/1_rows.up.sql" {
		t.Errorf("the last one is %s", name)
	}
	if err := set.DownTo(ctx, db, 0); err != nil {
		t.Fatal(err)
	}
	if left := catalogSnapshot(t, db); len(left) > 0 {
		t.Errorf("left after everything went down: %q", left)
	}
	if _, err := migrations.Open(migrations.Join(files("1_a.sql", good), files("README", ""))); !errors.Is(err, migrations.ErrNoMigrations) {
		t.Errorf("an empty directory among them: %v", err)
	}
}

// Open recognises a folder by the files of its tool. Queries and a dump beside migrations
// are not taken for migrations.
func TestWhereMigrationsAre(t *testing.T) {
	for _, c := range []struct {
		name    string
		fsys    fs.FS
		dialect migrations.Dialect
		dir     string
	}{
		{"queries beside goose", files("queries/q.sql", "select 1;", "migrations/1_a.sql", good), migrations.Goose, "migrations"},
		{"a dump beside dbmate", files("schema.sql", "-- PostgreSQL database dump\n", "migrations/1_a.sql", "-- migrate:up\n"), migrations.Dbmate, "migrations"},
		{"Rails", files("structure.sql", "SELECT pg_catalog.set_config('search_path', '', false);\n", "views/v_v01.sql", "select 1"), migrations.Dump, "."},
		{"numbers before names", files("sql/a.sql", "select 1;", "migrations/1_a.sql", "select 1;"), migrations.Plain, "migrations"},
		{"Prisma's folders", files("prisma/migrations/1_a/migration.sql", "select 1;", "prisma/schema.prisma", ""), migrations.Prisma, "prisma/migrations"},
		{"lower-case goose", files("1_a.sql", "-- +Goose Up\n"), "", ""},
	} {
		set, err := migrations.Open(c.fsys)
		if c.dialect == "" {
			if err == nil || !strings.Contains(err.Error(), "lower case") {
				t.Errorf("%s: %v", c.name, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if set.Dialect() != c.dialect || set.Dir() != c.dir {
			t.Errorf("%s: %s", c.name, set)
		}
	}
}

// One file is read as its tool reads it, so that Down is not a part of Up.
func TestOpenOneFile(t *testing.T) {
	fsys := files("db/structure.sql", tableT, "db/7_goose.sql", good, "db/herds.sql", good, "db/x/1_a.sql", good,
		"p/3_pair.up.sql", tableT, "p/3_pair.down.sql", "DROP TABLE t;", "p/4_pair.up.sql", "", "d/8_dbmate.sql", "-- migrate:up\n-- migrate:down\n",
		"d/named.sql", "-- migrate:up\n-- migrate:down\n", "m/1_a.sql", "-- +migrate Up\n-- +migrate Down\n", "t/1_a.sql", "---- create above / drop below ----\n")
	for name, want := range map[string]string{
		"db/structure.sql": "1 plain SQL migration in db/structure.sql",
		"db/7_goose.sql":   "1 goose migration in db/7_goose.sql",
		"db/herds.sql":     "read migrations: herds.sql: goose takes no file of this name: call it NUMBER_name.sql",
		"p/3_pair.up.sql":  "1 golang-migrate migration in p/3_pair.up.sql",
		"d/8_dbmate.sql":   "1 dbmate migration in d/8_dbmate.sql",
		"d/named.sql":      "1 dbmate migration in d/named.sql",
		"m/1_a.sql":        "1 sql-migrate migration in m/1_a.sql",
		"t/1_a.sql":        "1 tern migration in t/1_a.sql",
	} {
		set, err := migrations.Open(fsys, migrations.Options{Dir: name})
		if got := fmt.Sprint(set); err == nil && got != want || err != nil && err.Error() != want {
			t.Errorf("%s: %v, %v, want %s", name, set, err, want)
		}
		if err == nil && set.Dialect() != migrations.Plain {
			if _, err := set.Script(migrations.ScriptOptions{Down: true}); err != nil {
				t.Errorf("%s has no Down: %v", name, err)
			}
		}
	}
}

// Open says which SQL files a tool leaves out.
func TestNotes(t *testing.T) {
	pair := []string{"1_a.up.sql", tableT, "1_a.down.sql", "", "1_a.mysql.up.sql", ""}
	for want, fsys := range map[string]fs.FS{
		"": files(append(pair, "README.md", "")...),
		"b.sql is left out: goose takes NUMBER_name.sql":                                                    files("1_a.sql", good, "b.sql", good),
		"a.sql, b.sql, c.sql and 1 more are left out: goose takes NUMBER_name.sql":                          files("1_a.sql", good, "a.sql", "", "b.sql", "", "c.sql", "", "d.sql", ""),
		"2_b.sql is left out: golang-migrate takes NUMBER_name.up.sql":                                      files(append(pair, "2_b.sql", tableT)...),
		"seeds.sql is left out: dbmate takes NUMBER_name.sql":                                               files("1_a.sql", "-- migrate:up\n", "seeds.sql", "select 1;"),
		"0001_b.sql is left out: Drizzle takes what meta/_journal.json lists":                               files("0000_a.sql", tableT, "0001_b.sql", "", "meta/_journal.json", `{"entries": [{"tag": "0000_a"}]}`),
		"1_a.sql:3: the environment variable SEEDBED_UNSET is not set, and goose puts nothing in its place": files("1_a.sql", "-- +goose Up\n-- +goose ENVSUB ON\nselect '${SEEDBED_UNSET}', '${SEEDBED_UNSET:-x}';\n-- +goose ENVSUB OFF\nselect '${SEEDBED_UNSET}';\n"),
		"b.sql in two is left out: goose takes NUMBER_name.sql":                                             migrations.Dirs(files("one/1_a.sql", good, "two/1_a.sql", good, "two/b.sql", ""), "one", "two"),
	} {
		set, err := migrations.Open(fsys)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(set.Notes(), "\n"); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// A migration without Down stays in goose's table, since the schema stays as it is.
func TestNoWayBack(t *testing.T) {
	t.Parallel()
	ctx, db := t.Context(), pg.DB(t)
	set, err := migrations.Open(files("1_t.up.sql", tableT, "1_t.down.sql", "DROP TABLE t;", "2_u.up.sql", "CREATE TABLE u ();"))
	if err != nil {
		t.Fatal(err)
	}
	if err := set.Up(ctx, db); err != nil {
		t.Fatal(err)
	}
	if err := set.Down(ctx, db); err == nil || !strings.Contains(err.Error(), "migrate down: 2_u.up.sql: there is no way back: write 2_u.down.sql, with what undoes it") || strings.Contains(err.Error(), "seedbed$") {
		t.Errorf("down: %v", err)
	}
	if n := queryValue[int](t, db, "select count(*)::int from goose_db_version where version_id = 2"); n != 1 {
		t.Errorf("version 2 is noted %d times", n)
	}
	if _, err := set.Script(migrations.ScriptOptions{Down: true}); !errors.Is(err, migrations.ErrNoWayBack) {
		t.Errorf("a script: %v", err)
	}
	plain, err := migrations.Open(files("1_t.sql", tableT))
	if err != nil {
		t.Fatal(err)
	}
	if err := plain.Down(ctx, db); !errors.Is(err, migrations.ErrNoWayBack) {
		t.Errorf("plain SQL: %v", err)
	}
}

// Open refuses what it cannot run, with the place.
func TestOpenRefusesOtherTools(t *testing.T) {
	for _, c := range []struct{ name, says string }{
		{"template", `1_a.up.sql:2: is a template`},
		{"psql", `1_a.sql:2: \set is a command of psql`},
		{"copy", `1_a.sql:1: COPY … FROM stdin`},
		{"open", `1_a.sql:2: the statement that begins here ends in the middle of a dollar-quoted string`},
		{"before", `2_b.sql:1: -- migrate:up has to stand before the first statement`},
		{"twice", `1_a.up.sql: has the same version as 01_b.up.sql`},
		{"two tools", `two tools' files are in one directory: 1_a.sql (goose), 2_b.up.sql (golang-migrate); move one, or say in Options.Dialect`},
		{"two tools below", `in db: two tools' files are in one directory: 1_a.sql (dbmate), 2_b.sql (tern)`},
		{"near dbmate", `1_a.sql:3: "-- migrate down" is a comment; did you mean -- migrate:down?`},
		{"nearer dbmate", `1_a.sql:1: "-- Migrate:Up" is a comment; did you mean -- migrate:up?`},
		{"near sql-migrate", `1_a.sql:3: "-- migrate Down" is a comment; did you mean -- +migrate Down?`},
	} {
		fsys := map[string]fs.FS{
			"template":         files("1_a.up.sql", "select 1;\ncreate table {{.Name}} ();"),
			"psql":             files("1_a.sql", "select 1;\n\\set x 1\n"),
			"copy":             files("1_a.sql", "copy t from stdin;\n1\n\\.\n"),
			"open":             files("1_a.sql", "select 1;\ndo $$ begin"),
			"before":           files("1_a.sql", "-- migrate:up\nselect 1;", "2_b.sql", "select 1;\n-- migrate:down\n"),
			"two tools":        files("1_a.sql", good, "2_b.up.sql", tableT, "3_c.sql", tableT),
			"two tools below":  files("db/1_a.sql", "-- migrate:up\n", "db/2_b.sql", "---- create above / drop below ----"),
			"near dbmate":      files("1_a.sql", "-- migrate:up\n-- migrate down by hand\n-- migrate down\n"),
			"nearer dbmate":    files("1_a.sql", "-- Migrate:Up\nselect 1;\n-- Migrate:Down\nselect 2;"),
			"near sql-migrate": files("1_a.sql", "-- +migrate Up\nselect 1;\n-- migrate Down\n"),
			"twice":            files("1_a.up.sql", "select 1", "01_b.up.sql", "select 2"),
		}[c.name]
		if _, err := migrations.Open(fsys); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %q", c.name, err, c.says)
		}
	}
}
