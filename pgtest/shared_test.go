package pgtest_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/internal/testkit"
	"github.com/qarion/seedbed/pgtest"
)

// provision is a server whose tests make roles.
func provision() *pgtest.Server {
	return &pgtest.Server{Migrations: goose("CREATE TABLE provisioned (id int);")}
}

// in runs sql in a test that passes, or fails, and returns its log.
func in(t *testing.T, server *pgtest.Server, fails bool, sql ...string) string {
	t.Helper()
	return testkit.Record(t, func(t testing.TB) {
		db := server.DB(t)
		for _, statement := range sql {
			if _, err := db.Exec(t.Context(), statement); err != nil {
				t.Errorf("%s: %v", statement, err)
			}
		}
		if fails {
			t.Error("this test fails on purpose")
		}
	}).Logged()
}

// roles are those of tests that the next test sees.
func roles(t *testing.T, server *pgtest.Server) (names []string) {
	t.Helper()
	testkit.Record(t, func(inner testing.TB) {
		rows, _ := server.DB(inner).Query(t.Context(), "SELECT rolname::text FROM pg_roles WHERE rolname ~ '^tenant' ORDER BY 1")
		var err error
		if names, err = pgx.CollectRows(rows, pgx.RowTo[string]); err != nil {
			t.Error(err)
		}
	})
	return names
}

func TestRoleGoesWithItsTest(t *testing.T) {
	server := provision()
	for name, sql := range map[string][]string{
		"alone":           {"CREATE ROLE tenant_1"},
		"with grants":     {"CREATE ROLE tenant_1", "GRANT SELECT ON provisioned TO tenant_1"},
		"owns a schema":   {"CREATE ROLE tenant_1", "GRANT tenant_1 TO CURRENT_USER", "CREATE SCHEMA one AUTHORIZATION tenant_1"},
		"members":         {"CREATE ROLE tenant_1", "CREATE ROLE tenant_2 LOGIN", "GRANT tenant_1 TO tenant_2", "ALTER ROLE tenant_2 SET work_mem = '5MB'"},
		"default rights":  {"CREATE ROLE tenant_1", "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO tenant_1"},
		"with a database": {"CREATE ROLE tenant_1", "DO $$ BEGIN EXECUTE format('GRANT CONNECT ON DATABASE %I TO tenant_1', current_database()); END $$"},
	} {
		t.Run(name, func(t *testing.T) {
			for range 3 {
				log := in(t, server, false, sql...)
				if !strings.Contains(log, "tenant_1") || strings.Contains(log, "new server") {
					t.Errorf("the log does not say that the role is dropped:\n%s", log)
				}
				if left := roles(t, server); len(left) > 0 {
					t.Errorf("the next test sees %v", left)
				}
			}
		})
	}
}

func TestRoleOfAFailedTestIsKept(t *testing.T) {
	server := provision()
	for range 2 { // the name is free again
		log := in(t, server, true, "CREATE ROLE tenant_kept", "GRANT SELECT ON provisioned TO tenant_kept")
		if !strings.Contains(log, "kept as seedbed_kept_") {
			t.Errorf("the log does not say what became of the role:\n%s", log)
		}
		if left := roles(t, server); len(left) > 0 {
			t.Errorf("the next test sees %v", left)
		}
	}
}

// Each of the tests sees roles of the others, and its own go with it.
func TestRolesOfParallelTests(t *testing.T) {
	server := provision()
	t.Run("all", func(t *testing.T) {
		for i := range 8 {
			t.Run(fmt.Sprint(i), func(t *testing.T) {
				t.Parallel()
				db := server.DB(t)
				for _, sql := range []string{"CREATE ROLE tenant_%d", "GRANT SELECT ON provisioned TO tenant_%d", "ALTER ROLE tenant_%d SET work_mem = '5MB'"} {
					if _, err := db.Exec(t.Context(), fmt.Sprintf(sql, i)); err != nil {
						t.Error(err)
					}
				}
			})
		}
	})
	if left := roles(t, server); len(left) > 0 {
		t.Errorf("%v are left", left)
	}
}

// What cannot be put back costs the server: the next test gets a new one.
func TestServerThatATestHasSpoiled(t *testing.T) {
	server := provision()
	server.Role = "postgres"
	for name, sql := range map[string]string{
		"a role of the base":      "ALTER ROLE seedbed_owner SET work_mem = '5MB'",
		"a membership":            "GRANT seedbed_tester TO seedbed_owner",
		"a setting of the server": "ALTER SYSTEM SET work_mem = '5MB'",
		"a database":              "CREATE DATABASE made_by_a_test",
	} {
		t.Run(name, func(t *testing.T) {
			log := in(t, server, false, sql)
			if !strings.Contains(log, "the next test gets a new server") {
				t.Errorf("the log does not say what follows:\n%s", log)
			}
			db := server.DB(t)
			var changed bool
			err := db.QueryRow(t.Context(), `SELECT EXISTS (SELECT FROM pg_db_role_setting WHERE setdatabase = 0) OR EXISTS (SELECT FROM pg_database WHERE datname = 'made_by_a_test')
				OR pg_has_role('seedbed_owner', 'seedbed_tester', 'MEMBER') OR EXISTS (SELECT FROM pg_file_settings WHERE name = 'work_mem' AND setting = '5MB')`).Scan(&changed)
			if err != nil || changed {
				t.Errorf("the next test sees it: %t, %v", changed, err)
			}
		})
	}
}

// A seed that makes a role has a server of its own: tests of the same schema without
// that seed never see the role, whichever comes first.
func TestSeedThatMakesARole(t *testing.T) {
	table := fmt.Sprintf("CREATE TABLE seeded_%d (id int);", time.Now().UnixNano()) // a server that no other run has
	plain := &pgtest.Server{Migrations: goose(table)}
	seeded := func() *pgtest.Server {
		return &pgtest.Server{Migrations: goose(table), Seed: func(ctx context.Context, db seedbed.DB) error {
			_, err := db.Exec(ctx, "CREATE ROLE tenant_seeded")
			return err
		}}
	}
	first := seeded()
	log := testkit.Record(t, func(t testing.TB) { first.DB(t) }).Logged()
	testkit.Mention(t, log, "role tenant_seeded", "a server of its own")
	for range 2 {
		if left := roles(t, plain); len(left) > 0 {
			t.Errorf("a test without the seed sees %v", left)
		}
		if there := roles(t, first); len(there) != 1 {
			t.Errorf("a test with the seed sees %v, want its role", there)
		}
	}
	// The next process knows.
	if log := testkit.Record(t, func(t testing.TB) { seeded().DB(t) }).Logged(); strings.Contains(log, "tenant_seeded") {
		t.Errorf("it was found out again:\n%s", log)
	}
}

// What a seed that failed has left is not in the way of the next run.
func TestSeedThatFailsBehindARole(t *testing.T) {
	server := &pgtest.Server{Migrations: goose(fmt.Sprintf("CREATE TABLE half_%d (id int);", time.Now().UnixNano()))}
	fails := true
	server.Seed = func(ctx context.Context, db seedbed.DB) error {
		if _, err := db.Exec(ctx, "CREATE ROLE tenant_half"); err != nil || !fails {
			return err
		}
		return errors.New("the seed gives up")
	}
	run := func() *testkit.Recorder { return testkit.Record(t, func(t testing.TB) { server.DB(t) }) }
	testkit.Mention(t, run().FatalMessage(), "the seed gives up")
	fails = false
	server.Close()
	if r := run(); r.Failed() {
		t.Errorf("the second run fails: %s", r.FatalMessage())
	}
}
