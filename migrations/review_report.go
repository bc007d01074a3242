package migrations

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/qarion/seedbed/internal/report"
	"github.com/qarion/seedbed/internal/review"
)

// Report is what a review found.
type Report struct {
	// Findings are those that the baseline has not, in the order of files and
	// statements.
	Findings []Finding `json:"findings"`
	// Waived are those accepted in the files or by the baseline; Finding.Waived says
	// why.
	Waived []Finding `json:"waived,omitempty"`
	// Majors are the Postgres versions that were asked.
	Majors []int `json:"majors"`
	// Migrations are those reviewed, each with the locks that others would wait for.
	Migrations []ReviewedMigration `json:"migrations"`

	set     *Set
	waivers []waiver
	from    int64
}

func newReport(s *Set, options ReviewOptions) *Report {
	r := &Report{set: s, from: options.From, Findings: []Finding{}}
	for _, src := range s.sources {
		if src.sql != nil {
			r.waivers = append(r.waivers, readWaivers(src)...)
		}
	}
	return r
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

// merge joins what the servers said: the same finding of all is one without Majors.
func (r *Report) merge(results []*review.Result) {
	type seen struct {
		at     int
		majors []int
	}
	var all []Finding
	found := map[string]*seen{}
	for _, res := range results {
		r.Majors = append(r.Majors, res.Major)
		for _, internal := range res.Findings {
			f := findingOf(internal)
			key := fmt.Sprint(f.Rule, "\x00", f.File, "\x00", f.Statement, "\x00", f.Target)
			if found[key] == nil {
				found[key] = &seen{at: len(all)}
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
			all[s.at].Majors = s.majors
		}
	}
	slices.SortStableFunc(all, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Version, b.Version), cmp.Compare(lineOrder(a), lineOrder(b)), report.Severity(a.Severity).Compare(report.Severity(b.Severity)))
	})
	for _, f := range all {
		if reason, ok := r.waives(f); ok {
			f.Waived = reason
			r.Waived = append(r.Waived, f)
			continue
		}
		r.Findings = append(r.Findings, f)
	}
}

// lineOrder sorts what is about the file as a whole behind its statements.
func lineOrder(f Finding) int {
	if f.Line > 0 {
		return f.Line
	}
	return 1 << 30
}

// known is one finding of a baseline. The statement is told by its text, so that a
// baseline survives edits elsewhere in the file.
type known struct {
	Rule   string `json:"rule"`
	File   string `json:"file"`
	Target string `json:"target"`
	SQL    string `json:"sql"` // first 16 digits of a sha256
}

func knownOf(f Finding) known {
	return known{Rule: f.Rule, File: f.File, Target: f.Target, SQL: f.engine().Statement.Digest()}
}

// Baseline writes down the findings of now as known, for ReviewOptions.Baseline: an
// old repository starts with what it has, and new migrations must be clean.
func (r *Report) Baseline() []byte {
	all := []known{}
	for _, f := range r.Findings {
		if f.Severity != Style {
			all = append(all, knownOf(f))
		}
	}
	b, _ := json.MarshalIndent(map[string]any{"known": all}, "", "  ") // strings only: cannot fail
	return append(b, '\n')
}

// accept moves what the baseline knows to Waived.
func (r *Report) accept(baseline []byte) error {
	if len(baseline) == 0 {
		return nil
	}
	var b struct {
		Known []known `json:"known"`
	}
	if err := json.Unmarshal(baseline, &b); err != nil {
		return fmt.Errorf("read the review's baseline: %w", err)
	}
	kept := []Finding{}
	for _, f := range r.Findings {
		if slices.Contains(b.Known, knownOf(f)) {
			f.Waived = "in the baseline"
			r.Waived = append(r.Waived, f)
			continue
		}
		kept = append(kept, f)
	}
	r.Findings = kept
	return nil
}

// Set is what was reviewed.
func (r *Report) Set() *Set { return r.set }
