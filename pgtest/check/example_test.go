package check_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/pgtest/check"
)

// One line each: the schema keeps tenants apart, and every reference leads somewhere.
func ExampleIsolation() {
	_ = func(t *testing.T) {
		db := pg.DB(t)
		check.Isolation(t, db)
		check.Integrity(t, db)
	}
}

// After the code under test has written, each polymorphic reference leads to a row, in
// the same space.
func ExampleIntegrity() {
	_ = func(t *testing.T, attach func(db seedbed.DB) error) {
		db := pg.DB(t)
		if err := attach(db); err != nil {
			t.Fatal(err)
		}
		check.Integrity(t, db)
	}
}

// A program asks for the report instead: of a staging database, say.
func ExampleIntegrityContext() {
	_ = func(ctx context.Context, pool *pgxpool.Pool) error {
		report, err := check.IntegrityContext(ctx, pool, check.Options{})
		if err != nil {
			return err
		}
		if !report.Clean() {
			return fmt.Errorf("references are broken:\n%s", report)
		}
		return nil
	}
}

// What is intended is excused with a reason.
func ExampleIsolation_except() {
	_ = func(t *testing.T) {
		check.Isolation(t, pg.DB(t), check.Options{Except: []check.Exception{
			{Rule: "unique-without-tenant", Object: "spaces.vanity_domain", Reason: "domains are public anyway"},
		}})
	}
}

// The statements of a test are counted from here to its end.
func ExampleQueries() {
	_ = func(t *testing.T, cfg *pgxpool.Config) {
		check.Trace(cfg) // once, where the pool is made; pgtest's pools are traced
		db := pg.DB(t)
		check.Queries(t, db, check.Budget{Max: 4})
		check.Hygiene(t, db)
		// … the code under test
	}
}

// database/sql is traced where pgx is its driver.
func ExampleTrace_databaseSQL() {
	_ = func(t *testing.T, url string) {
		cfg, err := pgx.ParseConfig(url)
		if err != nil {
			t.Fatal(err)
		}
		check.Trace(cfg)
		db := stdlib.OpenDB(*cfg)
		check.Queries(t, db, check.Budget{Max: 4})
		// … the code under test
	}
}

// Connections go back as they came, and they do go back: also through database/sql.
func ExampleHygiene() {
	_ = func(t *testing.T) {
		db := pg.DB(t).SQL()
		check.Hygiene(t, db)
		// … the code under test
	}
}

// What a suite tests of tenancy is what it notices when that is taken away.
func ExampleMutations() {
	_ = func(t *testing.T) {
		check.Mutations(t, pg.DB(t), func(t testing.TB, db seedbed.DB) {
			check.Isolation(t, db)
			check.Integrity(t, db)
		}, check.MutationOptions{Tables: []string{"comments"}})
	}
}

// Whatever the code does for one tenant, nothing of the other may show.
func ExampleCanaries() {
	_ = func(t *testing.T, other, page any, err error) {
		canaries := check.Canaries(t, pg.DB(t), check.Options{}, other)
		canaries.Absent(t, page, err)
	}
}

func ExampleRules() {
	for _, r := range check.Rules() {
		if r.Name == "rls-forced" {
			fmt.Println(r.Holds)
			fmt.Println(r.Why)
		}
	}
	// Output:
	// Row-level security is forced.
	// The owner of a table passes its policies otherwise, and views and functions with it.
}

func ExamplePlan() {
	_ = func(t *testing.T) {
		db := pg.DB(t)
		// Whatever the rows and the statistics: the index finds them, in the order wanted.
		check.Plan(t, db, "select id, title from alerts where organization_id = $1 order by raised_at desc limit 50", "00000000-0000-0000-0000-000000000000").
			Uses("alerts_by_organization").NoSeqScan("alerts").NoSort()
	}
}
