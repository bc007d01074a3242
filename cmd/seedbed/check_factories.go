package main

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/qarion/seedbed/factory"
	"github.com/qarion/seedbed/migrations"
)

// checkFactories tries the factories and the constraints out, in a transaction that
// is rolled back: on the reference schema every built-in factory with every trait,
// on any other the constraints alone.
func (a *app) checkFactories(ctx context.Context, f checkFlags) error {
	say := a.progress()
	defer say.stop()
	var report factory.LintReport
	err := a.with(ctx, f.target, func(ctx context.Context, db *pgxpool.Pool) error {
		say.Begin("check", "trying the constraints out")
		found, err := a.model(ctx, db)
		if err != nil {
			return err
		}
		linting := factory.Linting{Model: &found.Model}
		if migrations.Model().Equal(found.Model) {
			linting.Rows = factory.Builtin()
		}
		report, err = linting.Run(ctx, db)
		return err
	})
	say.stop()
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintln(a.out, report); err != nil {
		return err
	}
	if len(report.Failures) > 0 {
		return errFindings
	}
	return nil
}
