package check_test

import (
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/internal/testkit"
	"github.com/qarion/seedbed/pgtest/check"
)

// What a test says wrongly of what it wants to have checked fails it, and is named: it
// would check nothing otherwise, and pass.
func TestMistakesInOptionsAreErrors(t *testing.T) {
	t.Parallel()
	db := reference(t)
	var pool *pgxpool.Pool
	noTest := func(testing.TB, seedbed.DB) {}
	for name, c := range map[string]struct {
		mistake func(t testing.TB)
		want    string
	}{
		"rule misspelt": {func(t testing.TB) {
			check.Isolation(t, db, check.Options{Except: []check.Exception{{Rule: "tenant-indx", Reason: "small"}}})
		}, `there is no rule "tenant-indx"; did you mean tenant-index?`},
		"no reason": {func(t testing.TB) {
			check.Integrity(t, db, check.Options{Except: []check.Exception{{Rule: "sequence-behind"}}})
		}, "the exception of sequence-behind has no reason"},
		"no test":        {func(t testing.TB) { check.Mutations(t, db, nil) }, "there is no test"},
		"table misspelt": {func(t testing.TB) { check.Mutations(t, db, noTest, check.MutationOptions{Tables: []string{"comment"}}) }, `"comment" is not a table with tenants; did you mean comments?`},
		"mutation misspelt": {func(t testing.TB) {
			check.Mutations(t, db, noTest, check.MutationOptions{Tables: []string{"comments"}, Except: []check.Exception{{Object: "comments.nothing_like_it", Reason: "none"}}})
		}, `"comments.nothing_like_it" is not an object of a mutation`},
		"repetition without a reason": {func(t testing.TB) { check.Queries(t, db, check.Budget{Allow: []check.Allowed{{Contains: "users"}}}) }, `Budget.Allow "users" has no Reason`},
		"index misspelt":              {func(t testing.TB) { check.Plan(t, db, "select 1 from alerts").Uses("alerts_pky") }, "there is no index alerts_pky; did you mean alerts_pkey?"},
		"index of another kind":       {func(t testing.TB) { check.Plan(t, db, "select 1 from alerts").Uses("by_hour_of_day") }, "there is no index by_hour_of_day; the tables of the query have alerts_"},
		"role misspelt":               {func(t testing.TB) { check.Isolation(t, db, check.Options{AppRoles: []string{"seedbed_ap"}}) }, `role "seedbed_ap" of Options does not exist; did you mean seedbed_app?`},
		"a role of ours":              {func(t testing.TB) { check.Isolation(t, db, check.Options{AppRoles: []string{"seedbed_seeder"}}) }, `role "seedbed_seeder" of Options is Seedbed's own`},
		"a handle of As":              {func(t testing.TB) { check.Integrity(t, db.As(t, "seedbed_app", nil)) }, "in a test, pass what pg.DB returns"},
		"no database":                 {func(t testing.TB) { check.Isolation(t, nil) }, "check.Isolation: the database is nil"},
		"a pool that is nil":          {func(t testing.TB) { check.Integrity(t, pool) }, "check.Integrity: the database is nil"},
		"no database to mark":         {func(t testing.TB) { check.Canaries(t, nil, check.Options{}, "1") }, "check.Canaries: the database is nil"},
		"no database to mutate":       {func(t testing.TB) { check.Mutations(t, pool, noTest) }, "the database is nil"},
		"no database to trace":        {func(t testing.TB) { check.Hygiene(t, pool) }, "the database is nil"},
		"nothing to look at": {func(t testing.TB) {
			check.Canaries(t, db, check.Options{}, strings.Trim(spaceA, "'")).Absent(t)
		}, "Absent was given nothing to look at"},
		"a function to look at": {func(t testing.TB) {
			check.Canaries(t, db, check.Options{}, strings.Trim(spaceA, "'")).Absent(t, func() {})
		}, "Absent cannot look into a func()"},
	} {
		t.Run(name, func(t *testing.T) {
			fake := testkit.Record(t, c.mistake)
			if !strings.Contains(fake.Text(), c.want) {
				t.Errorf("want %q in: %s", c.want, fake.Text())
			}
		})
	}
}
