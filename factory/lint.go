package factory

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/internal/rows"
)

// Linting tries factories and constraints out on a database, in a transaction that is
// rolled back.
//
// It creates the rows of each volume. Then it makes, for every constraint of every table, a
// row that breaks this constraint and, where possible, no other; the database must refuse
// the row and name the constraint. The report lists each constraint for which that was not
// seen, with the reason: a constraint that nothing can violate protects nothing.
type Linting struct {
	// Rows are the factories to try, with the options to try them with. nil: constraints only.
	Rows []Volume
	// Model declares what the tables mean. nil: seedbed.Discover is asked.
	Model *seedbed.Model
}

// LintReport is what Linting found.
type LintReport struct {
	// Failures are factories whose rows the database refused.
	Failures []error
	// Proven counts the constraints that refused a row made to break them.
	Proven int
	// Unproven constraints, with the reason.
	Unproven []Unproven
}

// Unproven is a constraint that was not seen to refuse a row.
type Unproven struct {
	Table      string
	Constraint string // the name; of NOT NULL, the column's
	Definition string
	Reason     string
}

// String writes a line for each finding.
func (r LintReport) String() string {
	var b strings.Builder
	for _, err := range r.Failures {
		fmt.Fprintf(&b, "factory: %v\n", err)
	}
	for _, u := range r.Unproven {
		fmt.Fprintf(&b, "unproven: %s.%s, %s: %s\n", u.Table, u.Constraint, u.Definition, u.Reason)
	}
	fmt.Fprintf(&b, "%d constraints proven to bite, %d not", r.Proven, len(r.Unproven))
	return b.String()
}

// Lint runs a Linting of those volumes and logs its report. A factory whose rows are
// refused fails the test; a constraint that is not proven does not.
func Lint(t testing.TB, db seedbed.DB, volumes ...Volume) LintReport {
	t.Helper()
	report, err := Linting{Rows: volumes}.Run(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range report.Failures {
		t.Error(err)
	}
	t.Log(report)
	return report
}

// Run lints. The error is of the database or the catalog; findings are in the report.
func (l Linting) Run(ctx context.Context, db seedbed.DB) (LintReport, error) {
	found, err := rows.Lint(ctx, db, volumes(l.Rows), l.Model)
	report := LintReport{Proven: found.Proven}
	for _, failure := range found.Failures {
		report.Failures = append(report.Failures, publicError(failure))
	}
	for _, u := range found.Unproven {
		report.Unproven = append(report.Unproven, Unproven(u))
	}
	return report, publicError(err)
}
