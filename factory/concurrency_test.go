package factory_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/factory"
	"github.com/qarion/seedbed/internal/testkit"
)

// Plans, Create, Lint and Build run at once on three databases: the race detector watches.
func TestEverythingAtOnce(t *testing.T) {
	t.Parallel()
	db, odd, small := pg.DB(t), columnTypes.DB(t), shop.DB(t)
	var work []func(context.Context) error
	add := func(name string, do func(context.Context) error) {
		work = append(work, func(ctx context.Context) error {
			if err := do(ctx); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			return nil
		})
	}
	// A volume as Fill makes it and as Lint does cover all factories and traits.
	for _, v := range factory.Builtin() {
		add("plan", func(ctx context.Context) error {
			_, err := factory.Plan{Rows: []factory.Volume{v}}.Run(ctx, db)
			return err
		})
	}
	for _, table := range tables {
		add("auto "+table, func(ctx context.Context) error {
			_, err := factory.Auto(table).CreateNContext(ctx, db, 2)
			return err
		})
	}
	for _, table := range []string{"types", "checks", "readings", "people", "eggs", "natural_child", "weekend"} {
		add("columnTypes "+table, func(ctx context.Context) error {
			_, err := factory.Auto(table).CreateNContext(ctx, odd, 2)
			return err
		})
	}
	for _, where := range []seedbed.DB{db, odd, small} {
		add("lint", func(ctx context.Context) error {
			report, err := factory.Linting{}.Run(ctx, where)
			if err == nil && report.Proven == 0 {
				err = fmt.Errorf("nothing proven")
			}
			return err
		})
	}
	for i := range testkit.Rounds(10, 30) {
		add("own structs", func(ctx context.Context) error {
			_, err := projects.CreateNContext(ctx, small, 2, func(p *Project) { p.Tasks = 1 + i%2 })
			return err
		})
		add("build", func(context.Context) error {
			_, err := factory.Comments.Build(int64(i), factory.Hostile())
			return err
		})
	}
	var wg sync.WaitGroup
	errs := make(chan error, len(work))
	for _, do := range work {
		wg.Go(func() { errs <- do(t.Context()) })
	}
	wg.Wait()
	close(errs)
	for err := range errs {
		if err != nil {
			t.Error(err)
		}
	}
}

// Goroutines that search at once for values which the CHECKs of a table allow all succeed,
// while others read the schema again.
func TestConcurrentCheckSearches(t *testing.T) {
	t.Parallel()
	db := shop.DB(t)
	for round := range testkit.Rounds(2, 6) {
		table := fmt.Sprintf("learned_%d", round)
		_, err := db.Exec(t.Context(), fmt.Sprintf(`create table %s (id bigserial primary key,
			a text, b text, check (num_nonnulls(a, b) = 1), c int, d int, check (num_nonnulls(c, d) = 1),
			e date, f date, check (num_nonnulls(e, f) = 1))`, table))
		if err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for i := range 12 {
			wg.Go(func() {
				var err error
				switch i % 3 {
				case 0:
					_, err = factory.Linting{}.Run(t.Context(), db)
				case 1:
					_, err = factory.Plan{Rows: []factory.Volume{factory.Auto(table).N(3)}}.Run(t.Context(), db)
				default:
					_, err = factory.Auto(table).CreateNContext(t.Context(), db, 2)
				}
				if err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
	}
}
