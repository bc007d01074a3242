package check_test

import (
	"context"
	_ "embed"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/internal/testkit"
	"github.com/qarion/seedbed/migrations"
	"github.com/qarion/seedbed/pgtest"
)

var pg = &pgtest.Server{Migrations: migrations.FS}

//go:embed testdata/reference.sql
var referenceSQL string

// reference is a database with the reference schema and rows of two organizations.
func reference(t testing.TB) *pgtest.DB {
	t.Helper()
	db := pg.DB(t)
	asSeeder(t, db, referenceSQL)
	return db
}

// asSeeder runs SQL as the role that loads data.
func asSeeder(t testing.TB, db seedbed.DB, sql string) {
	t.Helper()
	err := pgx.BeginFunc(t.Context(), db, func(tx pgx.Tx) error {
		if _, err := tx.Exec(t.Context(), "SET LOCAL ROLE seedbed_seeder"); err != nil {
			return err
		}
		return simple(t.Context(), tx, sql)
	})
	if err != nil {
		t.Fatalf("seed: %v", err)
	}
}

// bypass runs SQL as the seeder with triggers off: foreign keys are not checked.
func bypass(t testing.TB, db seedbed.DB, sql string) {
	t.Helper()
	asSeeder(t, db, "SET LOCAL session_replication_role = replica;\n"+sql)
}

// simple runs several statements at once.
func simple(ctx context.Context, tx pgx.Tx, sql string) error {
	_, err := tx.Conn().PgConn().Exec(ctx, sql).ReadAll()
	return err
}

var elapsed = regexp.MustCompile(` in [0-9.]+m?s\)`)

// golden compares a message with its file, and sees that it fits 100 columns.
func golden(t testing.TB, name, got string) {
	t.Helper()
	testkit.Golden(t, filepath.Join("testdata", name+".golden"), fits(t, got))
}

// goldenParts compares the messages of cases, each below a line with its name.
func goldenParts(t testing.TB, name, got string) {
	t.Helper()
	testkit.GoldenParts(t, filepath.Join("testdata", name+".golden"), fits(t, got))
}

func fits(t testing.TB, got string) string {
	t.Helper()
	got = elapsed.ReplaceAllString(strings.TrimRight(got, "\n"), " in 1ms)") + "\n"
	for _, line := range strings.Split(got, "\n") {
		if n := utf8.RuneCountInString(line); n > 100 {
			t.Errorf("%d columns: %s", n, line)
		}
	}
	return got
}

// complaints is what a check has found, or has not looked at. That it took long, which it
// logs, is neither.
func complaints(fake *testkit.Recorder) string {
	if text := fake.Text(); text != "" || !strings.Contains(fake.Logged(), "not checked") {
		return text
	}
	return fake.Logged()
}
