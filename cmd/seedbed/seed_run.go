package main

import (
	"context"
	"fmt"
	"os"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/spf13/cobra"

	"github.com/qarion/seedbed/factory"
	"github.com/qarion/seedbed/fixtures"
	"github.com/qarion/seedbed/internal/scenario"
)

func loadFixtures(ctx context.Context, db *pgxpool.Pool, dir string, say *progress) error {
	say.Begin("fixtures", "loading "+dir)
	set, err := fixtures.Insert(ctx, db, os.DirFS(dir), fixtures.Options{})
	if err != nil {
		return err
	}
	d := set.Diff()
	say.End(fmt.Sprintf("%s: %d inserted, %d updated, %d unchanged", plural(set.Len(), "row"),
		d.Count(fixtures.Inserted), d.Count(fixtures.Updated), d.Count(fixtures.Unchanged)))
	return nil
}

// rehearse says what loading fixtures would do.
func (a *app) rehearse(ctx context.Context, db *pgxpool.Pool, dir string) error {
	diff, err := fixtures.DryRun(ctx, db, os.DirFS(dir), fixtures.Options{})
	if err != nil {
		return err
	}
	_, err = fmt.Fprint(a.out, diff)
	return err
}

func fillRows(ctx context.Context, db *pgxpool.Pool, s sowing, say *progress) error {
	say.Begin("seed", "reading the catalog")
	report, err := scenario.Volumes(ctx, db, s.rows, s.options.Seed, filling(say))
	if err != nil {
		return err
	}
	say.End(fmt.Sprintf("%s of %s, %s rows/s, %s proved", plural(int(report.Rows), "row"), plural(len(report.Tables), "table"),
		perSecond(report.Rows, report.Write), plural(report.Proven, "constraint")))
	return nil
}

func makeScenario(ctx context.Context, db *pgxpool.Pool, s sowing, say *progress) error {
	say.Begin("seed", "making "+s.world.Name)
	written := int64(0)
	tell := filling(say)
	s.options.Progress = say.Update
	s.options.Filling = func(p factory.Progress) {
		written = p.Total
		tell(p)
	}
	left, err := s.world.Fill(ctx, db, s.options)
	for _, note := range left {
		say.Note(note)
	}
	if err != nil {
		return err
	}
	what := fmt.Sprintf("%s (seed %d)", s.world.Name, s.options.Seed)
	if written > 0 {
		what += ", " + plural(int(written), "row")
	}
	say.End(what)
	return nil
}

// filling shows a Plan's progress: on a terminal a bar with rate and time left, and a
// line for each table that is done; elsewhere a line now and then.
func filling(say *progress) func(factory.Progress) {
	var last factory.Progress // as first heard of the table and stage
	var at factory.Progress   // as last heard
	return func(p factory.Progress) {
		if p.Table != at.Table || p.Stage != at.Stage {
			if at.Table != "" && at.Stage == factory.Writing {
				say.Row(fmt.Sprintf("%-24s %12s  %s rows/s", at.Table, thousands(at.Rows), perSecond(at.Rows, p.Time-last.Time)))
			}
			last = p
		}
		at = p
		if p.Stage == factory.Proving {
			say.Update("proving "+p.Table, int(p.All), int(p.Total))
			return
		}
		say.Update(fmt.Sprintf("%s, %s", p.Table, rate(p.All, p.Total, p.Time)), int(p.All), int(p.Total))
	}
}

func completeScenario(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	var names []string
	for _, s := range scenario.All {
		names = append(names, s.Name+"\t"+s.Short)
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}
