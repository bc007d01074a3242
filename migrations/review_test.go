package migrations_test

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/pressly/goose/v3"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/factory"
	"github.com/qarion/seedbed/internal/testkit"
	"github.com/qarion/seedbed/migrations"
)

// The reference schema has no findings, without a waiver.
func TestReferenceSchemaReviewsClean(t *testing.T) {
	report, err := migrations.Review(t.Context(), pg.DB(t), migrations.FS, migrations.ReviewOptions{Role: "seedbed_owner"})
	if err != nil {
		t.Fatal(err)
	}
	if len(report.Migrations) != len(report.Set().Migrations()) {
		t.Errorf("reviewed %d of %d migrations", len(report.Migrations), len(report.Set().Migrations()))
	}
	for _, f := range report.Findings {
		t.Errorf("%s:%d: %s %s %s: %s", f.File, f.Line, f.Severity, f.Rule, f.Target, f.Message)
	}
	if len(report.Waived) > 0 {
		t.Errorf("%d findings are waived", len(report.Waived))
	}
}

func reviewed(t *testing.T, fsys fs.FS, o migrations.ReviewOptions) *migrations.Report {
	t.Helper()
	report, err := migrations.Review(t.Context(), pg.DB(t), fsys, o)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func rulesOf(all []migrations.Finding) []string {
	var rules []string
	for _, f := range all {
		rules = append(rules, fmt.Sprintf("%s:%d:%s", f.File, f.Line, f.Rule))
	}
	return rules
}

const plainT = "-- +goose Up\ncreate table t (id bigint primary key, a int);\n-- +goose Down\ndrop table t;\n"

// A finding says where it is, in which statement, what is locked, why, and what to write
// instead.
func TestReviewFinding(t *testing.T) {
	t.Parallel()
	report := reviewed(t, files("00001_t.sql", plainT,
		"00002_i.sql", "-- why\n-- +goose Up\nset local lock_timeout = '3s';\n\ncreate unique index\n  t_a on t (a);\n-- +goose Down\ndrop index t_a;\n",
		"00003_v.sql", "-- +goose Up\ncreate table v (id bigint primary key);\ncreate view w as select id from v;\n-- +goose Down\ndrop table t;\ndrop table v;\n"), migrations.ReviewOptions{})
	if len(report.Findings) != 2 {
		t.Fatalf("found %q", rulesOf(report.Findings))
	}
	f := report.Findings[0]
	if f.Rule != "index-not-concurrent" || f.File != "00002_i.sql" || f.Line != 5 || f.Statement != 1 ||
		f.Target != "public.t" || f.Lock != "SHARE" || f.Severity != migrations.Hazard {
		t.Errorf("got %+v", f)
	}
	if !strings.HasPrefix(f.Fix, "create unique index CONCURRENTLY t_a on t (a);") {
		t.Errorf("the fix is %q", f.Fix)
	}
	if f := report.Findings[1]; f.Rule != "down-fails" || f.Fix != "let Down undo each statement of Up, newest first; Up makes table public.v; view public.w" {
		t.Errorf("of Down %+v", f)
	}
}

func TestReviewWaivers(t *testing.T) {
	t.Parallel()
	two := "-- +goose Up\n-- seedbed: waive index-not-concurrent public.t: 12 rows\ncreate index t_a on t (a);\ncreate index t_a_id on t (a, id);\n-- +goose Down\ndrop index t_a, t_a_id;\n"
	report := reviewed(t, files("00001_t.sql", plainT, "00002_i.sql", two), migrations.ReviewOptions{})
	var hazards []string
	for _, f := range report.Findings {
		if f.Severity == migrations.Hazard {
			hazards = append(hazards, fmt.Sprint(f.Rule, f.Statement))
		}
	}
	if !slices.Equal(hazards, []string{"redundant-prefix-index0", "index-not-concurrent1"}) {
		t.Errorf("hazards %q", hazards)
	}
	if len(report.Waived) != 1 || report.Waived[0].Waived != "12 rows" {
		t.Errorf("waived %+v", report.Waived)
	}
	whole := "-- seedbed: waive index-not-concurrent: a quiet table\n-- seedbed: waive redundant-prefix-index: both are wanted\n" + two
	if report = reviewed(t, files("00001_t.sql", plainT, "00002_i.sql", whole), migrations.ReviewOptions{}); report.Hazards() != 0 {
		t.Errorf("waived for the file, but %q", rulesOf(report.Findings))
	}
	noReason := "-- seedbed: waive index-not-concurrent:\n-- +goose Up\ncreate index t_a on t (a);\n-- +goose Down\ndrop index t_a;\n"
	for file, says := range map[string]string{
		noReason: "00002_i.sql:1: this waiver accepts nothing: write its reason after a colon, as in -- seedbed: waive index-not-concurrent: ",
		strings.Replace(two, "concurrent", "concurent", 1): `00002_i.sql:2: this waiver accepts nothing: there is no rule "index-not-concurent"; did you mean index-not-concurrent?`,
	} {
		_, err := migrations.Review(t.Context(), pg.DB(t), files("00001_t.sql", plainT, "00002_i.sql", file), migrations.ReviewOptions{})
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v, want %s", err, says)
		}
	}
}

// A finding in the baseline is accepted, wherever its statement has moved in the file, and
// a new one is reported.
func TestReviewBaseline(t *testing.T) {
	t.Parallel()
	old := []string{"00001_t.sql", plainT, "00002_i.sql", "-- +goose Up\ncreate index t_a on t (a);\n-- +goose Down\ndrop index t_a;\n"}
	baseline := reviewed(t, files(old...), migrations.ReviewOptions{}).Baseline()
	old[3] = "-- a comment\n\n" + old[3]
	report := reviewed(t, files(old...), migrations.ReviewOptions{Baseline: baseline})
	if len(report.Findings) != 0 || len(report.Waived) != 2 {
		t.Errorf("findings %q, waived %q", rulesOf(report.Findings), rulesOf(report.Waived))
	}
	fresh := append(old, "00003_j.sql", "-- +goose Up\nset local lock_timeout = '1s';\ncreate index t_id_a on t (id, a);\n-- +goose Down\ndrop index t_id_a;\n")
	report = reviewed(t, files(fresh...), migrations.ReviewOptions{Baseline: baseline})
	if got := rulesOf(report.Findings); !slices.Equal(got, []string{"00003_j.sql:3:index-not-concurrent"}) {
		t.Errorf("with a new file: %q", got)
	}
	if _, err := migrations.Review(t.Context(), pg.DB(t), files(old...), migrations.ReviewOptions{Baseline: []byte("{")}); err == nil || !strings.HasPrefix(err.Error(), "ReviewOptions.Baseline: line 1: this is no baseline") {
		t.Errorf("a broken baseline: %v", err)
	}
}

// The formats for machines are valid.
func TestReviewFormats(t *testing.T) {
	t.Parallel()
	report := reviewed(t, files("00001_t.sql", plainT,
		"00002_i.sql", "-- +goose Up\nalter table t add column b int;\ncreate index t_a on t (a);\n-- +goose Down\ndrop index t_a;\nalter table t drop column b;\n"), migrations.ReviewOptions{})
	write := func(f func(io.Writer) error) string {
		var b bytes.Buffer
		if err := f(&b); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	var parsed struct {
		Findings []map[string]any
		Majors   []int
	}
	if err := json.Unmarshal([]byte(write(report.WriteJSON)), &parsed); err != nil || len(parsed.Majors) != 1 {
		t.Errorf("JSON: %v", err)
	}
	for _, field := range []string{"rule", "file", "line", "statement", "target", "lock", "severity", "message", "fix"} {
		if _, ok := parsed.Findings[0][field]; !ok {
			t.Errorf("JSON: a finding has no %s", field)
		}
	}
	var sarif struct {
		Version string
		Runs    []struct {
			Results []struct{ RuleID string }
			Tool    struct {
				Driver struct{ Rules []struct{ ID string } }
			}
		}
	}
	text := write(func(w io.Writer) error { return report.WriteSARIF(w, "db/migrate") })
	if err := json.Unmarshal([]byte(text), &sarif); err != nil || sarif.Version != "2.1.0" || len(sarif.Runs[0].Results) != len(report.Findings) {
		t.Errorf("SARIF: %v\n%s", err, text)
	}
	if !strings.Contains(text, `"uri": "db/migrate/00002_i.sql"`) || len(sarif.Runs[0].Tool.Driver.Rules) < 60 {
		t.Errorf("SARIF:\n%s", text)
	}
	for what, c := range map[string]struct{ text, says string }{
		"text":   {write(report.WriteText), "  ██ public.t: no reads, writes, DDL (ACCESS EXCLUSIVE), statements 0 to 1"},
		"github": {write(func(w io.Writer) error { return report.WriteAnnotations(w, "db") }), "::error file=db/00002_i.sql,line=3,title=index-not-concurrent::public.t: building t_a blocks"},
		"gitlab": {write(func(w io.Writer) error { return report.WriteGitLab(w, "db") }), `"path": "db/00002_i.sql"`},
		"html":   {write(report.WriteHTML), "<title>ACCESS EXCLUSIVE on public.t, statements 0 to 1</title>"},
	} {
		if !strings.Contains(c.text, c.says) {
			t.Errorf("%s does not say %q:\n%s", what, c.says, c.text)
		}
	}
	if dec := xml.NewDecoder(strings.NewReader(migrations.TimelineSVG(report.Migrations[1]))); dec != nil {
		for {
			if _, err := dec.Token(); err == io.EOF {
				break
			} else if err != nil {
				t.Fatalf("SVG: %v", err)
			}
		}
	}
}

// CONCURRENTLY releases its locks before it returns; the review observes them while it
// waits.
func TestReviewSeesLocksOfConcurrently(t *testing.T) {
	t.Parallel()
	report := reviewed(t, files("00001_t.sql", plainT, "00002_i.sql",
		"-- +goose NO TRANSACTION\n-- +goose Up\ncreate index concurrently t_a on t (a);\n-- +goose Down\ndrop index concurrently t_a;\n"), migrations.ReviewOptions{})
	if len(report.Findings) != 0 {
		t.Errorf("found %q", rulesOf(report.Findings))
	}
	timeline := report.Migrations[1].Locks
	if len(timeline) != 1 || timeline[0].Relation != "public.t" || timeline[0].Lock != "SHARE UPDATE EXCLUSIVE" || timeline[0].Writes {
		t.Errorf("timeline %+v", timeline)
	}
}

// DETACH CONCURRENTLY locks the partition exclusively only when no session uses the parent
// any more; the review observes that too, in any schema and at any depth.
func TestReviewSeesLocksOfDetach(t *testing.T) {
	t.Parallel()
	const base = "-- +goose Up\ncreate schema s;\ncreate table s.root (k int, at int) partition by list (k);\n" +
		"create table s.ev partition of s.root for values in (1) partition by range (at);\n" +
		"create table s.\"Ev 1\" partition of s.ev for values from (0) to (9);\n-- +goose Down\ndrop schema s cascade;\n"
	const detach = "-- +goose NO TRANSACTION\n-- +goose Up\nalter table s.ev detach partition s.\"Ev 1\" concurrently;\n" +
		"-- +goose Down\nalter table s.ev attach partition s.\"Ev 1\" for values from (0) to (9);\n"
	report := reviewed(t, files("00001_t.sql", base, "00002_d.sql", detach), migrations.ReviewOptions{})
	if report.Hazards() != 0 {
		t.Errorf("found %q", rulesOf(report.Findings))
	}
	locks := map[string]string{}
	for _, c := range report.Migrations[1].Locks {
		locks[c.Relation] = c.Lock
	}
	if locks["s.ev"] != "SHARE UPDATE EXCLUSIVE" || locks["s.Ev 1"] != "ACCESS EXCLUSIVE" || len(locks) != 2 {
		t.Errorf("locks %v", locks)
	}
}

// The review checks that named queries use the index that a comment says serves them.
func TestReviewServes(t *testing.T) {
	t.Parallel()
	const file = "-- seedbed: serves t_a: select id from t where a = 1 order by id\n-- +goose Up\ncreate table t (id bigint primary key, a int, b int);\ncreate index t_a on t (%s);\n-- +goose Down\ndrop table t;\n"
	for columns, want := range map[string]string{
		"a, id": "", "a": "sorted", "b": "of no use",
	} {
		report := reviewed(t, files("00001_t.sql", fmt.Sprintf(file, columns)), migrations.ReviewOptions{})
		switch {
		case want == "" && len(report.Findings) != 0:
			t.Errorf("(%s): found %q", columns, rulesOf(report.Findings))
		case want != "" && (len(report.Findings) != 1 || !strings.Contains(report.Findings[0].Message, want)):
			t.Errorf("(%s): found %+v", columns, report.Findings)
		}
	}
}

// The review traces Go migrations that only execute statements, and runs those that read.
func TestReviewGo(t *testing.T) {
	t.Parallel()
	o := goStep()
	o.Go[0] = goose.NewGoMigration(2, &goose.GoFunc{RunTx: func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "create index t_a on t (a) where a > $1", 5)
		return err
	}}, nil)
	o.Go = append(o.Go, goose.NewGoMigration(3, &goose.GoFunc{RunTx: func(ctx context.Context, tx *sql.Tx) error {
		var n int
		if err := tx.QueryRowContext(ctx, "select count(*) from t").Scan(&n); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, "alter table t add column c int")
		return err
	}}, nil))
	fsys := files("00001_t.sql", plainT, "00004_x.sql", "-- +goose Up\nset local lock_timeout = '1s';\nalter table t drop column c;\n-- +goose Down\nalter table t add column c int;\n")
	report := reviewed(t, fsys, migrations.ReviewOptions{Options: o})
	got := rulesOf(report.Findings)
	for _, want := range []string{"go migration 2:0:index-not-concurrent", "00004_x.sql:3:drop-column"} {
		if !slices.Contains(got, want) {
			t.Errorf("found %q, not %s", got, want)
		}
	}
}

func TestReviewErrors(t *testing.T) {
	t.Parallel()
	report, err := migrations.Review(t.Context(), pg.DB(t), files("00001_t.sql", "-- +goose Up\nselect 1\n"), migrations.ReviewOptions{})
	if err == nil || report == nil || report.Findings[0].File != "00001_t.sql" {
		t.Errorf("a file that goose refuses: %v", err)
	}
	if _, err := migrations.Review(t.Context(), pg.DB(t).Pool, files("00001_t.sql", plainT), migrations.ReviewOptions{}); err == nil || !strings.Contains(err.Error(), "superuser") {
		t.Errorf("without a superuser: %v", err)
	}
	bare := superuser(t).Config()
	bare.ConnConfig.RuntimeParams["dynamic_library_path"] = "/nowhere" // no module is found there
	pool, err := pgxpool.NewWithConfig(t.Context(), bare)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	if _, err := migrations.Review(t.Context(), pool, files("00001_t.sql", plainT), migrations.ReviewOptions{}); err == nil ||
		!strings.Contains(err.Error(), "no auto_explain") || !strings.Contains(err.Error(), "postgresql-contrib") {
		t.Errorf("without auto_explain: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := migrations.Review(ctx, pg.DB(t), files("00001_t.sql", plainT), migrations.ReviewOptions{}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

type recordingT struct {
	*testing.T
	errors []string
}

func (f *recordingT) Errorf(format string, args ...any) {
	f.errors = append(f.errors, fmt.Sprintf(format, args...))
}

func TestReviewed(t *testing.T) {
	t.Parallel()
	fake := &recordingT{T: t}
	migrations.Reviewed(fake, pg.DB(t), files("00001_t.sql", plainT, "00002_i.sql", "-- +goose Up\nset local lock_timeout = '1s';\ncreate index t_a on t (a);\n-- +goose Down\ndrop index t_a;\n"))
	if len(fake.errors) != 1 || !strings.Contains(fake.errors[0], "00002_i.sql:3: create index t_a on t (a)\n  index-not-concurrent: public.t (hazard)\n") ||
		!strings.Contains(fake.errors[0], "fix  create index CONCURRENTLY") {
		t.Errorf("told %q", fake.errors)
	}
}

// A long history and a long file are reviewed within the test's time limit.
func TestReviewLongHistory(t *testing.T) {
	testkit.SkipShort(t, "reviews 60 migrations")
	t.Parallel()
	var pairs []string
	tables, rows := testkit.Rounds(15, 50), testkit.Rounds(2_500, 10_000)
	for i := range tables {
		name, v := fmt.Sprintf("t%d", i), 4*i+1
		pairs = append(pairs,
			fmt.Sprintf("%05d_a.sql", v), fmt.Sprintf("-- +goose Up\ncreate table %s (id bigint primary key, a text);\n-- +goose Down\ndrop table %[1]s;\n", name),
			fmt.Sprintf("%05d_b.sql", v+1), fmt.Sprintf("-- +goose Up\nset local lock_timeout = '1s';\nalter table %s add constraint %[1]s_a check (a <> '') not valid;\n-- +goose Down\nalter table %[1]s drop constraint %[1]s_a;\n", name),
			fmt.Sprintf("%05d_c.sql", v+2), fmt.Sprintf("-- +goose Up\nalter table %s validate constraint %[1]s_a;\n", name),
			fmt.Sprintf("%05d_d.sql", v+3), fmt.Sprintf("-- +goose NO TRANSACTION\n-- +goose Up\ncreate index concurrently %s_a on %[1]s (a);\n-- +goose Down\ndrop index concurrently %[1]s_a;\n", name))
	}
	var long strings.Builder
	long.WriteString("-- +goose Up\n")
	for i := range rows {
		fmt.Fprintf(&long, "insert into t0 values (%d, 'row');\n", i)
	}
	pairs = append(pairs, "00999_rows.sql", long.String()+"-- +goose Down\ndelete from t0 where id >= 0;\n")
	if report := reviewed(t, files(pairs...), migrations.ReviewOptions{}); len(report.Findings) != 0 || len(report.Migrations) != 4*tables+1 {
		t.Errorf("%d migrations, found %q", len(report.Migrations), rulesOf(report.Findings))
	}
}

// With rows in the tables the review finds what fails on them and what Down loses.
func TestReviewOnRows(t *testing.T) {
	t.Parallel()
	rows := func(ctx context.Context, db seedbed.DB) error {
		if queryValue[bool](t, db, "select to_regclass('t') is null") {
			return nil
		}
		if _, err := (factory.Plan{Rows: []factory.Volume{factory.Auto("t").N(20)}}).Run(ctx, db); err != nil {
			return err
		}
		_, err := db.Exec(ctx, "update t set a = 7 where a is null") // Auto leaves out what may be
		return err
	}
	const head = "-- +goose Up\nset local lock_timeout = '1s';\n"
	const keyed = "-- +goose Up\ncreate table t (id uuid primary key default gen_random_uuid(), a int);\n-- +goose Down\ndrop table t;\n"
	uuids := reviewed(t, files("00001_t.sql", keyed, "00002_x.sql", head+"alter table t drop column a;\n-- +goose Down\nalter table t add column a int;\n"),
		migrations.ReviewOptions{Rows: rows})
	if got := rulesOf(uuids.Findings); !slices.Contains(got, "00002_x.sql:0:data-changed") {
		t.Errorf("rows with uuids: found %q", got)
	}
	residue := reviewed(t, files("00001_t.sql", plainT, "00002_x.sql", head+"create table u (id bigint);\n-- +goose Down\nselect 1;\n"), migrations.ReviewOptions{Rows: rows})
	if got := rulesOf(residue.Findings); !slices.Equal(got, []string{"00002_x.sql:4:down-residue"}) {
		t.Errorf("what Down leaves is in the way of rows: %q", got)
	}
	for _, c := range []struct{ name, sql, want string }{
		{"kept", head + "alter table t add column b int;\n-- +goose Down\nalter table t drop column b;\n", ""},
		{"lost", head + "alter table t drop column a;\n-- +goose Down\nalter table t add column a int;\n", "data-changed"},
		{"changed", head + "update t set a = a + 1 where id between 0 and 9;\n-- +goose Down\nselect 1;\n", "data-changed"},
		{"undone", head + "update t set a = a + 1 where id between 0 and 9;\n-- +goose Down\nupdate t set a = a - 1 where id between 0 and 9;\n", ""},
		{"fails", head + "alter table t add column b int not null;\n-- +goose Down\nalter table t drop column b;\n", "fails-on-rows"},
	} {
		report := reviewed(t, files("00001_t.sql", plainT, "00002_x.sql", c.sql), migrations.ReviewOptions{Rows: rows})
		var got []string
		for _, f := range report.Findings {
			if f.Rule == "data-changed" || f.Rule == "fails-on-rows" || f.Rule == "rows-not-made" {
				got = append(got, f.Rule+": "+f.Message)
			}
		}
		if c.want == "" && len(got) > 0 || c.want != "" && (len(got) != 1 || !strings.HasPrefix(got[0], c.want)) {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}
