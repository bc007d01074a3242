package check

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/internal/audit"
	"github.com/qarion/seedbed/internal/report"
	"github.com/qarion/seedbed/internal/rows"
)

// MutationOptions choose what Mutations takes away. Their zero value: everything.
type MutationOptions struct {
	// Model says what the tables mean. Nil: what seedbed.Discover reads.
	Model *seedbed.Model
	// Tables to take protections from. Nil: all that are scoped.
	Tables []string
	// Except are mutations that the test need not notice, by Object, each with a
	// Reason. Nil: none.
	Except []Exception
}

// Mutations finds out what a test would notice. It takes one protection of the
// tenants' tables away at a time (FORCE, a policy, a composite key, …), in a
// savepoint, runs test on that, and wants it to fail. What survives is what the
// test does not look at.
//
//	check.Mutations(t, db, func(t testing.TB, db seedbed.DB) { testIsolation(t, db) })
//
// test gets a transaction, in which it may SET LOCAL ROLE to the application's, and
// a testing.TB whose failures go nowhere. It runs once unharmed first, and then
// some ten times a table: choose tables where it is slow. Of several options the
// last counts.
//
// Some mutations survive every test that reads and writes as the application, for the
// rows are still whole and the application cannot tell. Without a call of Integrity in
// test those are the shadow keys of a polymorphic pair and the check that covers the
// pair. Without Isolation, or tests as another tenant, they are row-level security, FORCE
// and the policies, keys within the tenant, and a grant of TRUNCATE. A foreign key whose
// column nothing else in the schema explains (author_id, without its key) survives both:
// test that it refuses another tenant's row, or name it in Except.
func Mutations(t testing.TB, db seedbed.DB, test func(t testing.TB, db seedbed.DB), opt ...MutationOptions) {
	t.Helper()
	if test == nil {
		t.Fatal("check.Mutations: there is no test: pass the function whose failures count")
	}
	var o audit.MutationOptions
	if len(opt) > 0 {
		given := opt[len(opt)-1]
		o = audit.MutationOptions{Model: given.Model, Tables: given.Tables, Except: exceptions(given.Except)}
	}
	var last *trial
	survivors, total, err := audit.Mutations(t.Context(), db, o, func(_ audit.Mutation, db seedbed.DB) (bool, error) {
		last = try(t, func(tb testing.TB) { test(tb, db) })
		return !last.failed, t.Context().Err()
	})
	switch {
	case errors.Is(err, audit.ErrUnharmed):
		t.Fatalf("check.Mutations: %v, so its failures would say nothing:\n%s", err, strings.Join(last.said, "\n"))
	case err != nil:
		t.Fatalf("check.Mutations: %v", rows.ExplainRights(db, err))
	case total == 0:
		t.Fatal("check.Mutations: there is no mutation to notice: no table has tenants, or MutationOptions leaves none")
	case len(survivors) > 0:
		t.Error("check.Mutations: " + formatSurvivors(survivors, total))
	default:
		t.Logf("check.Mutations: all %d were noticed", total)
	}
}

func formatSurvivors(survivors []audit.Mutation, total int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d of %d mutations were noticed; these were not\n\n", total-len(survivors), total)
	for _, m := range survivors {
		report.Hang(&b, "  - ", m.Object+": "+m.Name)
		report.Hang(&b, "    | ", m.SQL)
	}
	b.WriteString("\n")
	report.Hang(&b, "  fix  ", "test what each of them protects, as another tenant; or name it in MutationOptions.Except, with the reason")
	return b.String()
}

// trial is a testing.TB that a test may fail without failing the one around it.
type trial struct {
	testing.TB
	failed   bool
	said     []string
	cleanups []func()
}

// try runs a test to its end, in a goroutine of its own: FailNow leaves it.
func try(t testing.TB, test func(testing.TB)) *trial {
	tr := &trial{TB: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer tr.end()
		test(tr)
	}()
	<-done
	return tr
}

func (tr *trial) end() {
	if p := recover(); p != nil {
		tr.failed = true
		tr.said = append(tr.said, fmt.Sprint("panic: ", p))
	}
	for i := len(tr.cleanups) - 1; i >= 0; i-- {
		tr.cleanups[i]()
	}
}

func (tr *trial) Helper()                   {}
func (tr *trial) Cleanup(f func())          { tr.cleanups = append(tr.cleanups, f) }
func (tr *trial) Failed() bool              { return tr.failed }
func (tr *trial) Fail()                     { tr.failed = true }
func (tr *trial) FailNow()                  { tr.failed = true; runtime.Goexit() }
func (tr *trial) Log(args ...any)           { tr.said = append(tr.said, fmt.Sprint(args...)) }
func (tr *trial) Logf(f string, a ...any)   { tr.Log(fmt.Sprintf(f, a...)) }
func (tr *trial) Error(args ...any)         { tr.Log(args...); tr.Fail() }
func (tr *trial) Errorf(f string, a ...any) { tr.Logf(f, a...); tr.Fail() }
func (tr *trial) Fatal(args ...any)         { tr.Log(args...); tr.FailNow() }
func (tr *trial) Fatalf(f string, a ...any) { tr.Logf(f, a...); tr.FailNow() }
func (tr *trial) Skip(args ...any)          { tr.Log(args...); tr.SkipNow() }
func (tr *trial) Skipf(f string, a ...any)  { tr.Logf(f, a...); tr.SkipNow() }
func (tr *trial) SkipNow()                  { runtime.Goexit() }
func (tr *trial) Skipped() bool             { return false }
