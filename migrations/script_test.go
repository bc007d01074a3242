package migrations_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/pressly/goose/v3"

	"github.com/qarion/seedbed/internal/sqltext"
	"github.com/qarion/seedbed/internal/testkit"
	"github.com/qarion/seedbed/migrations"
	"github.com/qarion/seedbed/pgtest"
)

// awkwardSet is a set with everything that is difficult to render.
func awkwardSet() []string {
	return []string{
		"00001_a.sql", "-- +goose Up\ncreate table a (id int primary key, n int, body text);\n-- +goose Down\ndrop table a;\n",
		"00002_b.sql", "-- +goose NO TRANSACTION\n-- +goose Up\ncreate index concurrently \"A n\" on a (n);\n-- +goose Down\ndrop index concurrently if exists \"A n\";\n",
		"00003_c.sql", "-- +goose Up\n-- +goose StatementBegin\ncreate function c() returns text language plpgsql as $$\nbegin\n  return ':body; \\ %';\nend $$ -- no semicolon; a comment\n-- +goose StatementEnd\ninsert into a values (1, 2, ':x \\d '';'' $seedbed$');\n-- +goose Down\ndelete from a;\ndrop function c();\n",
		"00005_d.sql", "-- +goose NO TRANSACTION\n-- +goose Up\n-- +goose StatementBegin\nset local work_mem = '1MB';\ncreate table d (id int);\n-- +goose StatementEnd\ncreate index concurrently if not exists d_id on d (id);\n-- +goose Down\ndrop table if exists d;\n",
		"00006_e.sql", "-- +goose Up\ncreate type mood as enum ('sad');\nalter table a add column m mood;\n-- +goose Down\nalter table a drop column m;\ndrop type mood;\n",
	}
}

func goStep() migrations.Options {
	exec := func(query string, args ...any) func(context.Context, *sql.Tx) error {
		return func(ctx context.Context, tx *sql.Tx) error {
			_, err := tx.ExecContext(ctx, query, args...)
			return err
		}
	}
	return migrations.Options{Go: []*migrations.GoMigration{goose.NewGoMigration(7,
		&goose.GoFunc{RunTx: exec("insert into a (id, body) values ($1, $2)", 7, "it's $1")},
		&goose.GoFunc{RunTx: exec("delete from a where id = $1", 7)})}}
}

// psql runs a script as a DBA would and returns what it printed.
func psql(t *testing.T, db *pgtest.DB, script string) (string, error) {
	t.Helper()
	program, err := exec.LookPath("psql")
	if err != nil {
		t.Skip("psql is not installed")
	}
	file := filepath.Join(t.TempDir(), "script.sql")
	if err := os.WriteFile(file, []byte(script), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), program, "-X", "-f", file, db.URL())
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err = cmd.Run()
	return out.String(), err
}

func render(t *testing.T, fsys fs.FS, o migrations.ScriptOptions) string {
	t.Helper()
	text, err := migrations.Script(fsys, o)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// versionsOf returns the versions that goose's status lists as applied.
func versionsOf(t *testing.T, db *pgtest.DB, fsys fs.FS, o migrations.Options) []int64 {
	t.Helper()
	all, err := migrations.Status(t.Context(), db, fsys, o)
	if err != nil {
		t.Fatal(err)
	}
	var applied []int64
	for _, s := range all {
		if s.Applied {
			applied = append(applied, s.Version)
		}
	}
	return applied
}

func rowsOfA(t *testing.T, db *pgtest.DB) []string {
	return queryColumn[string](t, db, "select a::text from a order by id")
}

// A script does what goose does, from an empty database and from any version.
func TestScriptIsGooseUp(t *testing.T) {
	t.Parallel()
	fsys, o := files(awkwardSet()...), goStep()
	want := pg.DB(t)
	if err := migrations.Up(t.Context(), want, fsys, o); err != nil {
		t.Fatal(err)
	}
	set, err := migrations.Open(fsys, o)
	if err != nil {
		t.Fatal(err)
	}
	for _, from := range []int64{0, 2, 3, 5, 7} {
		db := pg.DB(t)
		if err := set.UpTo(t.Context(), db, max(from-1, 0)); err != nil && from > 1 {
			t.Fatal(err)
		}
		if out, err := psql(t, db, render(t, fsys, migrations.ScriptOptions{Options: o, From: from})); err != nil {
			t.Fatalf("from %d: %v\n%s", from, err, out)
		}
		sameLines(t, "script against goose up", catalogSnapshot(t, db), catalogSnapshot(t, want))
		if got, w := versionsOf(t, db, fsys, o), versionsOf(t, want, fsys, o); !slices.Equal(got, w) {
			t.Errorf("from %d: applied %v, want %v", from, got, w)
		}
		if got, w := rowsOfA(t, db), rowsOfA(t, want); !slices.Equal(got, w) {
			t.Errorf("from %d: rows %q, want %q", from, got, w)
		}
		if err := set.Up(t.Context(), db); err != nil {
			t.Errorf("goose after the script: %v", err)
		}
	}
}

func TestScriptOfReferenceSchema(t *testing.T) {
	t.Parallel()
	want, db := pg.DB(t), pg.DB(t)
	if err := migrations.Up(t.Context(), want, migrations.FS); err != nil {
		t.Fatal(err)
	}
	if out, err := psql(t, db, render(t, migrations.FS, migrations.ScriptOptions{})); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	sameLines(t, "script against goose up", catalogSnapshot(t, db), catalogSnapshot(t, want))
	empty := pg.DB(t)
	if out, err := psql(t, db, render(t, migrations.FS, migrations.ScriptOptions{Down: true})); err != nil {
		t.Fatalf("down: %v\n%s", err, out)
	}
	sameLines(t, "down script against an empty database", catalogSnapshot(t, db), catalogSnapshot(t, empty))
}

// SET TRANSACTION comes before any query, also those of the script.
func TestScriptOfATransactionsIsolation(t *testing.T) {
	t.Parallel()
	db := pg.DB(t)
	fsys := files("1_a.sql", "-- +goose Up\n-- all of one snapshot\nSET TRANSACTION ISOLATION LEVEL REPEATABLE READ;\n"+
		"CREATE TABLE level AS SELECT current_setting('transaction_isolation') AS name;\n")
	if out, err := psql(t, db, render(t, fsys, migrations.ScriptOptions{})); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if got := queryValue[string](t, db, "select name from level"); got != "repeatable read" {
		t.Errorf("the migration ran at %s", got)
	}
}

func TestScriptDown(t *testing.T) {
	t.Parallel()
	fsys, o := files(awkwardSet()...), goStep()
	set, err := migrations.Open(fsys, o)
	if err != nil {
		t.Fatal(err)
	}
	db, want := pg.DB(t), pg.DB(t)
	for _, d := range []*pgtest.DB{db, want} {
		if err := set.Up(t.Context(), d); err != nil {
			t.Fatal(err)
		}
	}
	if err := set.DownTo(t.Context(), want, 2); err != nil {
		t.Fatal(err)
	}
	if out, err := psql(t, db, render(t, fsys, migrations.ScriptOptions{Options: o, From: 3, Down: true})); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	sameLines(t, "down script against goose down", catalogSnapshot(t, db), catalogSnapshot(t, want))
	if got := versionsOf(t, db, fsys, o); !slices.Equal(got, []int64{1, 2}) {
		t.Errorf("applied %v", got)
	}
}

// A script refuses a database that does not fit before it changes anything.
func TestScriptRefuses(t *testing.T) {
	t.Parallel()
	all := awkwardSet()
	changed := slices.Clone(all)
	changed[1] += "-- edited afterwards\n"
	for _, c := range []struct {
		name   string
		before []string // applied by a script
		gap    int64    // a version taken out of the table
		script []string
		from   int64
		says   string
	}{
		{"second run", all, 0, all, 0, "applied here and not expected: 1, 2, 3, 5, 6"},
		{"too far", all[:4], 0, all, 6, "expected and not applied: 3, 5"},
		{"not far enough", all[:8], 0, all, 3, "applied here and not expected: 3, 5"},
		{"gap", all[:8], 2, all, 6, "expected and not applied: 2"},
		{"changed file", all[:4], 0, changed, 3, "applied from files that have changed since: 1"},
		{"other history", all[:4], 0, all[2:], 3, "applied here and not expected: 1"},
	} {
		for _, plain := range []bool{false, true} {
			t.Run(c.name, func(t *testing.T) {
				db := pg.DB(t)
				if out, err := psql(t, db, render(t, files(c.before...), migrations.ScriptOptions{})); err != nil {
					t.Fatalf("%v\n%s", err, out)
				}
				mustExec(t, db, "delete from goose_db_version where version_id = $1", c.gap)
				was, rows := catalogSnapshot(t, db), rowsOfA(t, db)
				out, err := psql(t, db, render(t, files(c.script...), migrations.ScriptOptions{From: c.from, Plain: plain}))
				if err == nil || !strings.Contains(out, c.says) {
					t.Errorf("plain %v: %v; does not say %q:\n%s", plain, err, c.says, out)
				}
				sameLines(t, c.name, catalogSnapshot(t, db), was)
				if got := rowsOfA(t, db); !slices.Equal(got, rows) {
					t.Errorf("rows changed: %q", got)
				}
			})
		}
	}
}

func TestScriptWaitsForNobody(t *testing.T) {
	t.Parallel()
	db := pg.DB(t)
	c, err := db.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Release()
	if _, err := c.Exec(t.Context(), "select pg_advisory_lock(4097083626)"); err != nil {
		t.Fatal(err)
	}
	out, err := psql(t, db, render(t, files(awkwardSet()...), migrations.ScriptOptions{}))
	if err == nil || !strings.Contains(out, "another process is migrating") {
		t.Errorf("%v\n%s", err, out)
	}
	if _, err := c.Exec(t.Context(), "select pg_advisory_unlock(4097083626)"); err != nil {
		t.Fatal(err)
	}
}

// After a script is killed at any statement, the rest of it either completes the work or
// is refused and changes nothing.
func TestScriptKilledAnywhere(t *testing.T) {
	testkit.SkipShort(t, "kills a script at many of its statements")
	t.Parallel()
	fsys := files(awkwardSet()...)
	script := render(t, fsys, migrations.ScriptOptions{})
	head, body, _ := strings.Cut(script, "set client_encoding")
	statements := sqltext.Split("set client_encoding" + strings.ReplaceAll(body, `\gexec`, ";"))
	want := pg.DB(t)
	if err := migrations.Up(t.Context(), want, fsys); err != nil {
		t.Fatal(err)
	}
	var kills []int
	for k := 1; k < len(statements.Statements); k++ {
		kills = append(kills, k)
	}
	for _, k := range testkit.Sample(t, kills, 4) {
		db := pg.DB(t)
		cut := head
		for _, st := range statements.Statements[:k] {
			if strings.HasPrefix(st.Text, "select 'drop index") {
				cut += st.Text + " \\gexec\n"
			} else {
				cut += st.Text + "\n;\n"
			}
		}
		if out, err := psql(t, db, cut); err != nil {
			t.Fatalf("the first %d statements: %v\n%s", k, err, out)
		}
		applied := versionsOf(t, db, fsys, migrations.Options{})
		next := int64(1)
		if len(applied) > 0 {
			next = applied[len(applied)-1] + 1
		}
		if next > 6 {
			continue
		}
		was := catalogSnapshot(t, db)
		out, err := psql(t, db, render(t, fsys, migrations.ScriptOptions{From: next}))
		if err != nil {
			sameLines(t, "refused after "+statements.Statements[k-1].Text, catalogSnapshot(t, db), was)
			if !strings.Contains(out, "already exists") {
				t.Errorf("killed after %d: %s", k, out)
			}
			continue
		}
		sameLines(t, "resumed after "+statements.Statements[k-1].Text, catalogSnapshot(t, db), catalogSnapshot(t, want))
		if got := versionsOf(t, db, fsys, migrations.Options{}); len(got) != 5 {
			t.Errorf("killed after %d: applied %v", k, got)
		}
	}
}

// The script drops the invalid index of a failed build before it creates the index.
func TestScriptDropsInvalidIndex(t *testing.T) {
	t.Parallel()
	fsys := files("00001_a.sql", "-- +goose Up\ncreate table a (id int, n int);\ninsert into a values (1, 1), (2, 1);\n",
		"00002_b.sql", "-- +goose NO TRANSACTION\n-- +goose Up\ncreate unique index concurrently a_n on a (n);\n")
	db := pg.DB(t)
	if out, err := psql(t, db, render(t, fsys, migrations.ScriptOptions{})); err == nil || !strings.Contains(out, "could not create unique index") {
		t.Fatalf("%v\n%s", err, out)
	}
	if queryValue[bool](t, db, "select indisvalid from pg_index where indexrelid = 'a_n'::regclass") {
		t.Fatal("the index is valid")
	}
	mustExec(t, db, "delete from a where id = 2")
	if out, err := psql(t, db, render(t, fsys, migrations.ScriptOptions{From: 2, Plain: true})); err == nil || !strings.Contains(out, "DROP INDEX CONCURRENTLY it first") {
		t.Errorf("plain: %v\n%s", err, out)
	}
	if out, err := psql(t, db, render(t, fsys, migrations.ScriptOptions{From: 2})); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	if !queryValue[bool](t, db, "select indisvalid from pg_index where indexrelid = 'a_n'::regclass") {
		t.Error("the index is not valid")
	}
}

// The plain form does no harm with a client that continues after errors.
func TestPlainScriptForCarelessClients(t *testing.T) {
	t.Parallel()
	fsys := files(awkwardSet()...)
	plain := render(t, fsys, migrations.ScriptOptions{Plain: true})
	if strings.Contains(plain, "\n\\") || strings.Contains(plain, "gexec") {
		t.Error("has psql commands")
	}
	db, want := pg.DB(t), pg.DB(t)
	if err := migrations.Up(t.Context(), want, fsys); err != nil {
		t.Fatal(err)
	}
	for _, what := range []string{"first run", "second run"} {
		sendIgnoringErrors(t, db.Pool, plain)
		sameLines(t, what, catalogSnapshot(t, db), catalogSnapshot(t, want))
		if got := rowsOfA(t, db); len(got) != 1 {
			t.Errorf("%s: rows %q", what, got)
		}
	}
}

// sendIgnoringErrors sends a script statement by statement and ignores errors.
func sendIgnoringErrors(t *testing.T, pool *pgxpool.Pool, script string) {
	c, err := pool.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Release()
	for _, st := range sqltext.Split(script).Statements {
		_, _ = c.Conn().PgConn().Exec(t.Context(), st.Text).ReadAll()
	}
	_ = c.Conn().Close(t.Context())
}

func TestScriptErrors(t *testing.T) {
	t.Parallel()
	reads := goose.NewGoMigration(7, &goose.GoFunc{RunTx: func(ctx context.Context, tx *sql.Tx) error {
		var n int
		return tx.QueryRowContext(ctx, "select count(*) from a").Scan(&n)
	}}, nil)
	_, err := migrations.Script(files(awkwardSet()...), migrations.ScriptOptions{Options: migrations.Options{Go: []*migrations.GoMigration{reads}}})
	if !errors.Is(err, migrations.ErrGoReads) || !strings.Contains(err.Error(), "go migration 7") {
		t.Errorf("a Go migration that reads: %v", err)
	}
	for _, timeout := range []string{"3", "3 sec onds", "1s'; drop table a"} {
		if _, err := migrations.Script(files("1_a.sql", good), migrations.ScriptOptions{LockTimeout: timeout}); err == nil || !strings.Contains(err.Error(), "write a duration with its unit, such as 3s or 500ms") {
			t.Errorf("lock_timeout %s: %v", timeout, err)
		}
	}
	if _, err := migrations.Script(files(awkwardSet()...), migrations.ScriptOptions{From: 9}); err == nil {
		t.Error("an empty range: accepted")
	}
	for name, c := range map[string]struct{ sql, says string }{
		"commit":   {"-- +goose Up\nselect 1;\ncommit;\nselect 2;\n", "1_a.sql:3: COMMIT begins or ends a transaction inside"},
		"in one":   {"-- +goose Up\n-- +goose StatementBegin\nselect 1;\n\nbegin;\n-- +goose StatementEnd\n", "1_a.sql:5: BEGIN"},
		"vacuum":   {"-- +goose Up\nvacuum;\n", "1_a.sql:2: VACUUM does not run in a transaction: put it in a file of its own with -- +goose NO TRANSACTION"},
		"psql":     {"-- +goose Up\nselect 1;\n\\i x.sql\nselect 1;\n", "1_a.sql:3: \\i is a command of psql"},
		"no fault": {"-- +goose Up\nselect 'commit;';\nsavepoint a;\nrollback to savepoint a;\n", ""},
	} {
		_, err := migrations.Script(files("1_a.sql", c.sql), migrations.ScriptOptions{})
		if c.says == "" && err != nil || c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
