package main

import (
	"context"
	"errors"
	"fmt"

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
	}
	if err := a.find(ctx, &f); err != nil {
		return plan, nil, err
	}
	plan.Source = f.source
	if d != nil && !f.seedSet {
		f.empty = d.Seeded == ""
		_, _ = fmt.Sscanf(d.Seeded, seededBy, &f.scenario, &f.seed)
	}
	left = new([]string)
	if f.empty {
		return plan, left, nil
	}
	world, err := scenario.Named(f.scenario)
	if err != nil {
		return plan, nil, usagef("--scenario: %v", err)
	}
	plan.Seeded = fmt.Sprintf(seededBy, f.scenario, f.seed)
	plan.Seed = func(ctx context.Context, db *pgxpool.Pool, progress func(string, int, int)) (err error) {
		model, err := a.corrected(ctx, db)
		if err != nil {
			return err
		}
		*left, err = world.Fill(ctx, db, scenario.Options{Seed: f.seed, Model: model, Progress: progress, Filling: func(p factory.Progress) {
			progress(string(p.Stage)+" "+p.Table, int(min(p.All, p.Total)), int(p.Total))
		}})
		return err
	}
	return plan, left, nil
}

// seededBy is how a database's record says what it was filled with.
const seededBy = "%s (seed %d)"
