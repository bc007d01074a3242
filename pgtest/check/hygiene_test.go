package check_test

import (
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

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
