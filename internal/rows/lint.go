package rows

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/jackc/pgx/v5"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/internal/fake"
)

// LintReport is what Lint found.
type LintReport struct {
	Failures []error // definitions whose rows the database refused
	Proven   int     // constraints that refused a row made to break them
	Unproven []Unproven
}

// Unproven is a constraint that was not seen to bite.
type Unproven struct {
	Table      string
	Constraint string // the name; of NOT NULL, the column's
	Definition string
	Reason     string
}

// Lint creates the rows of volumes, then tries to break every constraint of every table,
// in a transaction that is rolled back. model nil: seedbed.Discover is asked. The error is of the database or the catalog; findings are in the report.
func Lint(ctx context.Context, db seedbed.DB, volumes []Volume, model *seedbed.Model) (LintReport, error) {
	addr, err := address(ctx, db)
	if err != nil {
		return LintReport{}, fmt.Errorf("lint: %w", err)
	}
	forget(addr) // constraints may have come since this database was looked at
	s, err := database{address: addr, model: model}.schema(ctx, db)
	if err != nil {
		return LintReport{}, fmt.Errorf("lint: %w", err)
	}
	tx, err := db.Begin(ctx)
	if err != nil {
		return LintReport{}, fmt.Errorf("lint: %w", err)
	}
	// Nothing stays, so every run counts from 0: two in one database take turns.
	c := &coverage{schema: s, tx: tx, world: world{database: addr, seed: fake.Derive(fake.DefaultSeed, "lint"), alone: &sync.Map{}}}
	if _, err = tx.Exec(ctx, "select pg_advisory_xact_lock(hashtextextended('seedbed lint', 0))"); err == nil {
		err = c.run(ctx, volumes)
	}
	if rerr := tx.Rollback(context.WithoutCancel(ctx)); err == nil && !errors.Is(rerr, pgx.ErrTxClosed) {
		err = rerr
	}
	if err != nil {
		return LintReport{}, fmt.Errorf("lint: %w", err)
	}
	return c.report, nil
}
