package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/spf13/cobra"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/factory"
	"github.com/qarion/seedbed/fixtures"
	"github.com/qarion/seedbed/internal/scenario"
)

func loadFixtures(ctx context.Context, db *pgxpool.Pool, files fixtureFiles, model *seedbed.Model, say *progress) error {
	say.Begin("fixtures", "loading "+files.path)
	set, err := fixtures.Insert(ctx, db, files.fsys, fixtures.Options{Model: model}, files.names...)
	if err != nil {
		return err
	}
	d := set.Diff()
	say.End(fmt.Sprintf("%s: %d inserted, %d updated, %d unchanged", plural(set.Len(), "row"),
		d.Count(fixtures.Inserted), d.Count(fixtures.Updated), d.Count(fixtures.Unchanged)))
	return nil
}

// rehearse says what loading fixtures would do.
func (a *app) rehearse(ctx context.Context, db *pgxpool.Pool, files fixtureFiles, model *seedbed.Model) error {
	diff, err := fixtures.DryRun(ctx, db, files.fsys, fixtures.Options{Model: model}, files.names...)
	if err != nil {
		return err
	}
	_, err = fmt.Fprint(a.out, diff)
	return err
}

func fillRows(ctx context.Context, db *pgxpool.Pool, s seedRequest, say *progress) error {
	say.Begin("seed", "reading the catalog")
	f := &fillProgress{say: say}
	s.options.Filling = f.tell
	report, err := scenario.Requested(ctx, db, s.rows, s.options)
	if err != nil {
		return err
	}
	f.written(report.Write)
	for _, note := range report.Notes {
		say.Note(note)
	}
	say.End(fmt.Sprintf("%s of %s, %s rows/s, %s proved", plural(int(report.Rows), "row"), plural(len(report.Tables), "table"),
		perSecond(report.Rows, report.Write), plural(report.Proven, "constraint")))
	return nil
}

func makeScenario(ctx context.Context, db *pgxpool.Pool, s seedRequest, url string, say *progress) error {
	say.Begin("seed", "making "+s.world.Name)
	f := &fillProgress{say: say}
	s.options.Progress, s.options.Filling = say.Update, f.tell
	left, err := s.world.Fill(ctx, db, s.options)
	for _, note := range left {
		say.Note(note)
	}
	if errors.Is(err, scenario.ErrNoTables) && url != "" {
		return fmt.Errorf("%w. Apply the migrations first: seedbed migrate up --url URL", err)
	}
	if errors.Is(err, scenario.ErrNothing) {
		return fmt.Errorf("%w. To add rows: seedbed seed --rows TABLE=N; to begin anew, where it is this project's: seedbed reset", err)
	}
	if err != nil {
		return err
	}
	what := fmt.Sprintf("%s (seed %d)", s.world.Name, s.options.Seed)
	if f.at.Total > 0 {
		f.written(f.at.Time)
		what += ", " + plural(int(f.at.Total), "row")
	}
	say.End(what)
	return nil
}

// fillProgress shows a Plan's progress: on a terminal a bar with rate and time left, and a
// line for each table that is written; elsewhere a line now and then.
type fillProgress struct {
	say   *progress
	begun time.Duration    // when the table's turn came
	at    factory.Progress // as last heard
}

func (f *fillProgress) tell(p factory.Progress) {
	if p.Table != f.at.Table || p.Stage != f.at.Stage {
		f.written(p.Time)
		f.begun = p.Time
	}
	f.at = p
	if p.Stage == factory.Proving {
		f.say.Step("proving what " + p.Table + " references") // a moment each
		return
	}
	f.say.Update(rate(p.All, p.Total, p.Time)+p.Table, int(p.All), int(p.Total))
}

// written leaves a line about the table that was written until now.
func (f *fillProgress) written(now time.Duration) {
	if f.at.Stage == factory.Writing {
		f.say.Row(fmt.Sprintf("%-24s %12s  %s rows/s", f.at.Table, thousands(f.at.Rows), perSecond(f.at.Rows, now-f.begun)))
	}
}

func completeScenario(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	var names []string
	for _, s := range scenario.All {
		names = append(names, s.Name+"\t"+s.Short)
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}
