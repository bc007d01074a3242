package scenario_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/qarion/seedbed/internal/scenario"
	"github.com/qarion/seedbed/internal/testkit"
	"github.com/qarion/seedbed/migrations"
	"github.com/qarion/seedbed/pgtest"
	"github.com/qarion/seedbed/pgtest/check"
)

// NoReset, because factories number rows by database: a reset one would give other rows.
var pg = &pgtest.Server{Migrations: migrations.FS, NoReset: true}

// fill fills a scenario. The test fails on an error, or where a table is left out.
func fill(t *testing.T, db *pgtest.DB, name string, o scenario.Options) {
	t.Helper()
	s, err := scenario.Named(name)
	if err != nil {
		t.Fatal(err)
	}
	left, err := s.Fill(t.Context(), db, o)
	if err != nil {
		t.Fatal(err)
	}
	if len(left) > 0 {
		t.Errorf("left out: %q", left)
	}
}

// asSeeder runs do as seedbed_seeder, from which row-level security hides no row.
func asSeeder(t *testing.T, db *pgtest.DB, do func(pgx.Tx)) {
	t.Helper()
	err := pgx.BeginFunc(t.Context(), db, func(tx pgx.Tx) error {
		if _, err := tx.Exec(t.Context(), "SET LOCAL ROLE seedbed_seeder"); err != nil {
			return err
		}
		do(tx)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func one[T any](t *testing.T, tx pgx.Tx, sql string, args ...any) (v T) {
	t.Helper()
	if err := tx.QueryRow(t.Context(), sql, args...).Scan(&v); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return v
}

// Every scenario passes Integrity and Isolation on the reference schema.
func TestEveryScenarioIsWhole(t *testing.T) {
	for _, s := range scenario.All {
		t.Run(s.Name, func(t *testing.T) {
			t.Parallel()
			if s.Short == "" || s.Promise == "" {
				t.Error("it has no Short or no Promise")
			}
			db := pg.DB(t)
			fill(t, db, s.Name, scenario.Options{Seed: 5, Spaces: 3})
			check.Integrity(t, db)
			check.Isolation(t, db)
		})
	}
}

// A scenario that fails in the middle leaves no row.
func TestNothingIsHalfMade(t *testing.T) {
	for name, taken := range map[string]string{"demo": "initech", "empty-states": "empty-states"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := pg.DB(t)
			if _, err := db.Exec(t.Context(), "INSERT INTO organizations (slug, name) VALUES ($1, 'taken')", taken); err != nil {
				t.Fatal(err)
			}
			s, _ := scenario.Named(name)
			if _, err := s.Fill(t.Context(), db, scenario.Options{}); err == nil {
				t.Fatal("no error, though a slug is taken")
			}
			var n int
			if err := db.QueryRow(t.Context(), "SELECT count(*) FROM organizations").Scan(&n); err != nil || n != 1 {
				t.Errorf("%d organizations, want the one from before; %v", n, err)
			}
		})
	}
}

// A scenario whose context ends between two steps leaves no row.
func TestInterrupted(t *testing.T) {
	for _, name := range []string{"demo", "two-tenants", "hostile", "empty-states"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := pg.DB(t)
			s, _ := scenario.Named(name)
			ctx, cancel := context.WithCancel(t.Context())
			_, err := s.Fill(ctx, db, scenario.Options{Progress: func(string, int, int) { cancel() }})
			if !errors.Is(err, context.Canceled) {
				t.Errorf("the error is %v", err)
			}
			asSeeder(t, db, func(tx pgx.Tx) {
				if n := one[int](t, tx, "SELECT (SELECT count(*) FROM users) + (SELECT count(*) FROM organizations)"); n != 0 {
					t.Errorf("%d rows are left", n)
				}
			})
		})
	}
}

// The same seed makes the same rows in another database.
func TestSeedDecides(t *testing.T) {
	for _, name := range []string{"demo", "two-tenants", "hostile", "empty-states", "scale"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			first := digest(t, pg.DB(t), name, 101)
			if second := digest(t, pg.DB(t), name, 101); first != second {
				t.Error("two databases of one seed differ")
			}
			if name != "two-tenants" && name != "scale" && !testkit.Long() {
				return // each scenario takes its seed in the same way
			}
			if other := digest(t, pg.DB(t), name, 102); first == other {
				t.Error("another seed makes the same rows")
			}
		})
	}
}

// digest fills a database and hashes its tables.
func digest(t *testing.T, db *pgtest.DB, name string, seed uint64) (sum string) {
	t.Helper()
	fill(t, db, name, scenario.Options{Seed: seed, Spaces: 2})
	asSeeder(t, db, func(tx pgx.Tx) {
		sum = one[string](t, tx, `SELECT md5(string_agg(c.relname || coalesce((xpath('/row/h/text()', query_to_xml(
			format('SELECT md5(string_agg(t::text, chr(10) ORDER BY t::text)) AS h FROM %s t', c.oid::regclass), false, true, '')))[1]::text, ''), ',' ORDER BY c.relname))
			FROM pg_class c WHERE relkind IN ('r', 'p') AND NOT relispartition AND relnamespace = 'public'::regnamespace
			AND relname <> 'goose_db_version'`)
	})
	return sum
}

func TestUnknownScenario(t *testing.T) {
	for name, want := range map[string]string{
		"hostil": `there is no scenario "hostil"; did you mean hostile?`,
		"xyzzy":  `there is no scenario "xyzzy"; there are demo, two-tenants, hostile, scale, empty-states`,
	} {
		if _, err := scenario.Named(name); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
