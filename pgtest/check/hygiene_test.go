package check_test

import (
	"context"
	"database/sql"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/qarion/seedbed/internal/testkit"
	"github.com/qarion/seedbed/pgtest/check"
)

func TestHygieneNamesWhoLeftWhat(t *testing.T) {
	t.Parallel()
	pool := traced(t)
	for name, sql := range map[string]string{
		"setting 'seedbed.space_id'": "SET seedbed.space_id = 'x'",
		"setting statement_timeout":  "SET statement_timeout = 5000",
		"role":                       "SET ROLE seedbed_seeder",
		"LISTEN":                     "LISTEN news",
		"advisory lock":              "SELECT pg_advisory_lock(7)",
		"temporary table":            "CREATE TEMP TABLE left_over (n int)",
		"prepared statement":         "PREPARE p AS SELECT 1",
		"open transaction":           "BEGIN",
		"":                           "SELECT 1",
	} {
		fake := testkit.NewRecorder(t)
		check.Hygiene(fake, pool)
		conn, err := pool.Acquire(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		_, err = conn.Exec(t.Context(), sql, pgx.QueryExecModeSimpleProtocol)
		conn.Release()
		if err != nil {
			t.Fatal(err)
		}
		fake.End()
		pool.Reset() // a fresh connection for the next case
		got := fake.Text()
		if name == "" && got != "" || name != "" && (!strings.Contains(got, "hygiene_test.go:") || !strings.Contains(got, strings.Trim(strings.Fields(name)[0], "'"))) {
			t.Errorf("%s: told %q", sql, got)
		}
		if name == "temporary table" {
			golden(t, "hygiene", stable(got))
		}
	}
}

func TestHygieneNamesWhatWasNotReleased(t *testing.T) {
	t.Parallel()
	pool := traced(t)
	for name, leak := range map[string]func() (release func(), err error){
		"a connection": func() (func(), error) { conn, err := pool.Acquire(t.Context()); return conn.Release, err },
		"rows":         func() (func(), error) { rows, err := pool.Query(t.Context(), "SELECT 1"); return rows.Close, err },
		"a transaction": func() (func(), error) {
			tx, err := pool.Begin(t.Context())
			return func() { tx.Rollback(context.Background()) }, err
		},
		"rows of database/sql": func() (func(), error) {
			rows, err := stdlib.OpenDBFromPool(pool).Query("SELECT 1")
			return func() { rows.Close() }, err
		},
	} {
		fake := testkit.NewRecorder(t)
		check.Hygiene(fake, pool)
		release, err := leak()
		if err != nil {
			t.Fatal(err)
		}
		fake.End()
		release()
		if got := fake.Text(); !strings.Contains(got, "pool-hygiene: hygiene_test.go:") || !strings.Contains(got, "was not released") {
			t.Errorf("%s: told %q", name, got)
		}
	}
}

func TestHygieneOfDatabaseSQL(t *testing.T) {
	t.Parallel()
	db := reference(t)
	cfg, err := pgx.ParseConfig(db.URL())
	if err != nil {
		t.Fatal(err)
	}
	check.Trace(cfg)
	own := stdlib.OpenDB(*cfg)
	defer own.Close()
	for site, std := range map[string]*sql.DB{"hygiene_test.go:": db.SQL(), "the *sql.DB": own} {
		for statement, dirty := range map[string]bool{"SELECT 1": false, "SET app.tenant = 'x'": true} {
			fake := testkit.NewRecorder(t)
			check.Hygiene(fake, std)
			if _, err := std.Exec(statement); err != nil {
				t.Fatal(err)
			}
			fake.End()
			if got := fake.Text(); dirty != strings.Contains(got, "pool-hygiene: "+site) || dirty != strings.Contains(got, "app.tenant") {
				t.Errorf("%s, %s: told %q", site, statement, got)
			}
			if _, err := std.Exec("RESET ALL"); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestHygieneSaysWhatToPass(t *testing.T) {
	t.Parallel()
	tx := pg.Tx(t)
	bare, err := pgxpool.New(t.Context(), reference(t).URL())
	if err != nil {
		t.Fatal(err)
	}
	defer bare.Close()
	for want, handle := range map[string]any{
		"has no pool: pass the *pgtest.DB": tx, "not traced: pass the *pgtest.DB": bare, "*sql.DB": "a URL", "call check.Trace(cfg)": stdlib.OpenDBFromPool(bare),
	} {
		fake := testkit.Record(t, func(t testing.TB) { check.Hygiene(t, handle) })
		if got := fake.Text(); !strings.Contains(got, want) {
			t.Errorf("%T: told %q, want %q", handle, got, want)
		}
	}
}
