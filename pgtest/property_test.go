package pgtest_test

import (
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qarion/seedbed/internal/testkit"
	"github.com/qarion/seedbed/pgtest"
)

// Whatever a test does to its database, in whatever order: the next one gets a database
// that is as a new clone in all rows, catalogs, sequences and settings. -long tries each
// kind of change, alone and in company; else a sample.
func TestNextDatabaseIsAsNew(t *testing.T) {
	testkit.SkipShort(t, "repeats in company what TestRecycledDatabaseIsAsNew does alone")
	all := kinds()
	if len(all) < 150 {
		t.Fatalf("%d kinds of changes, want 150 and more", len(all))
	}
	server := &pgtest.Server{Migrations: recycled, Settings: alone}
	fresh := contents(t, (&pgtest.Server{Migrations: recycled, Settings: alone, NoReset: true}).DB(t))
	random := rand.New(rand.NewPCG(rand.Uint64(), 1))
	rounds := testkit.Rounds(8, len(all))
	for round := range rounds {
		changes := []change{all[round*len(all)/rounds]}
		for range random.IntN(3) {
			changes = append(changes, all[random.IntN(len(all))])
		}
		do(t, server, changes)
		for range 2 { // the next, and one more that was made ahead
			next := testkit.NewRecorder(t)
			if diff := cmp.Diff(fresh, contents(t, server.DB(next))); diff != "" {
				t.Errorf("after %v the next database differs from a new one (-new +next):\n%s", changes, diff)
			}
			next.End()
		}
	}
}

// do runs changes in a test that passes.
func do(t *testing.T, server *pgtest.Server, changes []change) {
	t.Helper()
	test := testkit.NewRecorder(t)
	db := server.DB(test)
	conn, err := db.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range changes {
		for _, sql := range splitStatements(c.sql) {
			conn.Conn().PgConn().Exec(t.Context(), sql).ReadAll() // one that fails changes nothing
		}
	}
	conn.Release()
	test.End()
	server.Settle()
}
