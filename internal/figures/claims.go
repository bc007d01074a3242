package main

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"strconv"
	"strings"
)

// A claim is a benchmark and what is read from it.
type claim struct {
	what       string // in the README's words
	competitor string
	pkg        string
	bench      string
	times      string
	ratio      string  // the metric that says how many times as fast we are
	least      float64 // what we promise; 0: nothing
}

func (c claim) command() []string {
	args := []string{"test", c.pkg, "-run", "^$", "-bench", "^Benchmark" + strings.ReplaceAll(c.bench, "/", "$/^") + "$", "-benchtime", c.times, "-timeout", "30m"}
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
	{"boot a server, binaries and data directory cached", "embedded-postgres, its archive cached", "./internal/server", "Boot", "5x", "x", 0},
	{"ten packages of five database tests, prebuilt", "a server for each package", "./pgtest", "TenPackages", "3x", "x-server-each", 8},
	{"ten packages of five database tests, prebuilt", "a clone for each test, on a running server", "./pgtest", "TenPackages", "3x", "x-clone-each", 2.5},
	{"a database and its first answer, 50 ms between tests", pgtestdb, "./pgtest", "HandOver/10tables", "60x", "x", 50},
	{"a database and its first answer, from 200 tables", pgtestdb, "./pgtest", "HandOver/200tables", "60x", "x", 300},
	{"tests that change rows, back to back", pgtestdb, "./pgtest", "BackToBack/rows/serial", "200x", "x", 20},
	{"tests that change rows, from 200 tables", pgtestdb, "./pgtest", "BackToBack/rows/200tables", "100x", "x", 0},
	{"tests that change rows, four at a time", pgtestdb, "./pgtest", "BackToBack/rows/parallel", "200x", "x", 8},
	{"tests that change the schema, back to back", pgtestdb, "./pgtest", "BackToBack/schema/serial", "60x", "x", 6},
	{"tests that change the schema, four at a time", pgtestdb, "./pgtest", "BackToBack/schema/parallel", "60x", "x", 5},
	{"tests that change the schema, back to back", cloneEach, "./pgtest", "BackToBack/schema/serial", "60x", "x-clone-each", 2},
	{"tests that change the schema, four at a time", cloneEach, "./pgtest", "BackToBack/schema/parallel", "60x", "x-clone-each", 2},
	{"a million comments by Fill, proven", "CopyFrom of rows made before", "./factory", "Fill", "1x", "x-raw", 1.5},
	{"a million comments by Fill, proven", "Create in a loop", "./factory", "Fill", "1x", "x-create", 10},
	{"load 10 fixtures of 100 rows, proven", "testfixtures, first load", "./fixtures", "Load", "15x", "x-fresh", 5},
}

// A row is a claim, measured.
type row struct {
	claim
	ratio float64
}

// read finds the claim's metric in what go test printed.
func (c claim) read(text string) (rows []row) {
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "Benchmark") {
			continue
		}
		words := strings.Fields(line)
		for i, unit := range words {
			if i == 0 || unit != c.ratio {
				continue
			}
			if v, err := strconv.ParseFloat(words[i-1], 64); err == nil && v > 0 {
				rows = append(rows, row{c, v})
			}
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
		fmt.Fprintf(w, "%8.1fx  %-58s %-44s %s\n", r.ratio, r.what, r.competitor, promise)
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
