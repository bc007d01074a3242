package main

import (
	"encoding/json"
	"io"

	"github.com/qarion/seedbed/internal/report"
)

// formats of a report, by what --format says.
var formats = map[string]func(io.Writer, *reporting) error{
	"text":   func(w io.Writer, r *reporting) error { return writeText(w, r.page.Audit) },
	"json":   func(w io.Writer, r *reporting) error { return writeJSON(w, r.page.Audit) },
	"html":   func(w io.Writer, r *reporting) error { return report.HTML(w, r.page) },
	"gitlab": func(w io.Writer, r *reporting) error { return r.page.Run(r.files()).GitLab(w) },
	"sarif":  func(w io.Writer, r *reporting) error { return r.page.Run(r.files()).SARIF(w) },
}

// writeText writes findings as a failing test does.
func writeText(w io.Writer, r *report.Report) error {
	_, err := io.WriteString(w, r.Text())
	return err
}

// finding is how a report for machines writes one.
type finding struct {
	Rule     string          `json:"rule"`
	Severity report.Severity `json:"severity"`
	Object   string          `json:"object"`
	Table    string          `json:"table,omitempty"`
	Message  string          `json:"message"`
	Why      string          `json:"why,omitempty"`
	Rows     int64           `json:"rows,omitempty"`
	Sample   []string        `json:"sample,omitempty"`
	Evidence []string        `json:"evidence,omitempty"`
	Fix      string          `json:"fix,omitempty"`
	Declare  string          `json:"declare,omitempty"` // lines of seedbed.yaml
	Excused  string          `json:"excused,omitempty"`
	Count    int             `json:"count"` // with those that follow
	Follows  []finding       `json:"follows,omitempty"`
}

func machineReadable(all []report.Finding) []finding {
	out := []finding{}
	for _, f := range all {
		rule, _ := report.RuleNamed(f.Rule)
		x := finding{Rule: f.Rule, Severity: f.Severity, Object: f.Object, Table: f.Table, Message: f.Message, Why: rule.Why, Rows: f.Rows,
			Sample: f.Sample, Evidence: f.Evidence, Fix: f.Fix, Declare: f.Declaration(), Excused: f.Excused, Count: len(f.All())}
		if len(f.Follows) > 0 {
			x.Follows = machineReadable(f.Follows)
		}
		out = append(out, x)
	}
	return out
}

// writeJSON writes a report for machines. Names are lower case and never change
// their meaning; new ones may come.
func writeJSON(w io.Writer, r *report.Report) error {
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
		Verdict   string         `json:"verdict"`
		Clean     bool           `json:"clean"`
		Access    *report.Access `json:"access,omitempty"`
		Findings  []finding      `json:"findings"`
		Excused   []finding      `json:"excused"`
		Unchecked []gap          `json:"unchecked"`
		Tables    int            `json:"tables"`
		Rules     int            `json:"rules"`
		Millis    int64          `json:"elapsed_ms"`
	}{r.Verdict(), r.Clean() && r.Complete(), r.Access, machineReadable(r.Findings), machineReadable(r.Excused), gaps, r.Tables, r.Rules, r.Elapsed.Milliseconds()})
}
