package main

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// A claim is a benchmark and what is read from it.
type claim struct {
	what       string // in the README's words
	competitor string
	pkg        string
	bench      string
	times      string
	ratio      string  // the metric that says how many times as fast we are
	took       string  // the metric that says how long ours took, in -us, -ms or -s
	least      float64 // what we promise; 0: nothing
}

func (c claim) command() []string {
	args := []string{"test", c.pkg, "-run", "^$", "-bench", "^Benchmark" + strings.ReplaceAll(c.bench, "/", "$/^") + "$", "-benchtime", c.times, "-timeout", "30m", "-v"}
	if c.bench == "Fill" {
		args = append(args, "-volume", "1000000")
	}
	return args
}

// The competitors of a test's database: a tuned server whose data lies on the disk, and the
// server that our tests have.
const (
	pgtestdb  = "pgtestdb's way: clone, connect, drop"
	cloneEach = "a clone each, the same way"
)

var claims = []claim{
	{"boot a server, binaries and data directory cached", "embedded-postgres, its archive cached", "./internal/server", "Boot", "5x", "x", "ours-ms", 0},
	{"ten packages of five database tests, prebuilt", "a server for each package", "./pgtest", "TenPackages", "3x", "x-server-each", "ours-s", 8},
	{"ten packages of five database tests, prebuilt", "a clone for each test, on a running server", "./pgtest", "TenPackages", "3x", "x-clone-each", "ours-s", 2.5},
	{"a database and its first answer, 50 ms between tests", pgtestdb, "./pgtest", "HandOver/10tables", "60x", "x", "ours-us", 50},
	{"a database and its first answer, from 200 tables", pgtestdb, "./pgtest", "HandOver/200tables", "60x", "x", "ours-us", 300},
	{"tests that change rows, back to back", pgtestdb, "./pgtest", "BackToBack/rows/serial", "200x", "x", "ours-ms", 20},
	{"tests that change rows, from 200 tables", pgtestdb, "./pgtest", "BackToBack/rows/200tables", "100x", "x", "ours-ms", 0},
	{"tests that change rows, four at a time", pgtestdb, "./pgtest", "BackToBack/rows/parallel", "200x", "x", "ours-ms", 8},
	{"tests that change the schema, back to back", pgtestdb, "./pgtest", "BackToBack/schema/serial", "60x", "x", "ours-ms", 6},
	{"tests that change the schema, four at a time", pgtestdb, "./pgtest", "BackToBack/schema/parallel", "60x", "x", "ours-ms", 5},
	{"tests that change the schema, back to back", cloneEach, "./pgtest", "BackToBack/schema/serial", "60x", "x-clone-each", "ours-ms", 2},
	{"tests that change the schema, four at a time", cloneEach, "./pgtest", "BackToBack/schema/parallel", "60x", "x-clone-each", "ours-ms", 2},
	{"a million comments by Fill, proven", "CopyFrom of rows made before", "./factory", "Fill", "1x", "x-raw", "ours-s", 1.5},
	{"a million comments by Fill, proven", "Create in a loop", "./factory", "Fill", "1x", "x-create", "ours-s", 10},
	{"load 10 fixtures of 100 rows, proven", "testfixtures, first load", "./fixtures", "Load", "15x", "x-fresh", "fresh-ms", 5},
}

// A row is a claim, measured.
type row struct {
	claim
	ratio float64
	took  time.Duration // ours; 0 is not known
}

// units are those of metrics.
var units = map[string]time.Duration{"us": time.Microsecond, "ms": time.Millisecond, "s": time.Second}

// theirs is what the other way took in the same run.
func (r row) theirs() time.Duration { return time.Duration(float64(r.took) * r.ratio) }

// duration is d in milliseconds, or in seconds from ten on, with two significant digits.
func duration(d time.Duration) string {
	switch ms := float64(d) / float64(time.Millisecond); {
	case ms <= 0:
		return ""
	case ms < 1:
		return fmt.Sprintf("%.2f ms", ms)
	case ms < 10:
		return fmt.Sprintf("%.1f ms", ms)
	case ms < 10_000:
		return fmt.Sprintf("%.0f ms", ms)
	default:
		return fmt.Sprintf("%.0f s", ms/1000)
	}
}

// read finds the claim's metric in what go test printed.
func (c claim) read(text string) (rows []row) {
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "Benchmark") {
			continue
		}
		metrics := map[string]float64{} // by unit
		words := strings.Fields(line)
		for i := 1; i < len(words); i++ {
			if v, err := strconv.ParseFloat(words[i-1], 64); err == nil {
				metrics[words[i]] = v
			}
		}
		if v := metrics[c.ratio]; v > 0 {
			_, unit, _ := strings.Cut(c.took, "-")
			rows = append(rows, row{c, v, time.Duration(metrics[c.took] * float64(units[unit]))})
		}
	}
	return rows
}

func printTable(w io.Writer, rows []row) {
	for _, r := range rows {
		promise := ""
		if r.least > 0 {
			promise = fmt.Sprintf("at least %g promised", r.least)
		}
		fmt.Fprintf(w, "%8.1fx  %9s %9s  %-58s %-44s %s\n", r.ratio, duration(r.took), duration(r.theirs()), r.what, r.competitor, promise)
	}
}

// machine says where the figures come from.
func machine() string {
	cpu := runtime.GOARCH
	if info, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(info)) {
			if name, ok := strings.CutPrefix(line, "model name"); ok {
				cpu = strings.TrimSpace(strings.TrimLeft(name, "\t :"))
				break
			}
		}
	}
	return fmt.Sprintf("%s, %d cores, %s, %s", cpu, runtime.NumCPU(), runtime.GOOS, runtime.Version())
}
