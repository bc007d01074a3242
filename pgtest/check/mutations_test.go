package check_test

import (
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/internal/testkit"
	"github.com/qarion/seedbed/pgtest/check"
)

// onlyReads is a suite that looks at one thing: an application sees no row of others.
func onlyReads(t testing.TB, db seedbed.DB) {
	err := pgx.BeginFunc(t.Context(), db, func(tx pgx.Tx) error {
		if err := simple(t.Context(), tx, "SET LOCAL ROLE seedbed_app; SELECT set_config('seedbed.space_id', "+spaceA+", true)"); err != nil {
			return err
		}
		var others int
		if err := tx.QueryRow(t.Context(), "SELECT count(*) FROM annotations WHERE space_id <> "+spaceA).Scan(&others); err != nil {
			return err
		}
		if others > 0 {
			t.Errorf("%d rows of others", others)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestMutationsFindWhatASuiteDoesNotTest(t *testing.T) {
	t.Parallel()
	db := reference(t)
	fake := testkit.NewRecorder(t)
	check.Mutations(fake, db, onlyReads, check.MutationOptions{Tables: []string{"annotations"}})
	golden(t, "mutations", fake.Text())
	fake = testkit.Record(t, func(t testing.TB) {
		check.Mutations(t, db, func(t testing.TB, _ seedbed.DB) { t.Fatal("broken anyway") }, check.MutationOptions{Tables: []string{"annotations"}})
	})
	if !strings.Contains(fake.Text(), "fails on the schema as it is") {
		t.Errorf("a suite that always fails: %s", fake.Text())
	}
	check.Integrity(t, db) // nothing is left behind
}

func TestTheChecksNoticeEveryMutation(t *testing.T) {
	t.Parallel()
	db := reference(t)
	check.Mutations(t, db, func(t testing.TB, db seedbed.DB) {
		check.Isolation(t, db, check.Options{NoProbes: true})
		if !t.Failed() {
			check.Integrity(t, db)
		}
	}, check.MutationOptions{Tables: []string{"alerts", "comments"}, Except: []check.Exception{
		{Object: "comments.comments_space_id_author_id_fkey", Reason: "without its key nothing in the schema says where author_id leads"}}})
}
