package report

import "io"

// jsonFinding is how a report for machines writes one.
type jsonFinding struct {
	Rule     string        `json:"rule"`
	Severity Severity      `json:"severity"`
	Object   string        `json:"object"`
	Table    string        `json:"table,omitempty"`
	Message  string        `json:"message"`
	Why      string        `json:"why,omitempty"`
	Rows     int64         `json:"rows,omitempty"`
	Sample   []string      `json:"sample,omitempty"`
	Evidence []string      `json:"evidence,omitempty"`
	Fix      string        `json:"fix,omitempty"`
	Declare  string        `json:"declare,omitempty"` // lines of seedbed.yaml
	Excused  string        `json:"excused,omitempty"`
	Count    int           `json:"count"` // with those that follow
	Follows  []jsonFinding `json:"follows,omitempty"`
}

func machineReadable(all []Finding) []jsonFinding {
	out := []jsonFinding{}
	for _, f := range all {
		rule, _ := f.rules().Named(f.Rule)
		x := jsonFinding{Rule: f.Rule, Severity: f.Severity, Object: f.Object, Table: f.Table, Message: f.Message, Why: rule.Why, Rows: f.Rows,
			Sample: f.Sample, Evidence: f.Evidence, Fix: f.Fix, Declare: f.Declaration(), Excused: f.Excused, Count: len(f.All())}
		if len(f.Follows) > 0 {
			x.Follows = machineReadable(f.Follows)
		}
		out = append(out, x)
	}
	return out
}

// JSON writes a report for machines. Names are lower case and never change their
// meaning; new ones may come.
func (r *Report) JSON(w io.Writer) error {
	type gap struct {
		Part   string `json:"part"`
		Reason string `json:"reason"`
	}
	gaps := []gap{}
	for _, g := range r.Unchecked {
		gaps = append(gaps, gap{g.Part, g.Reason})
	}
	return encode(w, struct {
		Verdict   string        `json:"verdict"`
		Clean     bool          `json:"clean"`
		Access    *Access       `json:"access,omitempty"`
		Findings  []jsonFinding `json:"findings"`
		Excused   []jsonFinding `json:"excused"`
		Unchecked []gap         `json:"unchecked"`
		Tables    int           `json:"tables"`
		Rules     int           `json:"rules"`
		Millis    int64         `json:"elapsed_ms"`
	}{r.Verdict(), r.Clean() && r.Complete(), r.Access, machineReadable(r.Findings), machineReadable(r.Excused), gaps, r.Tables, r.Rules, r.Elapsed.Milliseconds()})
}
