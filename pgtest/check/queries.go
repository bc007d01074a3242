package check

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/qarion/seedbed/internal/report"
	"github.com/qarion/seedbed/internal/trace"
)

// Budget says what statements a scope may send. Its zero value forbids N+1 only.
type Budget struct {
	// Max is the most statements; those of a batch count one by one. BEGIN, COMMIT,
	// savepoints, SET and set_config do not count. Zero: any number. To allow none, say -1.
	Max int
	// Shapes is how often statements that contain a text may be sent, such as
	// {"FROM users": 1}. Nil: any number.
	Shapes map[string]int
	// Repeats is from how many times on the same shape, sent by the same path of calls,
	// is an N+1. Zero: 2.
	Repeats int
	// Allow are repetitions that are intended. Nil: none.
	Allow []Allowed
}

// Allowed excuses a repetition. It must say why.
type Allowed struct {
	// Contains is part of the statement's shape. Zero: any.
	Contains string
	// Site is the end of its file:line, or file. Zero: any.
	Site string
	// Reason is required: an entry without one is an error.
	Reason string
}

// Statement is one that the code under test sent.
type Statement struct {
	SQL  string
	Args []any
	// Site is the line of the user's own code that sent it, as file:line.
	Site string
	// Rows that it affected or returned.
	Rows int64
	// Err that it failed with, or nil.
	Err error
	// Batch is the number of the pgx.Batch that it was sent in. Zero: none.
	Batch int
}

// Scope is the statements of one test.
type Scope struct {
	t      testing.TB
	budget Budget
	trace  *trace.Scope
	close  func()
	done   atomic.Bool
}

// Queries counts what is sent through db from here to the end of the test, and then
// fails the test where that is over the budget or is an N+1: the same statement, but for
// its values, sent again by the same path of calls. A repository method that is called
// on two lines is two paths; one that is called in a loop is one.
//
//	check.Queries(t, db, check.Budget{Max: 4})
//	page, err := api.Thread(t.Context(), db, id)
//
// db is a *pgtest.DB or what it gave; or a pool or *sql.DB that Trace has seen, a
// connection or a transaction of one. Tests that share a pool while they run in parallel
// are told apart by context: hand what Context returns to the code under test. Requests
// to a server that runs on goroutines of its own have one path: give each its own scope,
// and end it with Done. What factories, fixtures and checks send is not counted. Of
// several budgets the last counts.
func Queries(t testing.TB, db any, budget ...Budget) *Scope {
	t.Helper()
	tracer, err := tracerOf(t.Context(), db)
	if err != nil {
		t.Fatalf("check.Queries: %v", err)
		return nil
	}
	s := &Scope{t: t, trace: &trace.Scope{Name: t.Name()}}
	if len(budget) > 0 {
		s.budget = budget[len(budget)-1]
	}
	for _, a := range s.budget.Allow {
		if a.Reason == "" {
			t.Fatalf("check.Queries: Budget.Allow %q has no Reason: say why the repetition is meant", cmp.Or(a.Contains, a.Site))
		}
	}
	tracer.Open(s.trace)
	s.close = func() { tracer.Close(s.trace) }
	t.Cleanup(s.Done)
	return s
}

// Context returns a context whose statements count for this scope, whichever pool
// of Trace's they go through, and whatever runs beside it.
func (s *Scope) Context(parent context.Context) context.Context { return trace.With(parent, s.trace) }

// Statements so far, in the order they were sent.
func (s *Scope) Statements() []Statement {
	var out []Statement
	for _, st := range s.trace.Statements() {
		out = append(out, Statement{SQL: st.SQL, Args: st.Args, Site: st.Site(), Rows: st.Rows, Err: st.Err, Batch: st.Batch})
	}
	return out
}

// Count of the statements so far.
func (s *Scope) Count() int { return len(s.trace.Statements()) }

// Done ends the scope and judges it, once. The end of the test does it too.
func (s *Scope) Done() {
	s.t.Helper()
	if s.done.Swap(true) {
		return
	}
	s.close()
	statements := s.trace.Statements()
	if findings := s.budget.judge(statements); len(findings) > 0 {
		s.t.Error("check.Queries: " + formatQueries(len(statements), findings))
	}
	if s.trace.Unclaimed() {
		s.t.Log("check.Queries: statements of several tests went through one pool at a time, and were not counted where no context told them apart; use Scope.Context")
	}
}

// judge is the engine: it knows no test.
func (b Budget) judge(statements []trace.Statement) []report.Finding {
	var out []report.Finding
	if most := max(b.Max, 0); b.Max != 0 && len(statements) > most {
		out = append(out, report.Finding{Rule: "query-budget", Object: fmt.Sprintf("%d of %d", len(statements), most),
			Message:  fmt.Sprintf("%s were sent, %d are allowed", report.Count(len(statements), "statement"), most),
			Evidence: tally(statements), Fix: "load what belongs together in one statement, or raise Budget.Max with a reason"})
	}
	for _, text := range slices.Sorted(maps.Keys(b.Shapes)) {
		var hits []trace.Statement
		for _, st := range statements {
			if strings.Contains(trace.Shape(st.SQL), text) {
				hits = append(hits, st)
			}
		}
		if len(hits) > b.Shapes[text] {
			out = append(out, report.Finding{Rule: "shape-budget", Object: text,
				Message:  fmt.Sprintf("%s with %q were sent, %d are allowed", report.Count(len(hits), "statement"), text, b.Shapes[text]),
				Evidence: tally(hits)})
		}
	}
	return append(out, b.repetitions(statements)...)
}

// tally lists shapes with how often and from where.
func tally(statements []trace.Statement) []string {
	number := map[string]int{}
	var order []string
	for i := range statements {
		line := statements[i].Site() + "  " + trace.Shape(statements[i].SQL)
		if number[line] == 0 {
			order = append(order, line)
		}
		number[line]++
	}
	out := make([]string, len(order))
	for i, line := range order {
		out[i] = fmt.Sprintf("%d × %s", number[line], line)
	}
	return out
}

func formatQueries(n int, findings []report.Finding) string {
	return fmt.Sprintf("%s in %s\n", report.Count(len(findings), "finding"), report.Count(n, "statement")) + formatFindings(findings)
}

func formatFindings(findings []report.Finding) string {
	var b strings.Builder
	for _, f := range findings {
		b.WriteString("\n")
		f.Rows = 0
		f.WriteText(&b)
	}
	return b.String()
}
