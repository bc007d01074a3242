package check_test

import (
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

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
