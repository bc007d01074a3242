package factory_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/qarion/seedbed/factory"
	"github.com/qarion/seedbed/internal/testkit"
)

func TestLintReference(t *testing.T) {
	t.Parallel()
	db := pg.DB(t)
	if _, err := factory.Comments.CreateNContext(t.Context(), db, 3); err != nil { // rows that a program has made
		t.Fatal(err)
	}
	report := factory.Lint(t, db, factory.Builtin()...)
	if report.Proven < 240 {
		t.Errorf("%d constraints proven", report.Proven)
	}
	if n := count(t, seeder(t, db), "select count(*) from organizations"); n != 1 {
		t.Errorf("%d organizations, want the one from before", n)
	}
}

func TestLintFindsWhatDoesNotBite(t *testing.T) {
	t.Parallel()
	db := shop.DB(t)
	if _, err := db.Exec(t.Context(), `alter table members add constraint idle check (email = email), add constraint biting check (email <> 'nobody')`); err != nil {
		t.Fatal(err)
	}
	broken := factory.New(factory.Definition[Project]{Row: func(p *Project, c *factory.Cells) { p.Mood = "furious" }})
	report, err := factory.Linting{Rows: []factory.Volume{broken.N(1), members.N(2)}}.Run(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	if len(report.Failures) != 1 || !strings.Contains(report.Failures[0].Error(), "furious") {
		t.Errorf("failures: %v", report.Failures)
	}
	var idle bool
	for _, u := range report.Unproven {
		idle = idle || u.Constraint == "idle"
		if u.Constraint == "biting" || u.Constraint == "members_email_key" || u.Constraint == "title" {
			t.Errorf("%s bites, the report says: %s", u.Constraint, u.Reason)
		}
	}
	if !idle {
		t.Errorf("a constraint that nothing breaks was not found:\n%s", report)
	}
}

// Lint runs in one database twice at once, while another one is linted again and again:
// each run numbers its rows from 0.
func TestConcurrentLints(t *testing.T) {
	t.Parallel()
	db, small := pg.DB(t), shop.DB(t)
	var wg sync.WaitGroup
	wg.Go(func() {
		for range testkit.Rounds(2, 10) {
			if _, err := (factory.Linting{}).Run(t.Context(), small); err != nil {
				t.Error(err)
				return
			}
		}
	})
	wg.Go(func() {
		if _, err := (factory.Linting{}).Run(t.Context(), db); err != nil {
			t.Error(err)
		}
	})
	report := factory.Lint(t, db, factory.Builtin()...)
	wg.Wait()
	if report.Proven < 240 {
		t.Errorf("%d constraints proven", report.Proven)
	}
}
