package pgtest_test

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/qarion/seedbed/internal/testkit"
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

// A querier is a test's database, or the connection that the competitor way opens.
type querier interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// rows is a small test that changes rows.
func rows(b testing.TB, db querier) {
	var id int64
	for i := range 3 {
		if err := db.QueryRow(context.Background(), fmt.Sprintf("INSERT INTO t%d (name) VALUES ('x') RETURNING id", i)).Scan(&id); err != nil {
			b.Error(err)
		}
	}
	if id != 1 {
		b.Errorf("id = %d in a fresh database, want 1", id)
	}
}

// schema is one that changes the schema, so that its database cannot be used again.
func schema(b testing.TB, db querier) {
	var n int
	if err := db.QueryRow(context.Background(), "CREATE TABLE more (id int)").Scan(&n); err != nil && err != pgx.ErrNoRows {
		b.Error(err)
	}
	rows(b, db)
}

// one is the shortest first query.
func one(b testing.TB, db querier) {
	var n int
	if err := db.QueryRow(context.Background(), "SELECT 1").Scan(&n); err != nil {
		b.Error(err)
	}
}

// competitors are tests that make a clone each with the default strategy, connect, and
// drop it before they end, as pgtestdb does.
type competitors struct {
	config   *pgx.ConnConfig
	template string
	n        atomic.Int64
}

// onDisk returns the competitors that pgtestdb's users have: on a running server, tuned as
// ours is, whose data lies on the disk.
func onDisk(b *testing.B, migrations fs.FS) *competitors {
	b.Setenv("SEEDBED_MEMORY", "off")
	defer os.Unsetenv("SEEDBED_MEMORY") // b.Setenv puts back what was set before
	return onServer(b, &pgtest.Server{Migrations: migrations, Settings: map[string]string{"cluster_name": "competitors"}})
}

// onServer returns competitors on the server that a benchmark's tests have, from the same
// template.
func onServer(b *testing.B, server *pgtest.Server) *competitors {
	t := testkit.NewInner(b)
	defer t.End()
	db := server.DB(t)
	r := &competitors{}
	var err error
	if r.config, err = pgx.ParseConfig(db.AdminURL("seedbed")); err != nil {
		b.Fatal(err)
	}
	admin := r.admin(b)
	defer admin.Close(b.Context())
	err = admin.QueryRow(b.Context(), "SELECT template FROM seedbed.clone WHERE name = $1", db.Config().ConnConfig.Database).Scan(&r.template)
	if err != nil {
		b.Fatal(err)
	}
	return r
}

func (r *competitors) admin(b *testing.B) *pgx.Conn {
	admin, err := pgx.ConnectConfig(b.Context(), r.config)
	if err != nil {
		b.Fatal(err)
	}
	return admin
}

// run is one test. It returns how long it took up to the end of its first query,
// and what the whole of it took.
func (r *competitors) run(b *testing.B, admin *pgx.Conn, test func(testing.TB, querier)) (first, all time.Duration) {
	ctx := b.Context()
	name := fmt.Sprintf("competitor_%d", r.n.Add(1))
	start := time.Now()
	if _, err := admin.Exec(ctx, "CREATE DATABASE "+name+" TEMPLATE "+r.template); err != nil {
		b.Fatal(err)
	}
	cfg := r.config.Copy()
	cfg.Database = name
	conn, err := pgx.ConnectConfig(ctx, cfg)
	if err != nil {
		b.Fatal(err)
	}
	one(b, conn)
	first = time.Since(start)
	test(b, conn)
	conn.Close(ctx)
	if _, err := admin.Exec(ctx, "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
		b.Fatal(err)
	}
	return first, time.Since(start)
}

// test returns a function that runs such a test, so many at a time.
func (r *competitors) test(b *testing.B, parallel int, test func(testing.TB, querier)) func() {
	admins := make(chan *pgx.Conn, parallel)
	for range parallel {
		admins <- r.admin(b)
	}
	return func() {
		admin := <-admins
		r.run(b, admin, test)
		admins <- admin
	}
}

// rate is how long n tests took each, so many at a time.
func rate(n, parallel int, test func()) time.Duration {
	var all sync.WaitGroup
	var left atomic.Int64
	left.Store(int64(n))
	start := time.Now()
	for range parallel {
		all.Go(func() {
			for left.Add(-1) >= 0 {
				test()
			}
		})
	}
	all.Wait()
	return time.Since(start) / time.Duration(n)
}

// round is how many of our tests follow each other before it is the others' turn.
const round = 24

// BenchmarkBackToBack is tests that follow each other without a pause: those that
// change rows, whose databases are used again, and those that change the schema,
// whose databases are cloned; one and four at a time; from a template of 20 tables
// and from one of 200.
func BenchmarkBackToBack(b *testing.B) {
	for _, c := range []struct {
		name     string
		size     int
		parallel int
		test     func(testing.TB, querier)
	}{
		{"rows/serial", 20, 1, rows},
		{"rows/parallel", 20, 4, rows},
		{"rows/200tables", 200, 1, rows},
		{"schema/serial", 20, 1, schema},
		{"schema/parallel", 20, 4, schema},
	} {
		b.Run(c.name, func(b *testing.B) {
			server := &pgtest.Server{Migrations: tables(c.size)}
			pgtestdb := onDisk(b, server.Migrations).test(b, c.parallel, c.test)
			cloneEach := onServer(b, server).test(b, c.parallel, c.test)
			ours := func() {
				t := testkit.NewInner(b)
				c.test(b, server.DB(t))
				t.End()
			}
			rate(12, c.parallel, ours) // until the ready pool knows the demand
			server.Settle()
			// In turns, as a disk that is busy for a minute is busy for both. A turn of ours
			// ends when all is as it was before: databases ready, none to be dropped.
			var mine, disk, clones []time.Duration
			b.ResetTimer()
			for left := b.N; left > 0; left -= round {
				b.StartTimer()
				start, n := time.Now(), min(left, round)
				rate(n, c.parallel, ours)
				server.Settle()
				mine = append(mine, time.Since(start)/time.Duration(n))
				b.StopTimer()
				disk = append(disk, rate(round/4, c.parallel, pgtestdb))
				clones = append(clones, rate(round/4, c.parallel, cloneEach))
			}
			b.ReportMetric(float64(median(disk))/float64(median(mine)), "x")
			b.ReportMetric(float64(median(clones))/float64(median(mine)), "x-clone-each")
			b.ReportMetric(median(mine).Seconds()*1000, "ours-ms")
			b.ReportMetric(median(disk).Seconds()*1000, "pgtestdb-ms")
			b.ReportMetric(median(clones).Seconds()*1000, "clone-each-ms")
		})
	}
}

// BenchmarkHandOver is what a test waits for its database and the first query on
// it, where tests do something else in between.
func BenchmarkHandOver(b *testing.B) {
	const pause = 50 * time.Millisecond
	for _, size := range []int{10, 200} {
		b.Run(fmt.Sprintf("%dtables", size), func(b *testing.B) {
			server := &pgtest.Server{Migrations: tables(size)}
			pgtestdb, cloneEach := onDisk(b, server.Migrations), onServer(b, server)
			there, admin := pgtestdb.admin(b), cloneEach.admin(b)
			defer there.Close(b.Context())
			defer admin.Close(b.Context())
			var disk, clones, ours, floor []time.Duration
			b.ResetTimer()
			for i := range b.N {
				if i%5 == 0 { // in turns, see BenchmarkBackToBack
					_, all := pgtestdb.run(b, there, func(testing.TB, querier) {})
					disk = append(disk, all)
					_, all = cloneEach.run(b, admin, func(testing.TB, querier) {})
					clones = append(clones, all)
					time.Sleep(pause)
				}
				start := time.Now()
				one(b, admin) // a connection that has been idle as long
				floor = append(floor, time.Since(start))
				time.Sleep(pause / 2)
				t := testkit.NewInner(b)
				start = time.Now()
				db := server.DB(t)
				one(b, db)
				ours = append(ours, time.Since(start))
				rows(b, db)
				t.End()
				time.Sleep(pause)
			}
			b.ReportMetric(float64(median(disk))/float64(median(ours)), "x")
			b.ReportMetric(float64(median(clones))/float64(median(ours)), "x-clone-each")
			b.ReportMetric(float64(median(ours).Microseconds()), "ours-us")
			b.ReportMetric(float64(median(floor).Microseconds()), "open-connection-us")
			b.ReportMetric(median(disk).Seconds()*1000, "pgtestdb-ms")
			b.ReportMetric(median(clones).Seconds()*1000, "clone-each-ms")
		})
	}
}

// BenchmarkTx is a transaction for each test, beside BEGIN and ROLLBACK on an open
// connection.
func BenchmarkTx(b *testing.B) {
	server := &pgtest.Server{Migrations: tables(20)}
	conn := onServer(b, server).admin(b)
	defer conn.Close(b.Context())
	var ours, bare []time.Duration
	for range b.N {
		start := time.Now()
		t := testkit.NewInner(b)
		one(b, server.Tx(t))
		t.End()
		ours = append(ours, time.Since(start))
		start = time.Now()
		tx, err := conn.Begin(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		one(b, tx)
		tx.Rollback(b.Context())
		bare = append(bare, time.Since(start))
	}
	b.ReportMetric(float64(median(ours).Microseconds()), "ours-us")
	b.ReportMetric(float64(median(bare).Microseconds()), "begin-rollback-us")
}

func median(of []time.Duration) time.Duration {
	slices.Sort(of)
	return of[len(of)/2]
}
