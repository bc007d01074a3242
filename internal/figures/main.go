// Command figures measures every speed that the README claims, each beside the way
// that it replaces and in the same run, prints one table of ratios and draws it.
//
//	go run ./internal/figures                 # all; about five minutes
//	go run ./internal/figures -only 'Boot|Tx' # those whose benchmark's name matches
//
// Times say more about a machine than about a library, so what counts is the ratio.
// embedded-postgres refuses root: as root, the figures beside it are left out.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"strings"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "figures:", err)
		os.Exit(1)
	}
}

func run() error {
	only := flag.String("only", "", "measure the benchmarks whose names match this expression")
	out := flag.String("svg", filepath.Join("internal", "figures", "figures.svg"), "where to draw them; empty: nowhere")
	flag.Parse()
	wanted, err := regexp.Compile(*only)
	if err != nil {
		return fmt.Errorf("-only: %w", err)
	}
	if _, err := os.Stat("go.mod"); err != nil {
		return errors.New("run it from the repository's root")
	}
	m := machine()
	fmt.Printf("%s\n\n", m)
	rows, failed := measure(wanted)
	printTable(os.Stdout, rows)
	if *out != "" && len(rows) > 0 {
		if err := os.WriteFile(*out, []byte(draw(m, rows)), 0o644); err != nil {
			return err
		}
		fmt.Printf("\ndrawn in %s\n", *out)
	}
	return failed
}

// measure runs the benchmarks, one after another, as anything else that runs at
// the same time is measured with them.
func measure(wanted *regexp.Regexp) (rows []row, failed error) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	printed := map[string]string{} // by command
	for _, c := range claims {
		args := c.command()
		key := strings.Join(args, " ")
		if !wanted.MatchString(c.bench) || ctx.Err() != nil {
			continue
		}
		if _, done := printed[key]; !done {
			fmt.Fprintln(os.Stderr, "go", key)
			out, err := exec.CommandContext(ctx, "go", args...).CombinedOutput()
			if err != nil {
				failed = errors.Join(failed, fmt.Errorf("go %s: %w\n%s", key, err, out))
			}
			printed[key] = string(out)
		}
		read := c.read(printed[key])
		if len(read) == 0 && !strings.Contains(printed[key], "FAIL") {
			fmt.Fprintf(os.Stderr, "%s gave no %s: %s\n", c.bench, c.ratio, skipped(printed[key]))
		}
		rows = append(rows, read...)
	}
	return rows, failed
}

// skipped returns why a benchmark was skipped, as it says in the line before SKIP.
func skipped(printed string) string {
	before := ""
	for line := range strings.Lines(printed) {
		if strings.HasPrefix(strings.TrimSpace(line), "--- SKIP") {
			return strings.TrimSpace(before)
		}
		before = line
	}
	return "it printed no such figure"
}
