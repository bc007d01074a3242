package migrations

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"

	"github.com/qarion/seedbed/internal/report"
	"github.com/qarion/seedbed/internal/review"
)

// Report is the result of a review.
type Report struct {
	// Findings are those that are not waived, in the order of files and statements.
	Findings []Finding `json:"findings"`
	// Waived are the findings accepted in the files or by the baseline; Finding.Waived
	// has the reason.
	Waived []Finding `json:"waived,omitempty"`
	// Majors are the major versions of the servers.
	Majors []int `json:"majors"`
	// Migrations are the reviewed ones, with the locks that other sessions would wait for.
	Migrations []ReviewedMigration `json:"migrations"`

	set     *Set
	waivers []waiver
	from    int64
}

func newReport(s *Set, options ReviewOptions) (*Report, error) {
	r := &Report{set: s, from: options.From, Findings: []Finding{}}
	for _, src := range s.sources {
		if src.sql == nil {
			continue
		}
		waivers, err := readWaivers(src)
		if err != nil {
			return nil, err
		}
		r.waivers = append(r.waivers, waivers...)
	}
	return r, nil
}

// Hazards counts the findings of severity hazard.
func (r *Report) Hazards() int { return r.count(Hazard) }

// Policies counts the findings of severity policy.
func (r *Report) Policies() int { return r.count(Policy) }

func (r *Report) count(s Severity) int {
	n := 0
	for _, f := range r.Findings {
		if f.Severity == s {
			n++
		}
	}
	return n
}

// addResults merges the findings of all servers. A finding that all servers have gets no
// Majors.
func (r *Report) addResults(results []*review.Result) {
	type occurrence struct {
		index  int // in all
		majors []int
	}
	var all []Finding
	found := map[string]*occurrence{}
	for _, res := range results {
		r.Majors = append(r.Majors, res.Major)
		for _, internal := range res.Findings {
			f := findingOf(internal)
			key := fmt.Sprint(f.Rule, "\x00", f.File, "\x00", f.Statement, "\x00", f.Target)
			if found[key] == nil {
				found[key] = &occurrence{index: len(all)}
				all = append(all, f)
			}
			found[key].majors = append(found[key].majors, res.Major)
		}
	}
	if len(results) > 0 {
		r.Migrations = []ReviewedMigration{}
		for _, m := range results[0].Migrations {
			r.Migrations = append(r.Migrations, reviewedOf(m))
		}
	}
	for _, s := range found {
		if len(s.majors) < len(results) {
			all[s.index].Majors = s.majors
		}
	}
	slices.SortStableFunc(all, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Version, b.Version), cmp.Compare(lineOrder(a), lineOrder(b)), report.Severity(a.Severity).Compare(report.Severity(b.Severity)))
	})
	for _, f := range all {
		if reason, ok := r.waiverFor(f); ok {
			f.Waived = reason
			r.Waived = append(r.Waived, f)
			continue
		}
		r.Findings = append(r.Findings, f)
	}
}

// lineOrder sorts findings about the whole file after those about its statements.
func lineOrder(f Finding) int {
	if f.Line > 0 {
		return f.Line
	}
	return 1 << 30
}

// Baseline returns the present findings for ReviewOptions.Baseline: later reviews of an
// old repository then report new findings only.
func (r *Report) Baseline() []byte {
	var all []report.Finding
	for _, f := range r.Findings {
		if f.Severity != Style {
			all = append(all, f.toReport())
		}
	}
	return report.WriteBaseline(all, nil)
}

// readBaseline reads the accepted findings; nil where there are none.
func (o ReviewOptions) readBaseline() (*report.Baseline, error) {
	if len(o.Baseline) == 0 {
		return nil, nil
	}
	baseline, err := report.ReadBaseline(o.Baseline, "in the baseline")
	if err != nil {
		return nil, fmt.Errorf("ReviewOptions.Baseline: %w; Report.Baseline writes one", err)
	}
	return baseline, nil
}

// setAside moves findings of the baseline to Waived.
func (r *Report) setAside(baseline *report.Baseline) {
	if baseline == nil {
		return
	}
	kept := []Finding{}
	for _, f := range r.Findings {
		if baseline.Has(f.toReport()) {
			f.Waived = baseline.Reason
			r.Waived = append(r.Waived, f)
			continue
		}
		kept = append(kept, f)
	}
	r.Findings = kept
}

// Set returns the set that was reviewed.
func (r *Report) Set() *Set { return r.set }

// WriteText writes the report as text: a summary, the number of findings of rules that
// most migrations break, then each migration with its statements and their findings,
// hazards first, and how long each table is locked.
func (r *Report) WriteText(w io.Writer) error {
	_, err := io.WriteString(w, r.toReport().Text())
	return err
}

// WriteHTML writes the report as one HTML page without other files. For each migration it
// shows which relation is locked against what, from which statement to which.
func (r *Report) WriteHTML(w io.Writer) error { return r.toReport().HTML(w) }

// HTMLSection is the part of WriteHTML's page about the migrations, for a page with
// further sections of Seedbed's.
func (r *Report) HTMLSection() (string, error) { return r.toReport().Section() }

// WriteJSON writes the report as JSON: {"findings": […], "waived": […], "majors": […],
// "migrations": […]}. Keys never change their meaning; further ones may be added.
func (r *Report) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(r)
}

// WriteAnnotations writes a line for each cause, which GitHub Actions shows as a comment
// at the line of the diff. prefix is the directory of the files in the repository, or "".
func (r *Report) WriteAnnotations(w io.Writer, prefix string) error {
	return r.toReport().Comments(prefix).GitHub(w)
}

// WriteSARIF writes the report as SARIF 2.1.0, which code hosts and editors read.
// prefix is the directory of the files in the repository.
func (r *Report) WriteSARIF(w io.Writer, prefix string) error {
	return r.toReport().Run(prefix).SARIF(w)
}

// WriteGitLab writes a code quality report of GitLab, which GitLab shows in merge
// requests.
func (r *Report) WriteGitLab(w io.Writer, prefix string) error {
	return r.toReport().Run(prefix).GitLab(w)
}

// TimelineSVG draws one migration, with a row for each locked relation and a column for
// each statement. Red means locked against reads and writes, orange against writes, blue
// against other DDL. It returns "" for a migration without locks.
func TimelineSVG(m ReviewedMigration) string { return string(m.toReport().Timeline()) }
