package factory_test

import (
	"bytes"
	"fmt"
	"strings"
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
//	x-copy    how many times as long as COPY it takes
//	x-second  how many times as long a second fill takes, beside the rows of the first
//
//	go test -run xxx -bench Wide -benchtime 3x ./factory
func BenchmarkWide(b *testing.B) {
	server := testpg.Schema(manyTables(130))
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
		b.ReportMetric(took.Seconds()/raw.Seconds(), "x-copy")
		b.ReportMetric(time.Since(start).Seconds()/took.Seconds(), "x-second")
	}
}

// BenchmarkOneOfMany creates a row in a schema of 1,000 tables and in one of 10, known
// and unknown to the process.
//
//	x-unknown  how many times as long in the large schema, the first time
//	x-known    and from then on
func BenchmarkOneOfMany(b *testing.B) {
	large, small := testpg.Schema(manyTables(1000)), testpg.Schema(manyTables(10))
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

// copyTables measures how long COPY takes for the rows of a report.
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

// wide is a schema of many tables: tenants, chains of references, constraints that only
// Postgres can read in every fifth.
func manyTables(tables int) string {
	var b strings.Builder
	b.WriteString("create table accounts (id uuid primary key, name text not null);\n")
	for i := range tables - 1 {
		fmt.Fprintf(&b, `create table t%[1]d (id uuid primary key, account_id uuid not null references accounts, name text not null, status text not null check (status in ('new', 'open', 'done')),
	amount numeric(10,2) not null check (amount >= 0), active boolean not null, created_at timestamptz not null default now(), email text unique`, i)
		if i > 0 {
			fmt.Fprintf(&b, ", t%[1]d_id uuid not null references t%[1]d", i/2)
		}
		if i%5 == 0 {
			b.WriteString(", low int not null, high int not null, check (case status when 'new' then high - low > 5 else high - low between 1 and 3 end)")
		}
		b.WriteString(");\n")
	}
	return b.String()
}
