package factory

import (
	"context"
	"testing"
	"time"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/internal/rows"
)

// Volume is a number of rows of one table, for a Plan.
type Volume struct{ volume rows.Volume }

// N returns a Volume of n rows; a Plan skips 0 rows. With In, On or By all rows get the
// same parents. Without, a Plan spreads them over its tenants and parents, or those of the
// database: a few get many, many get a few.
func (f *Factory[T]) N(n int64, options ...Option) Volume {
	return Volume{rows.Volume{Definition: f.definition(), N: n, Options: f.allOptions(options)}}
}

// Plan fills tables. It writes parents first with COPY, in one transaction, and proves
// before it commits that every reference of the tables it wrote holds.
//
//	report, err := factory.Plan{Rows: []factory.Volume{
//		factory.Spaces.N(1000), factory.Datasets.N(20_000), factory.Comments.N(1_000_000),
//	}}.Run(ctx, db)
//
// Parents that the plan leaves out are taken from the database, and made where there are
// none. Memory does not grow with the rows, only with the keys of tables that other tables
// reference (16 bytes each, at most a million a table).
//
// Where the role may, row triggers are disabled meanwhile: those of foreign keys, whose
// work the proof does, and the schema's own, which then do not see these rows. Other
// sessions must not delete rows that the new ones reference at the same time.
//
// A plan cannot run After hooks or make the children of Has. A factory that has them is
// refused, whether the plan asks for its rows or needs them as parents. Give children a
// volume of their own, and see WithoutHooks.
type Plan struct {
	// Rows are the rows to make, at most one volume of each table.
	Rows []Volume
	// Options hold for all volumes: Seed, Now, WithModel. nil: their defaults.
	Options []Option
	// Progress is called a few times a second, from another goroutine than Run's caller, never
	// by two at once. nil: it is not called.
	Progress func(Progress)
	// Triggers leaves row triggers enabled: slower, and every trigger sees every row.
	Triggers bool
	// WithoutHooks fills tables whose factories have an After hook, without running it.
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
	Writing = Stage(rows.Writing)
	Proving = Stage(rows.Proving)
)

// Report is what a Plan did.
type Report struct {
	Tables   []TableReport // in the order written
	Rows     int64
	Write    time.Duration // COPY, generating included: it runs beside it
	Prove    time.Duration
	Triggers bool     // they were enabled: the role may not disable them, or Plan.Triggers is set
	Proven   int      // constraints that the proof has checked
	Notes    []string // a sentence for each polymorphic pair whose targets nothing tells: where its rows point
}

// TableReport is what a Plan did to one table.
type TableReport struct {
	Table string
	Rows  int64
	Write time.Duration
	Wait  time.Duration // of that, the server's connection waited for rows to be generated
}

// ErrNothing is returned for a Plan without rows.
var ErrNothing = rows.ErrNothing

// Fill makes n rows with a Plan. On an error the test fails.
func (f *Factory[T]) Fill(t testing.TB, db seedbed.DB, n int64, options ...Option) Report {
	t.Helper()
	return Fill(t, db, f.N(n, options...))
}

// FillContext is Fill for programs: it returns the error.
func (f *Factory[T]) FillContext(ctx context.Context, db seedbed.DB, n int64, options ...Option) (Report, error) {
	return FillContext(ctx, db, f.N(n, options...))
}

// Fill runs a Plan of these volumes. On an error the test fails.
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

// Run carries the plan out. After an error nothing of it is kept: a *ProofError tells which
// constraint did not hold, with sample rows.
func (p Plan) Run(ctx context.Context, db seedbed.DB) (Report, error) {
	return p.run(ctx, db, program)
}

func (p Plan) run(ctx context.Context, db seedbed.DB, by rows.Caller) (Report, error) {
	plan := rows.Plan{Volumes: volumes(p.Rows), Options: optionsFor(nil, p.Options), Triggers: p.Triggers, WithoutHooks: p.WithoutHooks}
	if p.Progress != nil {
		plan.Progress = func(at rows.Progress) {
			p.Progress(Progress{at.Table, Stage(at.Stage), at.Done, at.Rows, at.Total, at.All, at.Time})
		}
	}
	r, err := plan.Run(ctx, db, by)
	report := Report{Rows: r.Rows, Write: r.Write, Prove: r.Prove, Triggers: r.Triggers, Proven: r.Proven, Notes: r.Notes}
	for _, t := range r.Tables {
		report.Tables = append(report.Tables, TableReport(t))
	}
	return report, publicError(err)
}

func volumes(all []Volume) []rows.Volume {
	out := make([]rows.Volume, len(all))
	for i, v := range all {
		out[i] = v.volume
	}
	return out
}
