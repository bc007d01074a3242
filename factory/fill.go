package factory

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/qarion/seedbed"
)

// Volume is a number of rows of one table: an item of a Plan.
type Volume struct {
	bp      *blueprint
	n       int64
	options []option
}

// N asks for n rows in a Plan; 0 rows are as if the volume were not there. A volume that In, On or By places has the same
// parents throughout; one that nothing places is spread over the tenants and
// parents of the plan, or of the database: few get much, many get little.
func (f *Factory[T]) N(n int64, options ...Option) Volume {
	return Volume{bp: f.bp, n: n, options: f.all(options)}
}

// Plan fills tables. It writes parents first with COPY, in one transaction, and
// proves before it commits that every reference of every table it touched holds.
//
//	report, err := factory.Plan{Rows: []factory.Volume{
//		factory.Spaces.N(1000), factory.Datasets.N(20_000), factory.Comments.N(1_000_000),
//	}}.Run(ctx, db)
//
// Parents that the plan leaves out are taken from the database, and made where
// there are none. Memory does not grow with the rows, only with the keys of tables
// that others reference (16 bytes each, a million a table at most).
//
// Where the role may, row triggers are off meanwhile: those of foreign keys, whose
// work the proof does, and the schema's own, which then do not see these rows.
// Rows that the new ones reference must not be deleted by others at the same time.
//
// What a factory does row by row a plan cannot do: one with an After hook, or with
// Has, is refused, whether its rows were asked for or are needed as parents. Give
// children a volume of their own, and see WithoutHooks.
type Plan struct {
	// Rows to make. Tables may be named once each.
	Rows []Volume
	// Options that hold for all: Seed, Now, WithModel. nil: their defaults.
	Options []Option
	// Progress is told a few times a second how far it is, from another goroutine
	// than Run's caller, never from two at once. nil: nobody is.
	Progress func(Progress)
	// Triggers leaves row triggers on: slower, and every trigger sees every row.
	Triggers bool
	// WithoutHooks fills tables whose factories have an After hook, without running
	// it. Otherwise they are an error: rows would lack what the hook adds.
	WithoutHooks bool
}

// Progress is how far a Plan is.
type Progress struct {
	Table string        // being written, or proven
	Stage Stage         // what is being done with it
	Done  int64         // rows of the table
	Rows  int64         // that it will have
	Total int64         // rows of all tables
	All   int64         // rows written so far, of all tables
	Time  time.Duration // since Run began
}

// Stage of a Plan.
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
	Triggers bool // they were on: the role could not switch them off, or was told not to
	Proven   int  // constraints looked at
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

// Fill makes n rows as a Plan does, and fails the test where that fails.
func (f *Factory[T]) Fill(t testing.TB, db seedbed.DB, n int64, options ...Option) Report {
	t.Helper()
	return Fill(t, db, f.N(n, options...))
}

// FillContext is Fill for programs: it returns the error.
func (f *Factory[T]) FillContext(ctx context.Context, db seedbed.DB, n int64, options ...Option) (Report, error) {
	return FillContext(ctx, db, f.N(n, options...))
}

// Fill runs a Plan of those volumes, and fails the test where that fails.
func Fill(t testing.TB, db seedbed.DB, volumes ...Volume) Report {
	t.Helper()
	report, err := Plan{Rows: volumes}.run(t.Context(), db, callerOf(t))
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// FillContext is Fill for programs: it returns the error. See Plan for progress.
func FillContext(ctx context.Context, db seedbed.DB, volumes ...Volume) (Report, error) {
	return Plan{Rows: volumes}.Run(ctx, db)
}

// Run carries the plan out. On an error nothing of it is kept: a *ProofError tells
// which constraint did not hold, with sample rows.
func (p Plan) Run(ctx context.Context, db seedbed.DB) (Report, error) {
	return p.run(ctx, db, caller{})
}

func (p Plan) run(ctx context.Context, db seedbed.DB, by caller) (Report, error) {
	if len(p.Rows) == 0 {
		return Report{}, fmt.Errorf("fill: %w", ErrNothing)
	}
	addr, err := address(ctx, db)
	if err != nil {
		return Report{}, fmt.Errorf("fill: %w", err)
	}
	options := optionsFor(nil, p.Options)
	plain, err := newCall(nil, options)
	if err != nil {
		return Report{}, fmt.Errorf("fill: %w", err)
	}
	seed, now, err := plain.settings.resolve(by.test)
	if err != nil {
		return Report{}, fmt.Errorf("fill: %w", err)
	}
	forget(addr) // a fill is worth a fresh look
	var report Report
	err = persist(ctx, db, addr, options, func() error {
		s, err := schemaOf(ctx, db, addr, plain.settings.model)
		if err != nil {
			return err
		}
		w := newWorld(ctx, addr, by.test, seed)
		enough := &supplies{fresh: map[string]bool{}, factor: map[string]int64{}}
		again := true
		for tries := 0; again && tries < 24; tries++ {
			report, again, err = p.attempt(ctx, db, s, w, now, enough)
		}
		return err
	})
	if err != nil {
		return Report{}, fmt.Errorf("fill: %w", err)
	}
	return report, nil
}

// attempt carries the plan out in a transaction of its own. It says to try again
// where parents were too few, and once where another session may have been faster to
// give a child to the parents that it found.
func (p Plan) attempt(ctx context.Context, db seedbed.DB, s *schema, w world, now time.Time, enough *supplies) (report Report, again bool, err error) {
	inTx, known := transactional(db)
	f := &filling{plan: p, schema: s, world: w, now: now, began: time.Now(), supplies: enough, nested: inTx || !known}
	err = transact(ctx, db, func(tx pgx.Tx) error {
		f.tx = tx
		return f.run(ctx)
	})
	if err != nil && ctx.Err() != nil && !errors.Is(err, ctx.Err()) {
		err = fmt.Errorf("%w: %v", ctx.Err(), err)
	}
	if err != nil {
		raced := f.borrowed && !enough.raced && taken(err)
		enough.raced = enough.raced || raced
		return Report{}, raced || errors.Is(err, errMoreParents), err
	}
	return f.report, false, nil
}
