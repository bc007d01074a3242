package main

import (
	"os"

	"github.com/qarion/seedbed/internal/report"
)

// readBaseline reads the findings that a team has accepted. writer is what writes such a file.
func readBaseline(file, writer string) (text []byte, b *report.Baseline, err error) {
	text, err = os.ReadFile(file)
	if err != nil {
		return nil, nil, usagef("--baseline: %v; %s writes it", err, writer)
	}
	b, err = report.ReadBaseline(text, "in the baseline "+file)
	if err != nil {
		return nil, nil, usagef("--baseline %s: %v; %s writes one", file, err, writer)
	}
	return text, b, nil
}

// writeBaseline accepts what a report has found and could not check.
func writeBaseline(file string, r *report.Report) error {
	return writeAtomically(file, string(report.WriteBaseline(r.Findings, r.Unchecked)))
}
