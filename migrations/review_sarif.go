package migrations

import (
	"io"

	"github.com/qarion/seedbed/internal/report"
	"github.com/qarion/seedbed/internal/review"
)

// urgency of a finding, as code hosts know it.
var urgency = map[Severity]report.Severity{Hazard: report.Breach, Policy: report.Risk, Style: report.Advice}

// WriteSARIF writes the report as SARIF 2.1.0, which code hosts and editors read.
// prefix is the directory of the files in the repository.
func (r *Report) WriteSARIF(w io.Writer, prefix string) error { return r.run(prefix).SARIF(w) }

// WriteGitLab writes GitLab's code quality report, which it shows in merge requests.
func (r *Report) WriteGitLab(w io.Writer, prefix string) error { return r.run(prefix).GitLab(w) }

func (r *Report) run(prefix string) report.Run {
	run := report.Run{Tool: "seedbed migrate review"}
	for _, rule := range review.Rules() {
		run.Rules = append(run.Rules, report.RunRule{Name: rule.Name, Short: rule.Summary, Urgency: urgency[Severity(rule.Severity)]})
	}
	for _, f := range append(append([]Finding(nil), r.Findings...), r.Waived...) {
		k := knownOf(f)
		run.Results = append(run.Results, report.Result{Rule: f.Rule, Urgency: urgency[f.Severity], Message: f.Message + "\n\nFix: " + f.Fix,
			File: inRepository(prefix, f.File), Line: f.Line, Fingerprint: k.Rule + "/" + k.File + "/" + k.Target + "/" + k.SQL,
			Accepted: f.Waived, InSource: true})
	}
	return run
}
