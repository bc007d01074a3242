package check

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/qarion/seedbed/internal/trace"
)

// Trace lets Queries and Hygiene see what goes through a pool. Call it before the
// pool is made; a tracer that is there already goes on working. The pools of
// pgtest are traced.
//
//	check.Trace(cfg)
//	pool, err := pgxpool.NewWithConfig(ctx, cfg)
//
// Outside of a test's scope it costs a look at the context for each query.
func Trace(cfg *pgxpool.Config) { cfg.ConnConfig.Tracer = trace.New(cfg.ConnConfig.Tracer) }

// Budget says what statements a scope may send. Its zero value forbids N+1 only.
type Budget struct {
	// Max is the most statements; those of a batch count one by one, transaction
	// control does not. Zero: any number. To allow none, say -1.
	Max int
	// Shapes is how often statements that contain a text may be sent, such as
	// {"FROM users": 1}. Nil: any number.
	Shapes map[string]int
	// Repeats is from how many times on the same shape from the same line is an N+1.
	// Zero: 2.
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
	// Reason is required: an entry without one excuses nothing.
	Reason string
}

// Statement that code under test sent.
type Statement = trace.Statement

// Scope is the statements of one test.
type Scope struct {
	t      testing.TB
	budget Budget
	trace  *trace.Scope
	close  func()
	once   sync.Once
}

// Queries counts what is sent through db from here to the end of the test, and then
// fails the test where that is over the budget or is an N+1: the same statement,
// but for its values, from the same line of code.
//
//	check.Queries(t, db, check.Budget{Max: 4})
//	page, err := api.Thread(t.Context(), db, id)
//
// db is a pool that Trace has seen, or a connection or transaction of one. Tests
// that share a pool while they run in parallel are told apart by context: hand
// what Context returns to the code under test. What factories, fixtures and checks
// send is not counted.
func Queries(t testing.TB, db any, budget ...Budget) *Scope {
	t.Helper()
	tracer := tracerOf(db)
	if tracer == nil {
		t.Fatalf("check.Queries: %T is not traced; call check.Trace(cfg) before its pool is made", db)
		return nil
	}
	s := &Scope{t: t, trace: &trace.Scope{Name: t.Name()}}
	if len(budget) > 0 {
		s.budget = budget[len(budget)-1]
	}
	tracer.Open(s.trace)
	s.close = func() { tracer.Close(s.trace) }
	t.Cleanup(s.Done)
	return s
}

// tracerOf finds the tracer of a handle: pools and connections tell their
// configuration, and transactions their connection.
func tracerOf(db any) *trace.Tracer {
	var found pgx.QueryTracer
	switch h := db.(type) {
	case interface{ Config() *pgxpool.Config }:
		found = h.Config().ConnConfig.Tracer
	case interface{ Config() *pgx.ConnConfig }:
		found = h.Config().Tracer
	case interface{ Conn() *pgx.Conn }:
		found = h.Conn().Config().Tracer
	}
	tracer, _ := found.(*trace.Tracer)
	return tracer
}

// Context returns a context whose statements count for this scope, whichever pool
// of Trace's they go through, and whatever runs beside it.
func (s *Scope) Context(parent context.Context) context.Context { return trace.With(parent, s.trace) }

// Statements so far, in the order they were sent.
func (s *Scope) Statements() []Statement { return s.trace.Statements() }

// Count of the statements so far.
func (s *Scope) Count() int { return len(s.Statements()) }

// Done ends the scope and judges it, once. The end of the test does it too.
func (s *Scope) Done() {
	s.t.Helper()
	s.once.Do(func() {
		s.t.Helper()
		s.close()
		statements := s.Statements()
		if findings := s.budget.judge(statements); len(findings) > 0 {
			s.t.Error("check.Queries: " + formatQueries(len(statements), findings))
		}
		if s.trace.Unclaimed() {
			s.t.Log("check.Queries: statements of several tests went through one pool at a time, and were not counted where no context told them apart; use Scope.Context")
		}
	})
}

// judge is the engine: it knows no test.
func (b Budget) judge(statements []Statement) []Finding {
	var out []Finding
	if most := max(b.Max, 0); b.Max != 0 && len(statements) > most {
		out = append(out, Finding{Rule: "query-budget", Object: fmt.Sprintf("%d of %d", len(statements), most),
			Message:  fmt.Sprintf("%s were sent, %d are allowed", count(len(statements), "statement"), most),
			Evidence: tally(statements), Fix: "load what belongs together in one statement, or raise Budget.Max with a reason"})
	}
	for _, text := range slices.Sorted(maps.Keys(b.Shapes)) {
		var hits []Statement
		for _, st := range statements {
			if strings.Contains(trace.Shape(st.SQL), text) {
				hits = append(hits, st)
			}
		}
		if len(hits) > b.Shapes[text] {
			out = append(out, Finding{Rule: "shape-budget", Object: text,
				Message:  fmt.Sprintf("%s with %q were sent, %d are allowed", count(len(hits), "statement"), text, b.Shapes[text]),
				Evidence: tally(hits)})
		}
	}
	return append(out, b.repetitions(statements)...)
}

// tally lists shapes with how often and from where.
func tally(statements []Statement) []string {
	number := map[string]int{}
	var order []string
	for i := range statements {
		line := statements[i].Site() + "  " + trace.Shape(statements[i].SQL)
		if number[line]++; number[line] == 1 {
			order = append(order, line)
		}
	}
	for i, line := range order {
		order[i] = fmt.Sprintf("%d × %s", number[line], line)
	}
	return order
}

// repetitions finds N+1. What is sent in one batch is one round trip, and none.
func (b Budget) repetitions(statements []Statement) []Finding {
	type key struct{ shape, site string }
	groups := map[key][]Statement{}
	var order []key
	for i := range statements {
		st := statements[i]
		if st.Kind != trace.Query {
			continue
		}
		k := key{trace.Shape(st.SQL), st.Site()}
		if groups[k] == nil {
			order = append(order, k)
		}
		groups[k] = append(groups[k], st)
	}
	least := b.Repeats
	if least <= 0 {
		least = 2
	}
	var out []Finding
	for _, k := range order {
		group := groups[k]
		if len(group) < least || b.allows(k.shape, k.site) {
			continue
		}
		out = append(out, Finding{Rule: "n-plus-one", Object: k.site, Rows: int64(len(group)),
			Message:  fmt.Sprintf("this line sent the same statement %d times", len(group)),
			Evidence: append([]string{k.shape}, arguments(group)...), Fix: batched(k.shape, group)})
	}
	return out
}

func (b Budget) allows(shape, site string) bool {
	return slices.ContainsFunc(b.Allow, func(a Allowed) bool {
		file := site[:max(strings.LastIndex(site, ":"), 0)]
		return a.Reason != "" && strings.Contains(shape, a.Contains) && (strings.HasSuffix(site, a.Site) || strings.HasSuffix(file, a.Site))
	})
}

// arguments of the first few.
func arguments(group []Statement) []string {
	var out []string
	for i, st := range group {
		if i == 3 {
			return append(out, fmt.Sprintf("… and %d more", len(group)-i))
		}
		var args []string
		for n, a := range st.Args {
			args = append(args, fmt.Sprintf("$%d = %.60s", n+1, fmt.Sprint(a)))
		}
		if len(args) > 0 {
			out = append(out, strings.Join(args, ", "))
		}
	}
	return out
}

var comparison = regexp.MustCompile(`([\w."]+)\s*=\s*\$(\d+)`)

// batched is the statement that does it at once, where it can be told: the one
// argument that varies becomes an array.
func batched(shape string, group []Statement) string {
	if strings.HasPrefix(strings.ToUpper(shape), "INSERT") {
		return "send the rows in one statement: INSERT … SELECT * FROM unnest($1, …), a pgx.Batch, or CopyFrom"
	}
	varying := map[string]bool{}
	for n := range group[0].Args {
		for _, st := range group[1:] {
			if n < len(st.Args) && fmt.Sprint(st.Args[n]) != fmt.Sprint(group[0].Args[n]) {
				varying[fmt.Sprint(n+1)] = true
			}
		}
	}
	if len(varying) == 0 {
		return "ask once, and keep the answer"
	}
	changed := false
	sql := comparison.ReplaceAllStringFunc(shape, func(found string) string {
		m := comparison.FindStringSubmatch(found)
		if len(varying) != 1 || !varying[m[2]] {
			return found
		}
		changed = true
		return fmt.Sprintf("%s = ANY($%s)", m[1], m[2])
	})
	if !changed {
		return "load them at once, with a join or = ANY($1)"
	}
	return "load them at once: " + sql
}

func formatQueries(n int, findings []Finding) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s in %s\n", count(len(findings), "finding"), count(n, "statement"))
	for _, f := range findings {
		b.WriteString("\n")
		f.Rows = 0
		writeFinding(&b, f)
	}
	return b.String()
}
