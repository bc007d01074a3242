// Package report is what a check of a database and a review of migrations find, and how
// it is told: as text, JSON, SARIF, GitLab's and GitHub's forms, and as one HTML page.
//
//	fmt.Print(found.Text())
//	err := report.HTML(w, report.Page{Database: "orders", Audit: found, Drawing: svg})
//
// It says once what a Finding, a Rule and a Severity are. A page asks for nothing over the
// network: it is one file, readable on a phone, in the dark and on paper. Its script only
// filters and copies findings; without it the page shows all of them.
package report

import (
	"slices"
	"time"
)

// Page is what a report tells.
type Page struct {
	// Database that was looked at, as people call it.
	Database string
	// Title of the page. Empty: the database.
	Title string
	// Server is its version.
	Server string
	// Made is when. Zero: the page does not say.
	Made time.Time
	// Audit is what was found.
	Audit *Report
	// Probed says that what the application can do was tried, not only read.
	Probed bool
	// Drawing is an SVG of the schema. Empty: it is left out.
	Drawing string
	// Migrations is the Section of their review. Empty: they were not reviewed.
	Migrations string
	// Hazards is how many findings of the review are hazards.
	Hazards int
}

// group is the findings of one rule.
type group struct {
	Rule
	Findings []finding
}

// finding as a page shows it.
type finding struct {
	Finding
	Title string
	ID    string // that the matrix links to. Empty: nothing does
	More  int64  // rows that the sample leaves out
}

// Observed is what the catalog, an attempt or the servers say.
func (f finding) Observed() []string { return slices.Concat(f.Evidence, f.Statement.observed()) }

// Place is the table that the page files the finding under.
func (f finding) Place() string {
	if f.Table != "" {
		return f.Table
	}
	return f.Object
}

// shown is how many findings of a rule the page shows before it folds the others.
const shown = 6

// gravest is the severity of the worst of its findings.
func (g group) gravest() Severity {
	worst := g.Findings[0].Severity
	for _, f := range g.Findings {
		worst = worse(worst, f.Severity)
	}
	return worst
}

// Count is how many there are, where there are several.
func (g group) Count() int {
	if len(g.Findings) == 1 {
		return 0
	}
	return len(g.Findings)
}

// First are those that the page shows at once.
func (g group) First() []finding { return g.Findings[:len(g.Findings)-len(g.Rest())] }

// Rest are those that are folded, which a link into them opens.
func (g group) Rest() []finding {
	if len(g.Findings) <= shown+1 {
		return nil
	}
	return g.Findings[shown:]
}

// groups are findings by rule, the gravest first, then in the order of the audit.
func groups(all []Finding, prefix string) (out []group) {
	for i, f := range all {
		rule, ok := DatabaseRules.Named(f.Rule)
		if !ok {
			rule = Rule{Name: f.Rule}
		}
		at := slices.IndexFunc(out, func(g group) bool { return g.Name == f.Rule })
		if at < 0 {
			at = len(out)
			out = append(out, group{Rule: rule})
		}
		x := finding{Finding: f, Title: f.Object, ID: name(prefix, i)}
		if n := f.Rows - int64(len(f.Sample)); len(f.Sample) > 0 && n > 0 {
			x.More = n
		}
		out[at].Findings = append(out[at].Findings, x)
	}
	slices.SortStableFunc(out, func(a, b group) int { return a.gravest().Compare(b.gravest()) })
	return out
}
