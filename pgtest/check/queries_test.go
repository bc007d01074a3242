package check_test

import (
	"context"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/qarion/seedbed/internal/testkit"
	"github.com/qarion/seedbed/pgtest/check"
)

// traced is a pool of our own on the test's database, with the tracer attached.
func traced(t testing.TB) *pgxpool.Pool {
	t.Helper()
	cfg, err := pgxpool.ParseConfig(reference(t).URL())
	if err != nil {
		t.Fatal(err)
	}
	check.Trace(cfg)
	pool, err := pgxpool.NewWithConfig(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}

// scoped runs f in a scope and returns what a test would be told.
func scoped(t testing.TB, db any, b check.Budget, f func(context.Context)) string {
	t.Helper()
	fake := testkit.NewRecorder(t)
	s := check.Queries(fake, db, b)
	f(s.Context(t.Context()))
	s.Done()
	return fake.Text()
}

func nPlusOne(t testing.TB, ctx context.Context, pool *pgxpool.Pool) {
	t.Helper()
	for i := range 5 {
		if _, err := pool.Exec(ctx, "SELECT name FROM datasets WHERE id = $1 AND row_count IS NULL", fmt.Sprintf("a131000%d-0000-4000-8000-000000000000", i)); err != nil {
			t.Fatal(err)
		}
	}
}

var testLine = regexp.MustCompile(`\S*(queries_test.go|hygiene_test.go):\d+`)

func stable(s string) string {
	return testLine.ReplaceAllStringFunc(s, func(m string) string { return strings.SplitN(filepath.Base(m), ":", 2)[0] + ":1" })
}

func TestQueriesFindsNPlusOne(t *testing.T) {
	t.Parallel()
	pool := traced(t)
	got := scoped(t, pool, check.Budget{}, func(ctx context.Context) { nPlusOne(t, ctx, pool) })
	golden(t, "nplusone", stable(got))
	if got := scoped(t, pool, check.Budget{Allow: []check.Allowed{{Site: "queries_test.go", Reason: "it is the point"}}},
		func(ctx context.Context) { nPlusOne(t, ctx, pool) }); got != "" {
		t.Errorf("allowed, but: %s", got)
	}
}

func TestQueriesKeepsBudgets(t *testing.T) {
	t.Parallel()
	pool := traced(t)
	work := func(ctx context.Context) {
		batch := &pgx.Batch{}
		for i := range 3 {
			batch.Queue("SELECT $1::int", i)
		}
		if err := pool.SendBatch(ctx, batch).Close(); err != nil {
			t.Fatal(err)
		}
		err := pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
			if _, err := tx.Exec(ctx, "CREATE TEMP TABLE c (n int) ON COMMIT DROP"); err != nil {
				return err
			}
			_, err := tx.CopyFrom(ctx, pgx.Identifier{"c"}, []string{"n"}, pgx.CopyFromRows([][]any{{1}, {2}}))
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	golden(t, "budget", stable(scoped(t, pool, check.Budget{Max: 2, Shapes: map[string]int{"COPY": 0, "nothing": 0}}, work)))
	if got := scoped(t, pool, check.Budget{Max: 5, Shapes: map[string]int{"COPY": 1}}, work); got != "" {
		t.Errorf("within the budget, but: %s", got)
	}
}

func TestParallelScopesOnOnePoolAreKeptApart(t *testing.T) {
	t.Parallel()
	pool := traced(t)
	one, two := check.Queries(testkit.NewRecorder(t), pool), check.Queries(testkit.NewRecorder(t), pool)
	defer one.Done()
	defer two.Done()
	for range 3 {
		if _, err := pool.Exec(one.Context(t.Context()), "SELECT 1"); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := pool.Exec(two.Context(t.Context()), "SELECT 2"); err != nil {
		t.Fatal(err)
	}
	if one.Count() != 3 || two.Count() != 1 {
		t.Errorf("counted %d and %d, want 3 and 1", one.Count(), two.Count())
	}
}

func TestQueriesOfAPgtestDatabaseNeedNoContext(t *testing.T) {
	t.Parallel()
	db := reference(t)
	s := check.Queries(t, db)
	if _, err := db.Exec(t.Context(), "SELECT 1"); err != nil {
		t.Fatal(err)
	}
	if s.Count() != 1 {
		t.Errorf("counted %d, want 1", s.Count())
	}
	check.Integrity(t, db)
	if s.Count() != 1 {
		t.Errorf("the check's own statements were counted: %d", s.Count())
	}
}

// BenchmarkQueries prints what a tracer and a scope add to the median query, as
// ratios. The three take turns, so that a noisy machine is noisy for all.
func BenchmarkQueries(b *testing.B) {
	pool := traced(b)
	plain, err := pgxpool.ParseConfig(pool.Config().ConnString())
	if err != nil {
		b.Fatal(err)
	}
	bare, err := pgxpool.NewWithConfig(b.Context(), plain)
	if err != nil {
		b.Fatal(err)
	}
	defer bare.Close()
	turns := []struct {
		pool *pgxpool.Pool
		ctx  context.Context
	}{{bare, b.Context()}, {pool, b.Context()}, {pool, check.Queries(testkit.NewRecorder(b), elsewhere(b, pool)).Context(b.Context())}}
	took := make([][]time.Duration, len(turns))
	for b.Loop() {
		for i, turn := range turns {
			start := time.Now()
			if _, err := turn.pool.Exec(turn.ctx, "SELECT id, name FROM users WHERE email = $1", "x"); err != nil {
				b.Fatal(err)
			}
			took[i] = append(took[i], time.Since(start))
		}
	}
	median := func(d []time.Duration) float64 { slices.Sort(d); return float64(d[len(d)/2]) }
	b.ReportMetric(median(took[1])/median(took[0]), "attached/bare")
	b.ReportMetric(median(took[2])/median(took[0]), "scope/bare")
}

// elsewhere is a second traced pool: its scope counts by context only.
func elsewhere(b *testing.B, pool *pgxpool.Pool) *pgxpool.Pool {
	cfg, err := pgxpool.ParseConfig(pool.Config().ConnString())
	if err != nil {
		b.Fatal(err)
	}
	check.Trace(cfg)
	other, err := pgxpool.NewWithConfig(b.Context(), cfg)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(other.Close)
	return other
}
