package report

import (
	"encoding/json"
	"io"

	"github.com/qarion/seedbed/internal/audit"
)

// issue is one entry of GitLab's Code Quality report, which follows Code Climate's.
type issue struct {
	Description string   `json:"description"`
	CheckName   string   `json:"check_name"`
	Fingerprint string   `json:"fingerprint"`
	Severity    string   `json:"severity"`
	Location    location `json:"location"`
}

type location struct {
	Path  string `json:"path"`
	Lines struct {
		Begin int `json:"begin"`
	} `json:"lines"`
}

var gitlabSeverity = map[audit.Severity]string{audit.Breach: "critical", audit.Risk: "major", audit.Advice: "minor"}

// GitLab writes findings as a Code Quality report. A finding that no line of the
// migrations explains is placed in the database.
func GitLab(w io.Writer, p Page, files *Files) error {
	issues := []issue{}
	for _, f := range p.Audit.Findings {
		rule, _ := audit.RuleNamed(f.Rule)
		i := issue{Description: f.Object + ": " + f.Message, CheckName: f.Rule, Fingerprint: fingerprint(f), Severity: gitlabSeverity[rule.Severity]}
		i.Location.Path, i.Location.Lines.Begin = files.find(f.Object)
		if i.Location.Path == "" {
			i.Location.Path, i.Location.Lines.Begin = "database/"+p.Database, 1
		}
		issues = append(issues, i)
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(issues)
}
