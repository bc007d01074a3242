package main

import (
	"encoding/json"
	"io"

	"github.com/qarion/seedbed/internal/audit"
	"github.com/qarion/seedbed/internal/report"
	"github.com/qarion/seedbed/pgtest/check"
)

// formats of a report, by what --format says.
var formats = map[string]func(io.Writer, *reporting) error{
	"text":   func(w io.Writer, r *reporting) error { return writeText(w, r.page.Audit) },
	"json":   func(w io.Writer, r *reporting) error { return writeJSON(w, r.page.Audit) },
	"html":   func(w io.Writer, r *reporting) error { return report.HTML(w, r.page) },
	"gitlab": func(w io.Writer, r *reporting) error { return report.GitLab(w, r.page, r.files()) },
	"sarif":  func(w io.Writer, r *reporting) error { return report.SARIF(w, r.page, r.files()) },
}

// writeText writes findings as a failing test does.
func writeText(w io.Writer, r *audit.Report) error {
	_, err := io.WriteString(w, check.Format(r))
	return err
}

// writeJSON writes a report for machines. Names are lower case and never change
// their meaning; new ones may come.
func writeJSON(w io.Writer, r *audit.Report) error {
	type finding struct {
		Rule     string         `json:"rule"`
		Severity audit.Severity `json:"severity"`
		Object   string         `json:"object"`
		Message  string         `json:"message"`
		Why      string         `json:"why,omitempty"`
		Rows     int64          `json:"rows,omitempty"`
		Sample   []string       `json:"sample,omitempty"`
		Evidence []string       `json:"evidence,omitempty"`
		Fix      string         `json:"fix,omitempty"`
	}
	list := func(all []audit.Finding) []finding {
		out := []finding{}
		for _, f := range all {
			rule, _ := audit.RuleNamed(f.Rule)
			out = append(out, finding{f.Rule, rule.Severity, f.Object, f.Message, rule.Why, f.Rows, f.Sample, f.Evidence, f.Fix})
		}
		return out
	}
	type gap struct {
		Part   string `json:"part"`
		Reason string `json:"reason"`
	}
	gaps := []gap{}
	for _, g := range r.Unchecked {
		gaps = append(gaps, gap{g.Part, g.Reason})
	}
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(struct {
		Verdict   string    `json:"verdict"`
		Clean     bool      `json:"clean"`
		Findings  []finding `json:"findings"`
		Excused   []finding `json:"excused"`
		Unchecked []gap     `json:"unchecked"`
		Tables    int       `json:"tables"`
		Rules     int       `json:"rules"`
		Millis    int64     `json:"elapsed_ms"`
	}{r.Verdict(), r.Clean() && r.Complete(), list(r.Findings), list(r.Excused), gaps, r.Tables, r.Rules, r.Elapsed.Milliseconds()})
}
