package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/qarion/seedbed/factory"
	"github.com/qarion/seedbed/internal/dev"
	"github.com/qarion/seedbed/internal/scenario"
)

// plan is what the flags ask for, and where they are silent what the database that
// is there was built from. What the seed had to leave out is in left afterwards.
func (a *app) plan(ctx context.Context, f devFlags, server *dev.Server) (plan dev.Plan, left *[]string, err error) {
	d, err := server.Database(ctx, dev.Fresh) // as it was built, whatever has become of it
	var none *dev.NoDatabaseError
	if errors.As(err, &none) {
		d, err = server.Database(ctx, "")
	}
	if err != nil && !errors.As(err, &none) {
		return plan, nil, err
	}
	if d != nil && !f.sourceSet {
		f.source, f.sourceSet = d.Source, true
		if f.source.Reference() {
			a.noteFound(server.Project.Database(), d.Created)
		}
	}
	if err := a.find(ctx, &f); err != nil {
		return plan, nil, err
	}
	plan.Source = f.source
	if d != nil && !f.seedSet {
		f.empty = d.Seeded == ""
		named := f.seed
		if f.readSeeded(d.Seeded); f.seedNamed {
			f.seed = named
		}
	}
	left = new([]string)
	if f.empty {
		return plan, left, nil
	}
	world, err := scenario.Named(f.scenario)
	if err != nil {
		return plan, nil, usagef("--scenario: %v", err)
	}
	plan.Seeded = f.seeded()
	c, err := a.loadConfig()
	if err != nil {
		return plan, nil, err
	}
	plan.Model = c.model()
	now := f.now.orToday()
	plan.Seed = func(ctx context.Context, db *pgxpool.Pool, progress func(string, int, int)) (err error) {
		model, err := a.corrected(ctx, db)
		if err != nil {
			return err
		}
		*left, err = world.Fill(ctx, db, scenario.Options{Seed: f.seed, Now: now, Model: model, Progress: progress, Filling: func(p factory.Progress) {
			progress(string(p.Stage)+" "+p.Table, int(min(p.All, p.Total)), int(p.Total))
		}})
		if errors.Is(err, scenario.ErrNothing) { // the migrations have filled it, or it cannot be
			*left, err = append(*left, err.Error()), nil
		}
		return err
	}
	return plan, left, nil
}

// noteFound tells that a database has the reference schema although the project has
// migrations. They came later: of migrations that were there before, the user was told and
// asked for the reference schema.
func (a *app) noteFound(database string, built time.Time) {
	places, err := dev.Locate(".")
	if err != nil || len(places) == 0 {
		return
	}
	if info, err := os.Stat(places[0].Path); err != nil || info.ModTime().Before(built) {
		return
	}
	fmt.Fprintf(a.err, "note: %s was built from the reference schema, and migrations are in %s. To build it from them and discard its rows: seedbed reset%s\n",
		database, places[0].Name, sourceArguments(dev.Source{places[0].Path}))
}

// seeded is how a database's record says what it was filled with. Today, which is what
// holds without --now, is left out: the database stays as it is when the day is over.
func (f devFlags) seeded() string {
	if f.now.IsZero() {
		return fmt.Sprintf("%s (seed %d)", f.scenario, f.seed)
	}
	return fmt.Sprintf("%s (seed %d, now %s)", f.scenario, f.seed, f.now.String())
}

// readSeeded takes from a database's record what it was filled with.
func (f *devFlags) readSeeded(record string) {
	var now string
	if n, _ := fmt.Sscanf(record, "%s (seed %d, now %s", &f.scenario, &f.seed, &now); n == 3 {
		_ = f.now.Set(strings.TrimSuffix(now, ")"))
	}
}
