package check_test

import (
	"flag"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/qarion/seedbed/factory"
	"github.com/qarion/seedbed/internal/audit"
	"github.com/qarion/seedbed/internal/report"
)

var volume = flag.Int64("volume", 100_000, "comments that BenchmarkIntegrityVolume checks")

// heap watches how far this process's heap grows until stop is called.
func heap() (stop func() (grownMB float64)) {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	before, top, done, ended := m.HeapAlloc, atomic.Uint64{}, make(chan struct{}), make(chan struct{})
	look := func() {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		if m.HeapAlloc > top.Load() {
			top.Store(m.HeapAlloc)
		}
	}
	go func() {
		defer close(ended)
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case <-tick.C:
				look()
			}
		}
	}()
	return func() float64 {
		close(done)
		<-ended
		look()
		return (float64(top.Load()) - float64(before)) / (1 << 20)
	}
}

// BenchmarkIntegrityVolume checks comments over 1,000 spaces, and says what that
// costs in time, in memory of this process, and how often it said how far it was.
//
//	go test -run xxx -bench IntegrityVolume -benchtime 1x -volume 10000000 -timeout 0 ./pgtest/check
func BenchmarkIntegrityVolume(b *testing.B) {
	db := pg.DB(b)
	factory.Fill(b, db, factory.Spaces.N(1000), factory.Datasets.N(20_000), factory.Comments.N(*volume))
	for b.Loop() {
		told, longest, last := 0, time.Duration(0), time.Duration(0)
		var slowest string
		step := ""
		stop := heap()
		checked, err := audit.Integrity(b.Context(), db, audit.Options{Progress: func(p audit.Progress) {
			if silent := p.Elapsed - last; silent > longest {
				longest, slowest = silent, step
			}
			told, last, step = told+1, p.Elapsed, p.Step
		}})
		grown := stop()
		if err != nil || !checked.Clean() {
			b.Fatal(err, checked)
		}
		b.Logf("longest without a word: %s, in %s", longest, slowest)
		b.ReportMetric(float64(*volume)/checked.Elapsed.Seconds(), "rows/s")
		b.ReportMetric(checked.Elapsed.Seconds(), "s")
		b.ReportMetric(grown, "heap-MB")
		b.ReportMetric(float64(told), "told")
		b.ReportMetric(longest.Seconds(), "silent-s")
	}
}

func TestChecksSayHowFarTheyAre(t *testing.T) {
	t.Parallel()
	db := reference(t)
	asSeeder(t, db, "reset role; analyze comments, audit_logs")
	for name, run := range map[string]engine{"Integrity": whole, "Isolation": iso} {
		var told []audit.Progress
		checked, err := run(t.Context(), db, audit.Options{Progress: func(p audit.Progress) { told = append(told, p) }})
		if err != nil {
			t.Fatal(err)
		}
		rows := map[string]int64{}
		for i, p := range told {
			rows[p.Step] = p.Rows
			if i > 0 && (p.Elapsed < told[i-1].Elapsed || p.Done < told[i-1].Done) || p.Done >= p.Total {
				t.Errorf("%s: %+v after %+v", name, p, told[max(i, 1)-1])
			}
			if checked.Steps[i].Name != p.Step || checked.Steps[i].Elapsed < 0 || checked.Steps[i].Elapsed > checked.Elapsed {
				t.Errorf("%s: told of %+v, reported %+v", name, p, checked.Steps[i])
			}
		}
		if len(told) != len(checked.Steps) || told[len(told)-1].Done != told[0].Total-1 {
			t.Errorf("%s: told of %d steps, reported %d; the last is %+v", name, len(told), len(checked.Steps), told[len(told)-1])
		}
		if all := map[string]int64{"Integrity": rows["checks of comments"], "Isolation": rows["tenants of comments"]}[name]; all != 33 {
			t.Errorf("%s: %d rows are said of comments, want 33", name, all)
		}
		if all := map[string]int64{"Integrity": rows["checks of audit_logs"], "Isolation": rows["tenants of audit_logs"]}[name]; all == 0 {
			t.Errorf("%s: no rows are said of audit_logs, which has partitions", name)
		}
	}
}

func TestLongChecksSayWhatTookTheTime(t *testing.T) {
	golden(t, "long", (&report.Report{Tables: 20, Rules: 28, Elapsed: 87 * time.Second, Steps: []report.Step{
		{Name: "polymorphic pairs", Elapsed: time.Second}, {Name: "comments that point at datasets", Elapsed: 20 * time.Second},
		{Name: "checks of comments", Elapsed: 4 * time.Second}, {Name: "comments_parent_fkey of comments", Elapsed: 9 * time.Second}}}).Text())
}

// What is broken everywhere costs no more memory than what is broken once.
func TestBrokenRowsByTheThousand(t *testing.T) {
	t.Parallel()
	db := reference(t)
	bypass(t, db, `insert into comments (space_id, resource_type, resource_id, author_id, body)
		select space_id, 'dataset', gen_random_uuid(), author_id, repeat('x', 1000) from comments, generate_series(1, 5000) where id = `+noteA)
	stop := heap()
	checked, err := audit.Integrity(t.Context(), db, audit.Options{})
	grown := stop()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range each(checked) {
		if f.Rows != 5000 || len(f.Sample) != 3 {
			t.Errorf("%s %s: %d rows, %d shown", f.Rule, f.Object, f.Rows, len(f.Sample))
		}
	}
	if len(checked.Findings) != 2 {
		t.Errorf("%d findings, want the orphan of the pair and that of its shadow", len(checked.Findings))
	}
	t.Logf("the heap grew by %.1f MB", grown)
}
