package factory_test

import (
	"context"
	"flag"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/qarion/seedbed/factory"
	"github.com/qarion/seedbed/pgtest"
)

var volume = flag.Int64("volume", 100_000, "comments that the fill benchmarks write")

// peak returns the largest memory that the process has used, in MB; 0 where the system does
// not tell.
func peak() float64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			var kb float64
			for _, r := range rest {
				if r >= '0' && r <= '9' {
					kb = kb*10 + float64(r-'0')
				}
			}
			return kb / 1024
		}
	}
	return 0
}

// BenchmarkFill writes comments with author, space and target over 1,000 spaces,
// proves them, and then writes the very same rows, generated beforehand, with
// CopyFrom into the same table with its constraints on, and some more by Create in a
// loop, each about a dataset that is there, so that it is one row and one round trip.
//
//	x-raw     how many times as fast as CopyFrom of rows made before
//	x-create  how many times as fast as Create in a loop
//
//	go test -run xxx -bench Fill -benchtime 1x -volume 1000000 ./factory
func BenchmarkFill(b *testing.B) {
	for b.Loop() {
		db := pg.DB(b)
		report := factory.Fill(b, db, factory.Spaces.N(1000), factory.Datasets.N(20_000), factory.Comments.N(*volume))
		comments := report.Tables[len(report.Tables)-1]
		took := comments.Write + report.Prove
		rate := float64(comments.Rows) / took.Seconds()
		b.ReportMetric(rate, "rows/s")
		b.ReportMetric(took.Seconds(), "ours-s")
		b.ReportMetric(comments.Write.Seconds(), "write-s")
		b.ReportMetric(comments.Wait.Seconds(), "wait-s")
		b.ReportMetric(report.Prove.Seconds(), "prove-s")
		b.ReportMetric(peak(), "peak-MB")
		if *volume <= 3_000_000 { // the comparison keeps all rows in memory
			runtime.GC()
			raw := copyAgain(b, db)
			b.ReportMetric(float64(comments.Rows)/raw.Seconds(), "raw-rows/s")
			b.ReportMetric(raw.Seconds()/took.Seconds(), "x-raw")
		}
		loop := createInALoop(b, db)
		b.ReportMetric(loop, "create-rows/s")
		b.ReportMetric(rate/loop, "x-create")
	}
}

// createInALoop measures how many comments a second Create makes, one after the other.
func createInALoop(b *testing.B, db *pgtest.DB) float64 {
	const rows = 300
	ds := factory.Datasets.Create(b, db)
	factory.Comments.Create(b, db, factory.On(ds)) // statements are prepared once a connection
	start := time.Now()
	for range rows {
		factory.Comments.Create(b, db, factory.On(ds))
	}
	return rows / time.Since(start).Seconds()
}

// copyAgain measures how long CopyFrom takes for all comments: it reads them, deletes them
// and writes them again.
func copyAgain(b *testing.B, db *pgtest.DB) time.Duration {
	ctx := context.Background()
	tx, err := db.Begin(ctx)
	if err != nil {
		b.Fatal(err)
	}
	defer tx.Rollback(ctx)
	if _, err := tx.Exec(ctx, "set local role seedbed_seeder"); err != nil {
		b.Fatal(err)
	}
	columns := []string{"space_id", "id", "resource_type", "resource_id", "author_id", "body", "created_at", "edited_at"}
	rows, err := tx.Query(ctx, "select "+strings.Join(columns, ", ")+" from comments")
	if err != nil {
		b.Fatal(err)
	}
	kept, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) ([]any, error) { return row.Values() })
	if err != nil {
		b.Fatal(err)
	}
	if _, err := tx.Exec(ctx, "delete from comments"); err != nil {
		b.Fatal(err)
	}
	if err := tx.Commit(ctx); err != nil {
		b.Fatal(err)
	}
	if _, err := db.Exec(ctx, "vacuum comments"); err != nil {
		b.Fatal(err)
	}
	if tx, err = db.Begin(ctx); err != nil {
		b.Fatal(err)
	}
	defer tx.Rollback(ctx)
	if _, err := tx.Exec(ctx, "set local role seedbed_seeder"); err != nil {
		b.Fatal(err)
	}
	start := time.Now()
	if _, err := tx.CopyFrom(ctx, pgx.Identifier{"comments"}, columns, pgx.CopyFromRows(kept)); err != nil {
		b.Fatal(err)
	}
	if err := tx.Commit(ctx); err != nil {
		b.Fatal(err)
	}
	return time.Since(start)
}

func BenchmarkBuildComment(b *testing.B) {
	b.ReportAllocs()
	for i := range b.N {
		if _, err := factory.Comments.Build(int64(i)); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCreate(b *testing.B) {
	db := pg.DB(b)
	ds := factory.Datasets.Create(b, db)
	b.Run("space", func(b *testing.B) {
		for b.Loop() {
			factory.Spaces.Create(b, db)
		}
	})
	b.Run("comment", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			factory.Comments.Create(b, db, factory.On(ds))
		}
	})
	b.Run("100 comments", func(b *testing.B) {
		for b.Loop() {
			factory.Comments.CreateN(b, db, 100, factory.On(ds))
		}
	})
}
