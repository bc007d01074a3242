package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/spf13/cobra"

	"github.com/qarion/seedbed/internal/scenario"
)

type seedFlags struct {
	target
	scenario string
	rows     []string
	spaces   string
	seed     uint64
	now      moment
	fixtures string
	from     string // what named the fixtures
	dryRun   bool
	list     bool
}

func (a *app) seedCommand() *cobra.Command {
	f := seedFlags{from: "--fixtures"}
	cmd := &cobra.Command{
		Use:   "seed",
		Short: "Fill it: with a scenario, with volumes, with fixtures",
		Long: `Seed fills a migrated database in one transaction: an error or Ctrl-C leaves it as it was.
Without flags it makes the scenario demo; --list describes the others. Parents that --rows does
not ask for are taken from the database, or made. References are proved before anything is
committed.

It refuses a database that does not look like one for development: another machine's, or one
with "prod" in its name. SEEDBED_ALLOW=host[:port] says that it is one.`,
		Example: `  seedbed seed                                           # the demo, into this project's database
  seedbed seed --list                                    # which scenarios there are
  seedbed seed --scenario two-tenants
  seedbed seed --scenario scale --spaces 1000            # a million rows
  seedbed seed --rows spaces=1000,datasets=20k,comments=1e6
  seedbed seed --url "$DATABASE_URL" --fixtures testdata/fixtures
  seedbed seed --fixtures testdata/fixtures --dry-run    # what would change`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if f.list {
				return a.listScenarios()
			}
			c, err := a.loadConfig()
			if err != nil {
				return err
			}
			if c.Seed != nil && !cmd.Flags().Changed("seed") {
				f.seed = *c.Seed
			}
			if f.fixtures == "" && f.scenario == "" && len(f.rows) == 0 && f.spaces == "" {
				f.fixtures, f.from = c.Fixtures, configFile+": fixtures:"
			}
			return a.seed(cmd.Context(), f)
		},
	}
	f.define(cmd)
	f.empty = true
	flags := cmd.Flags()
	flags.StringVar(&f.scenario, "scenario", "", "`name` of the world to make (default: demo, unless --rows or --fixtures say what)")
	flags.BoolVarP(&f.list, "list", "l", false, "describe the scenarios, fill nothing")
	flags.StringSliceVar(&f.rows, "rows", nil, "volumes, as `TABLE=N`; N may be 1e6, 20k, 3m")
	flags.StringVar(&f.spaces, "spaces", "", "`N` tenants: short for --rows spaces=N; for --scenario scale, what all else is in proportion to")
	flags.Uint64Var(&f.seed, "seed", 1, "`number` that all made-up values follow from")
	f.now.define(flags)
	flags.StringVar(&f.fixtures, "fixtures", "", "`directory` of fixture files to load, or one file: rows that are there are updated, others inserted")
	flags.BoolVarP(&f.dryRun, "dry-run", "n", false, "say what --fixtures would change, and change nothing")
	_ = cmd.RegisterFlagCompletionFunc("scenario", completeScenario)
	return cmd
}

// seedRequest is what the flags ask for: any of fixtures, a scenario, volumes.
type seedRequest struct {
	fixtures fixtureFiles
	dryRun   bool
	world    *scenario.Scenario
	rows     []scenario.Rows
	options  scenario.Options
}

func (f seedFlags) request() (s seedRequest, err error) {
	s.options.Seed, s.options.Now, s.dryRun = f.seed, f.now.orToday(), f.dryRun
	if s.rows, err = parseRows(f.rows); err != nil {
		return s, err
	}
	if f.spaces != "" {
		if s.options.Spaces, err = parseCount(f.spaces); err != nil || s.options.Spaces < 1 {
			return s, usagef("--spaces %s: that is no number, such as 50 or 10k", f.spaces)
		}
	}
	if f.fixtures != "" {
		if s.fixtures, err = openFixtures(f.from, f.fixtures); err != nil {
			return s, err
		}
	}
	if f.dryRun && (f.fixtures == "" || f.scenario != "" || len(s.rows) > 0 || f.spaces != "") {
		return s, usagef("--dry-run is for --fixtures alone: other rows are made up")
	}
	if f.scenario == "" && f.fixtures == "" && len(s.rows) == 0 && f.spaces == "" {
		f.scenario = scenario.All[0].Name
	}
	if f.scenario == "" {
		if s.options.Spaces > 0 {
			s.rows = append([]scenario.Rows{{Table: "spaces", N: s.options.Spaces}}, s.rows...)
		}
		return s, nil
	}
	if s.world, err = scenario.Named(f.scenario); err != nil {
		return s, usagef("--scenario: %v", err)
	}
	if f.scenario != "scale" && (len(s.rows) > 0 || f.spaces != "") {
		return s, usagef("--rows and --spaces are for --scenario scale, or for no scenario; %s is as large as it is", f.scenario)
	}
	s.options.Rows, s.rows = s.rows, nil
	return s, nil
}

func (a *app) seed(ctx context.Context, f seedFlags) error {
	s, err := f.request()
	if err != nil {
		return err
	}
	if err := a.refuseURL(f.url); err != nil { // before anything is sent there
		return err
	}
	say := a.progress()
	defer say.stop()
	return a.with(ctx, f.target, func(ctx context.Context, db *pgxpool.Pool) error {
		model, err := a.corrected(ctx, db)
		if err != nil {
			return err
		}
		s.options.Model = model
		if f.spaces != "" && s.world == nil {
			if err := a.refuseSpaces(ctx, db, f.spaces); err != nil {
				return err
			}
		}
		if s.dryRun {
			return a.rehearse(ctx, db, s.fixtures, model)
		}
		if s.fixtures.fsys != nil {
			if err := loadFixtures(ctx, db, s.fixtures, model, say); err != nil {
				return err
			}
		}
		if s.world != nil {
			return makeScenario(ctx, db, s, f.url, say)
		}
		if len(s.rows) > 0 {
			if err := checkRoom(s.rows, f.url == ""); err != nil {
				return err
			}
			return fillRows(ctx, db, s, say)
		}
		return nil
	})
}

func (a *app) listScenarios() error {
	p := a.palette(a.out)
	for _, s := range scenario.All {
		where := "the reference schema"
		if s.AnySchema() {
			where = "any schema"
		}
		indent, width := strings.Repeat(" ", 14), a.width(a.out)
		fmt.Fprint(a.out, hang(p.bold(fmt.Sprintf("%-12s", s.Name))+"  ", s.Short, 14, width), hang(indent, s.Promise+".", 14, width),
			hang(indent, p.faint("For "+where+"."), 14, width))
	}
	return nil
}
