package main

import (
	"os"

	"github.com/qarion/seedbed/internal/report"
)

// readBaseline reads the findings that a team has accepted.
func readBaseline(file string) (*report.Baseline, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, usagef("--baseline: %v; --update-baseline writes it", err)
	}
	b, err := report.ReadBaseline(text, "in the baseline "+file)
	if err != nil {
		return nil, usagef("--baseline %s: %v", file, err)
	}
	return b, nil
}

// writeBaseline accepts what a report has found and could not check.
func writeBaseline(file string, r *report.Report) error {
	return writeAtomically(file, string(report.WriteBaseline(r.Findings, r.Unchecked)))
}
