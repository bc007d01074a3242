package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/spf13/cobra"

	"github.com/qarion/seedbed/factory"
	"github.com/qarion/seedbed/fixtures"
	"github.com/qarion/seedbed/internal/demo"
)

type seedFlags struct {
	target
	rows     []string
	spaces   string
	seed     uint64
	fixtures string
}

func (a *app) seedCommand() *cobra.Command {
	var f seedFlags
	cmd := &cobra.Command{
		Use:   "seed",
		Short: "Fill a database: with the demo, with volumes, with fixtures",
		Long: `Seed fills a migrated database in one transaction: an error or Ctrl-C leaves it as it was.
Without --rows and --fixtures it makes the demo. Parents that --rows does not ask for are taken
from the database, or made. References are proved before anything is committed.

It refuses a database that does not look like one for development: another machine's, or one
with "prod" in its name. SEEDBED_ALLOW=host[:port] says that it is one.`,
		Example: `  seedbed seed                                           # the demo, into this project's database
  seedbed seed --rows spaces=1000,datasets=20k,comments=1e6
  seedbed seed --url "$DATABASE_URL" --fixtures testdata/fixtures`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := a.loadConfig()
			if err != nil {
				return err
			}
			if c.Seed != nil && !cmd.Flags().Changed("seed") {
				f.seed = *c.Seed
			}
			if f.fixtures == "" && len(f.rows) == 0 && f.spaces == "" {
				f.fixtures = c.Fixtures
			}
			return a.seed(cmd.Context(), f)
		},
	}
	f.define(cmd)
	flags := cmd.Flags()
	flags.StringSliceVar(&f.rows, "rows", nil, "volumes, as `TABLE=N`; N may be 1e6, 20k, 3m")
	flags.StringVar(&f.spaces, "spaces", "", "short for --rows spaces=`N`")
	flags.Uint64Var(&f.seed, "seed", 1, "`number` that all made-up values follow from")
	flags.StringVar(&f.fixtures, "fixtures", "", "`directory` of fixture files to load")
	return cmd
}

func (a *app) seed(ctx context.Context, f seedFlags) error {
	if f.spaces != "" {
		f.rows = append([]string{"spaces=" + f.spaces}, f.rows...)
	}
	rows, err := parseRows(f.rows)
	if err != nil {
		return err
	}
	if f.fixtures != "" {
		if info, err := os.Stat(f.fixtures); err != nil || !info.IsDir() {
			return usagef("--fixtures %s: no such directory", f.fixtures)
		}
	}
	say := a.progress()
	defer say.stop()
	return a.with(ctx, f.target, func(ctx context.Context, db *pgxpool.Pool) error {
		if err := a.refuseProduction(db); err != nil {
			return err
		}
		if f.fixtures != "" {
			if err := loadFixtures(ctx, db, f.fixtures, say); err != nil {
				return err
			}
		}
		switch {
		case len(rows) > 0:
			return fillRows(ctx, db, rows, f.seed, say)
		case f.fixtures == "":
			return seedDemo(ctx, db, f.seed, say)
		}
		return nil
	})
}

func loadFixtures(ctx context.Context, db *pgxpool.Pool, dir string, say *progress) error {
	say.Begin("fixtures", "loading "+dir)
	set, err := fixtures.Insert(ctx, db, os.DirFS(dir), fixtures.Options{})
	if err != nil {
		return err
	}
	say.End(plural(set.Len(), "row"))
	return nil
}

func fillRows(ctx context.Context, db *pgxpool.Pool, rows []demo.Rows, seed uint64, say *progress) error {
	say.Begin("seed", "reading the catalog")
	report, err := demo.Fill(ctx, db, rows, seed, func(p factory.Progress) {
		say.Update(fmt.Sprintf("%s %s, %s", p.Stage, p.Table, rate(p.All, p.Total, p.Time)), int(p.All), int(p.Total))
	})
	if err != nil {
		return err
	}
	say.End(fmt.Sprintf("%s of %s, %s rows/s, %s proved", plural(int(report.Rows), "row"), plural(len(report.Tables), "table"),
		thousands(int64(float64(report.Rows)/max(report.Write.Seconds(), 1e-3))), plural(report.Proven, "constraint")))
	return nil
}

func seedDemo(ctx context.Context, db *pgxpool.Pool, seed uint64, say *progress) error {
	reference, err := demo.IsReference(ctx, db)
	if err != nil {
		return err
	}
	o := demo.Options{Seed: seed, Progress: say.Update}
	say.Begin("seed", "making the demo")
	if reference {
		err = demo.Seed(ctx, db, o)
	} else {
		var left []string
		left, err = demo.Auto(ctx, db, o)
		for _, note := range left {
			say.Note(note)
		}
	}
	if err != nil {
		return err
	}
	say.End(fmt.Sprintf("the demo (seed %d)", seed))
	return nil
}

// rate is how fast it goes and how long it will take.
func rate(done, of int64, took time.Duration) string {
	if done == 0 || took < time.Second {
		return "…"
	}
	speed := float64(done) / took.Seconds()
	left := time.Duration(float64(of-done) / speed * float64(time.Second))
	return fmt.Sprintf("%s rows/s, %s left", thousands(int64(speed)), seconds(left))
}
