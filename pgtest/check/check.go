package check

import (
	"context"
	"testing"
	"time"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/internal/audit"
)

// Isolation fails the test where tenants are not kept apart. It looks at the
// catalog (tenant columns, composite keys, policies, roles, views, functions,
// partitions, aggregates), at the rows (no reference leads into another tenant),
// and then becomes the application's role, in a transaction that is rolled back,
// and tries to read, write and infer what belongs to another tenant; each attempt
// is paired with the same on a row of its own, which must succeed.
//
//	check.Isolation(t, db)
//
// On a schema without row-level security it checks what it can, and logs what it
// could not. Where nothing of isolation could be checked, because no tenancy was found
// or no role could be tried, it fails: an Exception of rule "not-checked" for the part
// that the message names says that this is meant. Of several options the last counts.
func Isolation(t testing.TB, db seedbed.DB, opt ...Options) {
	t.Helper()
	report, err := IsolationContext(t.Context(), db, last(opt))
	conclude(t, "Isolation", report, err)
}

// IsolationContext is Isolation for programs: it returns what it found. An error says
// that it could not run: a connection that was lost, a role of opt that does not exist.
// It takes some hundreds of milliseconds, and writes only in a transaction that it rolls
// back.
func IsolationContext(ctx context.Context, db seedbed.DB, opt Options) (*Report, error) {
	return reportOf(audit.Isolation(ctx, db, opt.engine()))
}

// Integrity fails the test where references are not whole: polymorphic pairs that
// point at nothing or into another tenant, shadow keys that disagree with their
// pair, subtypes without their row, settings that do not fit their type, rows that
// break a constraint which was not validated or was switched off, rows that lead
// nowhere by a column without a key that is named for a table, deferred
// constraints that COMMIT would refuse, sequences behind their column, rows in the
// wrong partition.
//
//	check.Integrity(t, db)
//
// It reads and never writes. It steps up to a role that sees all rows where the
// session may (in a transaction of its own); where it may not, that is a finding,
// for a check that sees nothing finds nothing. On a test's database it takes some
// tens of milliseconds.
//
// Of millions of rows it reads counts and a few samples, so its memory stays at a
// few megabytes; Options.Progress is told of every step, and what took longer than
// ten seconds is logged with its slowest steps. 10 million comments of the reference
// schema took a minute and a half. Of several options the last counts.
func Integrity(t testing.TB, db seedbed.DB, opt ...Options) {
	t.Helper()
	report, err := IntegrityContext(t.Context(), db, last(opt))
	conclude(t, "Integrity", report, err)
}

// IntegrityContext is Integrity for programs: it returns what it found. An error says
// that it could not run, as of IsolationContext.
func IntegrityContext(ctx context.Context, db seedbed.DB, opt Options) (*Report, error) {
	return reportOf(audit.Integrity(ctx, db, opt.engine()))
}

func last(opt []Options) Options {
	if len(opt) == 0 {
		return Options{}
	}
	return opt[len(opt)-1]
}

// long is how long a check takes before it says where the time went.
const long = 10 * time.Second

// conclude tells the test.
func conclude(t testing.TB, name string, report *Report, err error) {
	t.Helper()
	switch {
	case err != nil:
		t.Fatalf("check.%s: %v", name, err)
	case len(report.Findings) > 0 || report.inner.InVain():
		t.Error("check." + name + ": " + report.String())
	case len(report.Unchecked) > 0 || report.Elapsed >= long:
		t.Log("check." + name + ": " + report.String())
	}
}
