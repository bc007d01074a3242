package factory_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/qarion/seedbed/factory"
	"github.com/qarion/seedbed/internal/testpg"
	"github.com/qarion/seedbed/pgtest"
)

// BenchmarkWide fills 130 tables with 200 rows each in one plan, from a schema that the
// process has not seen, and then the very same rows with COPY into an empty database,
// constraints on.
//
//	x-raw     how many times as long as COPY it takes
//	x-second  how many times as long a second fill takes, beside the rows of the first
//
//	go test -run xxx -bench Wide -benchtime 3x ./factory
func BenchmarkWide(b *testing.B) {
	server := testpg.Schema(wide(130))
	for b.Loop() {
		db, fresh := server.DB(b), server.DB(b)
		testpg.Exec(b, db, "create table seen_"+time.Now().Format("150405000000")+" ()") // another fingerprint
		plan := widePlan(b, db)
		start := time.Now()
		report := factory.Fill(b, db, plan...)
		took := time.Since(start)
		raw := copyTables(b, db, fresh, report)
		start = time.Now()
		factory.Fill(b, db, plan...)
		b.ReportMetric(float64(report.Rows)/took.Seconds(), "rows/s")
		b.ReportMetric(float64(report.Rows)/raw.Seconds(), "raw-rows/s")
		b.ReportMetric(took.Seconds()/raw.Seconds(), "x-raw")
		b.ReportMetric(time.Since(start).Seconds()/took.Seconds(), "x-second")
	}
}

// BenchmarkOneOfMany creates a row in a schema of 1,000 tables and in one of 10, known
// and unknown to the process.
//
//	x-unknown  how many times as long in the large schema, the first time
//	x-known    and from then on
func BenchmarkOneOfMany(b *testing.B) {
	large, small := testpg.Schema(wide(1000)), testpg.Schema(wide(10))
	for b.Loop() {
		unknown, known := map[*pgtest.Server]float64{}, map[*pgtest.Server]float64{}
		for _, server := range []*pgtest.Server{large, small} {
			db := server.DB(b)
			testpg.Exec(b, db, "create table seen_"+time.Now().Format("150405000000")+" ()")
			start := time.Now()
			factory.Auto("t3").Create(b, db)
			unknown[server] = time.Since(start).Seconds()
			start = time.Now()
			for range 20 {
				factory.Auto("t3").Create(b, db)
			}
			known[server] = time.Since(start).Seconds() / 20
		}
		b.ReportMetric(unknown[large]*1000, "unknown-ms")
		b.ReportMetric(unknown[large]/unknown[small], "x-unknown")
		b.ReportMetric(known[large]/known[small], "x-known")
	}
}

func widePlan(b *testing.B, db *pgtest.DB) []factory.Volume {
	var plan []factory.Volume
	for _, name := range testpg.List[string](b, db, "select relname::text from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace and relname ~ '^(accounts|t\\d+)$' order by 1") {
		plan = append(plan, factory.Auto(name).N(200))
	}
	return plan
}

// copyTables says how long COPY takes for the rows of a report.
func copyTables(b *testing.B, from, to *pgtest.DB, report factory.Report) time.Duration {
	src, err := from.Acquire(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	defer src.Release()
	rows := map[string][]byte{}
	for _, t := range report.Tables {
		var buf bytes.Buffer
		if _, err := src.Conn().PgConn().CopyTo(b.Context(), &buf, "copy "+t.Table+" to stdout (format binary)"); err != nil {
			b.Fatal(err)
		}
		rows[t.Table] = buf.Bytes()
	}
	start := time.Now()
	err = pgx.BeginFunc(b.Context(), to, func(tx pgx.Tx) error {
		for _, t := range report.Tables {
			if _, err := tx.Conn().PgConn().CopyFrom(b.Context(), bytes.NewReader(rows[t.Table]), "copy "+t.Table+" from stdin (format binary)"); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	return time.Since(start)
}
