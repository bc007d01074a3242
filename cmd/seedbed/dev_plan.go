package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/qarion/seedbed/internal/demo"
	"github.com/qarion/seedbed/internal/dev"
)

// plan is what the flags ask for; a database that is there keeps to the migrations
// it was built from. What the seed had to leave out is in left afterwards.
func (f devFlags) plan(ctx context.Context, server *dev.Server) (plan dev.Plan, left *[]string, err error) {
	plan.Source, left = f.migrations, new([]string)
	if plan.Source == "" {
		d, err := server.Database(ctx, "")
		var none *dev.NoDatabaseError
		if err != nil && !errors.As(err, &none) {
			return plan, left, err
		}
		if err == nil {
			plan.Source = d.Source
		}
	}
	if f.empty {
		return plan, left, nil
	}
	plan.Seeded = fmt.Sprintf("demo (seed %d)", f.seed)
	plan.Seed = func(ctx context.Context, db *pgxpool.Pool, progress func(string, int, int)) (err error) {
		o := demo.Options{Seed: f.seed, Progress: progress}
		if plan.Source == "" {
			return demo.Seed(ctx, db, o)
		}
		*left, err = demo.Auto(ctx, db, o)
		return err
	}
	return plan, left, nil
}
