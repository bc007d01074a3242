package pgtest_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/qarion/seedbed/pgtest"
)

func tables(n int) fstest.MapFS {
	var up strings.Builder
	up.WriteString("-- +goose Up\n")
	for i := range n {
		fmt.Fprintf(&up, "CREATE TABLE t%d (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL, parent bigint REFERENCES t%d, made timestamptz NOT NULL DEFAULT now());\nCREATE INDEX ON t%d (parent);\n", i, i, i)
	}
	return fstest.MapFS{"00001_tables.sql": {Data: []byte(up.String())}}
}

// work is a small test that changes rows.
func work(b testing.TB, db interface {
	QueryRow(context.Context, string, ...any) pgx.Row
}) {
	var id int64
	for i := range 3 {
		if err := db.QueryRow(context.Background(), fmt.Sprintf("INSERT INTO t%d (name) VALUES ('x') RETURNING id", i)).Scan(&id); err != nil {
			b.Fatal(err)
		}
	}
	if id != 1 {
		b.Fatalf("id = %d in a fresh database, want 1", id)
	}
}

// rival is what a test pays where each makes its clone with the default strategy,
// connects, and drops it before it ends.
func rival(b *testing.B, admin *pgx.Conn, template string, n int, do func(*pgx.Conn)) time.Duration {
	ctx := context.Background()
	times := make([]time.Duration, n)
	for i := range n {
		start := time.Now()
		name := fmt.Sprintf("rival_%d", i)
		if _, err := admin.Exec(ctx, "CREATE DATABASE "+name+" TEMPLATE "+template); err != nil {
			b.Fatal(err)
		}
		cfg := admin.Config().Copy()
		cfg.Database = name
		conn, err := pgx.ConnectConfig(ctx, cfg)
		if err != nil {
			b.Fatal(err)
		}
		do(conn)
		conn.Close(ctx)
		if _, err := admin.Exec(ctx, "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			b.Fatal(err)
		}
		times[i] = time.Since(start)
	}
	slices.Sort(times)
	return times[n/2]
}

func BenchmarkBackToBack(b *testing.B) {
	server := &pgtest.Server{Migrations: tables(20)}
	t := &oneTest{TB: b}
	first := server.DB(t)
	admin, err := pgx.Connect(b.Context(), first.AdminURL("seedbed"))
	if err != nil {
		b.Fatal(err)
	}
	defer admin.Close(b.Context())
	var template string
	if err := admin.QueryRow(b.Context(), "SELECT template FROM seedbed.clone WHERE name = $1", first.Config().ConnConfig.Database).Scan(&template); err != nil {
		b.Fatal(err)
	}
	t.end()
	theirs := rival(b, admin, template, 20, func(c *pgx.Conn) { work(b, c) })
	b.ResetTimer()
	for range b.N {
		t := &oneTest{TB: b}
		work(b, server.DB(t))
		t.end()
	}
	b.StopTimer()
	b.ReportMetric(float64(theirs)/(float64(b.Elapsed())/float64(b.N)), "x")
	b.ReportMetric(theirs.Seconds()*1000, "rival-ms")
}

func BenchmarkSpaced(b *testing.B) {
	server := &pgtest.Server{Migrations: tables(20)}
	var took, given, floor []time.Duration
	for range b.N {
		t := &oneTest{TB: b}
		start := time.Now()
		db := server.DB(t)
		given = append(given, time.Since(start))
		var one int
		if err := db.QueryRow(b.Context(), "SELECT 1").Scan(&one); err != nil {
			b.Fatal(err)
		}
		took = append(took, time.Since(start))
		start = time.Now()
		if err := db.QueryRow(b.Context(), "SELECT 1").Scan(&one); err != nil {
			b.Fatal(err)
		}
		floor = append(floor, time.Since(start))
		work(b, db)
		t.end()
		time.Sleep(50 * time.Millisecond) // the test's other work
	}
	slices.Sort(took)
	slices.Sort(given)
	slices.Sort(floor)
	b.ReportMetric(float64(given[len(took)/2].Microseconds()), "given-us")
	b.ReportMetric(float64(floor[len(took)/2].Microseconds()), "floor-us")
	b.ReportMetric(float64(took[len(took)/2].Microseconds()), "median-us")
}
