package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/qarion/seedbed/internal/postgres"
)

// supported are the major versions that the Postgres project maintains.
var supported = []string{"15", "16", "17", "18"}

// errTestsFailed ends a command whose table says which tests failed.
var errTestsFailed = errors.New("tests failed")

func (a *app) testCommand() *cobra.Command {
	var versions []string
	cmd := &cobra.Command{
		Use:   "test [--postgres VERSIONS] [-- GO TEST'S ARGUMENTS]",
		Short: "Run the tests on several versions of Postgres",
		Long: `Test runs go test once for each version of Postgres and prints one table. Versions that
are not installed are fetched. What go test prints goes to stderr, the table to stdout.

Exit status 0: all tests passed on all versions; 1: some failed; 4: none failed, and a version
could not be had (the table says why).`,
		Example: `  seedbed test                                     # 15, 16, 17 and 18; ./...
  seedbed test --postgres 15,18 -- ./store -run TestOrders
  seedbed test --postgres 18.1 -- -race ./...`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error { return a.test(cmd.Context(), versions, args) },
	}
	cmd.Flags().StringSliceVar(&versions, "postgres", supported, "`versions`: majors, or exact ones")
	return cmd
}

var versionNumber = regexp.MustCompile(`^[1-9][0-9](\.[0-9]+)?$`)

// oldestVersion ends a message about a version.
func oldestVersion() string { return fmt.Sprintf("; the oldest supported is %d", postgres.Oldest) }

func (a *app) test(ctx context.Context, versions, args []string) error {
	for _, v := range versions {
		if !versionNumber.MatchString(strings.TrimSpace(v)) {
			return usagef("--postgres %s: write versions such as 15,18 or 17.6%s", v, oldestVersion())
		}
	}
	if a.env("SEEDBED_URL") != "" {
		return usagef("SEEDBED_URL is set, so that tests run on that server. Without it: env -u SEEDBED_URL seedbed test")
	}
	if slices.Contains(args, "-json") {
		return usagef("-json: seedbed test reads what go test -json says, and prints a table")
	}
	if len(args) == 0 {
		args = []string{"./..."}
	}
	if dir, err := findUpward("go.mod"); err == nil && dir == "" {
		return usagef("there is no go.mod here or above, and go test takes a module's directory")
	}
	cache, err := postgres.OpenCache("")
	if err != nil {
		return err
	}
	var runs []*testRun
	for _, v := range versions {
		r := &testRun{major: strings.TrimSpace(v), failed: map[string]bool{}}
		runs = append(runs, r)
		if err := a.testOn(ctx, cache, r, args); err != nil {
			return err
		}
	}
	return a.reportTests(runs)
}

// testRun is one run of go test.
type testRun struct {
	major, version string
	missing        error // why the version could not be had
	passed         int   // tests, subtests included
	skipped        int
	failed         map[string]bool // tests and packages
	packages       int             // with tests
	ended          error           // of go test
	took           time.Duration
}

// testOn runs the tests on one version. Its error is for what stops all versions.
func (a *app) testOn(ctx context.Context, cache *postgres.Cache, r *testRun, args []string) error {
	found, err := postgres.Find(ctx, postgres.Request{Cache: cache, Version: r.major})
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if r.missing = err; err != nil {
		fmt.Fprintf(a.err, "Postgres %s: %v\n", r.major, err)
		return nil
	}
	r.version = found.Version
	fmt.Fprintf(a.err, "Postgres %s: go test %s\n", r.version, strings.Join(args, " "))
	cmd := exec.CommandContext(ctx, "go", append([]string{"test", "-json"}, args...)...)
	cmd.Env = append(os.Environ(), "SEEDBED_VERSION="+r.major)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 10 * time.Second
	cmd.Stderr = a.err
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("run go test: %w", err)
	}
	r.read(out, a.err, slices.Contains(args, "-v"))
	r.ended, r.took = cmd.Wait(), time.Since(began)
	return ctx.Err()
}

// testEvent is one line of go test -json (go doc test2json).
type testEvent struct {
	Action, Package, ImportPath, Test, Output string
}

// read counts what the tests did, and passes on what go test would have printed:
// everything with -v, else what packages and failed tests say.
func (r *testRun) read(from io.Reader, to io.Writer, verbose bool) {
	lines := bufio.NewReader(from)
	said := map[string]*strings.Builder{}
	for {
		line, err := lines.ReadBytes('\n')
		var e testEvent
		if len(line) > 0 && json.Unmarshal(line, &e) != nil {
			_, _ = to.Write(line) // of a test binary that writes past its framework
		}
		if e.Action != "" {
			r.note(e, said, to, verbose)
		}
		if err != nil {
			return
		}
	}
}

func (r *testRun) note(e testEvent, said map[string]*strings.Builder, to io.Writer, verbose bool) {
	name := strings.TrimSuffix(e.Package+" "+e.Test, " ")
	switch e.Action {
	case "build-output":
		_, _ = io.WriteString(to, e.Output)
	case "output":
		if e.Test == "" && !strings.HasPrefix(e.Output, "PASS") || verbose {
			_, _ = io.WriteString(to, e.Output)
			return
		}
		if strings.HasPrefix(e.Output, "=== ") {
			return // what go test says with -v alone
		}
		if said[name] == nil {
			said[name] = &strings.Builder{}
		}
		said[name].WriteString(e.Output)
	case "fail":
		r.failed[name] = true
		if said[name] != nil && !verbose {
			_, _ = io.WriteString(to, said[name].String())
		}
		delete(said, name)
	case "pass", "skip":
		delete(said, name)
	}
	switch {
	case e.Test == "" && (e.Action == "pass" || e.Action == "fail"):
		r.packages++
	case e.Test != "" && e.Action == "pass":
		r.passed++
	case e.Test != "" && e.Action == "skip":
		r.skipped++
	}
}

// failures are the tests that failed, without those that failed because of a subtest,
// and the packages that failed without a test, which did not build or panicked.
func (r *testRun) failures() []string {
	var all []string
	for name := range r.failed {
		below := name + "/"
		if !strings.Contains(name, " ") {
			below = name + " "
		}
		inner := false
		for other := range r.failed {
			inner = inner || strings.HasPrefix(other, below)
		}
		if !inner {
			all = append(all, name)
		}
	}
	slices.Sort(all)
	return all
}

func (a *app) reportTests(runs []*testRun) error {
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "POSTGRES\tPACKAGES\tPASSED\tSKIPPED\tFAILED\tTIME\tRESULT")
	failed, missing := false, false
	for _, r := range runs {
		if r.missing != nil {
			missing = true
			fmt.Fprintf(w, "%s\t-\t-\t-\t-\t-\t%s\n", r.major, "not to be had")
			continue
		}
		result := "ok"
		if r.ended != nil {
			failed, result = true, "FAILED"
		}
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d\t%s\t%s\n", r.version, r.packages, r.passed, r.skipped, len(r.failures()), seconds(r.took), result)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for _, r := range runs {
		if r.missing != nil {
			fmt.Fprintf(a.out, "%s: %v\n", r.major, r.missing)
		}
	}
	a.reportFailures(runs)
	switch {
	case failed:
		return errTestsFailed
	case missing:
		return errUnchecked
	}
	return nil
}

// reportFailures says of each test that failed on which versions it did.
func (a *app) reportFailures(runs []*testRun) {
	on := map[string][]string{}
	ran := 0
	for _, r := range runs {
		if r.missing == nil {
			ran++
		}
		for _, name := range r.failures() {
			on[name] = append(on[name], r.version)
		}
	}
	var names []string
	for name := range on {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		where := "on all"
		if len(on[name]) < ran {
			where = "on " + strings.Join(on[name], ", ") + " only"
		}
		fmt.Fprintf(a.out, "failed %s: %s\n", where, name)
	}
}
