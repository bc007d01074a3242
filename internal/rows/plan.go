package rows

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/qarion/seedbed"
)

// Volume is a number of rows of one table.
type Volume struct {
	Definition *Definition
	N          int64
	Options    []Option // those of the definition are not added
}

// Plan fills tables with COPY, parents first, in one transaction. Before it commits it
// proves that every reference of the tables it wrote holds.
type Plan struct {
	// Volumes are the rows to make, at most one of each table.
	Volumes []Volume
	// Options are Seed, Now and WithModel. nil: their defaults.
	Options []Option
	// Progress is called a few times a second, by one goroutine at a time. nil: it is not
	// called.
	Progress func(Progress)
	// Triggers leaves row triggers on.
	Triggers bool
	// WithoutHooks fills tables whose definitions have an After, without running it.
	WithoutHooks bool
}

// Progress is how far a Plan is.
type Progress struct {
	Table string        // being written, or proven
	Stage Stage         // what is being done with it
	Done  int64         // rows of the table so far
	Rows  int64         // rows of the table altogether
	Total int64         // rows of all tables altogether
	All   int64         // rows of all tables so far
	Time  time.Duration // since Run began
}

// Stage is what a Plan does with a table.
type Stage string

// Stages.
const (
	Writing Stage = "write"
	Proving Stage = "prove"
)

// Report is what a Plan did.
type Report struct {
	Tables   []TableReport // in the order written
	Rows     int64
	Write    time.Duration // COPY, generating included: it runs beside it
	Prove    time.Duration
	Triggers bool     // they were on
	Proven   int      // constraints that the proof has checked
	Notes    []string // what was assumed, a sentence each
}

// TableReport is what a Plan did to one table.
type TableReport struct {
	Table string
	Rows  int64
	Write time.Duration
	Wait  time.Duration // of that, the server's connection waited for rows to be generated
}

// ErrNothing is returned for a Plan without rows.
var ErrNothing = errors.New("the plan asks for no rows")

// Run carries the plan out. After an error nothing of it is kept.
func (p Plan) Run(ctx context.Context, db seedbed.DB, by Caller) (Report, error) {
	if len(p.Volumes) == 0 {
		return Report{}, fmt.Errorf("fill: %w", ErrNothing)
	}
	d, chosen, err := databaseOf(ctx, db, p.Options)
	if err != nil {
		return Report{}, fmt.Errorf("fill: %w", err)
	}
	seed, now, err := chosen.seedAndNow(by.Test, d.address)
	if err != nil {
		return Report{}, fmt.Errorf("fill: %w", err)
	}
	forget(d.address) // reading the fingerprint again is cheap beside a fill
	var report Report
	err = retry(ctx, db, d, func() error {
		s, err := d.schema(ctx, db)
		if err != nil {
			return err
		}
		if s, err = p.solveChecksAhead(ctx, db, s); err != nil {
			return err
		}
		scope := newNumberScope(d, by.Test, seed)
		shortages := &shortages{makeNew: map[string]bool{}, multiplier: map[string]int64{}}
		again := true
		for tries := 0; again && tries < 24; tries++ {
			report, again, err = p.runOnce(ctx, db, s, scope, now, shortages)
		}
		return err
	})
	if err != nil {
		return Report{}, fmt.Errorf("fill: %w", ExplainRights(db, err))
	}
	return report, nil
}

// runOnce carries the plan out in a transaction. It returns true where the plan should be
// tried again: there were too few parents or, once, another session may have given the
// parents that it found a child.
func (p Plan) runOnce(ctx context.Context, db seedbed.DB, s *schema, scope numberScope, now time.Time, shortages *shortages) (report Report, again bool, err error) {
	inTx, known := transactional(db)
	load := &bulkLoad{plan: p, schema: s, scope: scope, now: now, began: time.Now(), shortages: shortages, inCallersTx: inTx || !known}
	err = transact(ctx, db, func(tx pgx.Tx) error {
		load.tx = tx
		err := load.run(ctx)
		if err != nil && load.at != nil {
			return &TableError{load.at.name, err}
		}
		return err
	})
	if err != nil && ctx.Err() != nil && !errors.Is(err, ctx.Err()) {
		err = fmt.Errorf("%w: %v", ctx.Err(), err)
	}
	if err != nil {
		raced := load.racesForParents && !shortages.raced && isUniqueViolation(err)
		shortages.raced = shortages.raced || raced
		return Report{}, raced || errors.Is(err, errMoreParents), err
	}
	return load.report, false, nil
}
