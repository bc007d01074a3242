package migrations

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/qarion/seedbed/internal/review"
)

// WriteJSON writes the report for machines: {"findings": […], "waived": […],
// "majors": […], "migrations": […]}. Names never change their meaning; new ones may
// come.
func (r *Report) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(r)
}

// WriteText writes the report for people: each finding with its place, its reason,
// and the safe form of the statement, then how long each table is closed.
func (r *Report) WriteText(w io.Writer) error {
	var b strings.Builder
	for _, f := range r.Findings {
		writeFinding(&b, f)
	}
	for _, f := range r.Waived {
		fmt.Fprintf(&b, "%s: %s %s is accepted: %s\n", at(f.File, f.Line), f.Rule, f.Target, f.Waived)
	}
	r.writeTimelines(&b)
	fmt.Fprintf(&b, "%d migrations reviewed on Postgres %s: %s\n", len(r.Migrations), majors(r.Majors), r.summary())
	_, err := io.WriteString(w, b.String())
	return err
}

func writeFinding(b *strings.Builder, f Finding) {
	fmt.Fprintf(b, "%s: %s: %s", at(f.File, f.Line), f.Severity, f.Rule)
	if f.Target != "" {
		fmt.Fprintf(b, " on %s", f.Target)
	}
	if f.Lock != "" {
		fmt.Fprintf(b, " (%s)", f.Lock)
	}
	if len(f.Majors) > 0 {
		fmt.Fprintf(b, " (only on Postgres %s)", majors(f.Majors))
	}
	b.WriteString("\n")
	if f.Excerpt != "" {
		b.WriteString(excerpt(f.Excerpt) + "\n")
	}
	fmt.Fprintf(b, "  why: %s\n  fix: %s\n\n", f.Message, f.Fix)
}

func majors(all []int) string {
	return strings.Trim(strings.ReplaceAll(fmt.Sprint(all), " ", ", "), "[]")
}

func (r *Report) summary() string {
	if len(r.Findings) == 0 {
		return "nothing found"
	}
	return fmt.Sprintf("%d hazards, %d against policy, %d of style", r.Hazards(), r.Policies(), r.count(Style))
}

// writeTimelines draws, for each migration that closes something to others, which
// statements that lasts for.
func (r *Report) writeTimelines(b *strings.Builder) {
	for _, m := range r.Migrations {
		var rows []string
		for _, c := range m.Timeline {
			if c.Writes {
				rows = append(rows, timelineRow(c, m.Timeline))
			}
		}
		if len(rows) > 0 {
			fmt.Fprintf(b, "%s: closed to others, by statement\n%s\n", m.File, strings.Join(rows, "\n"))
		}
	}
}

// mostColumns is how many statements fit beside each other on a screen.
const mostColumns = 60

func timelineRow(c review.Closed, all []review.Closed) string {
	last := 0
	for _, o := range all {
		last = max(last, o.To)
	}
	var bar strings.Builder
	scale := max(1, (last+mostColumns)/mostColumns)
	for i := 0; i <= last; i += scale {
		if i+scale > c.From && i <= c.To {
			bar.WriteRune('█')
		} else {
			bar.WriteRune('·')
		}
	}
	what := "writes, DDL"
	if c.Reads {
		what = "reads, writes, DDL"
	}
	return fmt.Sprintf("  %s %s: no %s (%s), statements %d to %d", bar.String(), c.Relation, what, c.Lock, c.From, c.To)
}

// WriteAnnotations writes one line per finding that GitHub's runners turn into a
// comment at the line of the diff. prefix is the directory of the files in the
// repository, "" where they lie at its root.
func (r *Report) WriteAnnotations(w io.Writer, prefix string) error {
	escape := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	for _, f := range r.Findings {
		level := map[Severity]string{Hazard: "error", Policy: "warning", Style: "notice"}[f.Severity]
		_, err := fmt.Fprintf(w, "::%s file=%s,line=%d,title=%s::%s\n", level, escape.Replace(join2(prefix, f.File)), max(1, f.Line), f.Rule,
			escape.Replace(f.Message+"\nfix: "+f.Fix))
		if err != nil {
			return err
		}
	}
	return nil
}

func join2(prefix, file string) string {
	if prefix == "" || prefix == "." {
		return file
	}
	return strings.TrimSuffix(prefix, "/") + "/" + file
}

// WriteGitLab writes GitLab's code quality report, which it shows in merge requests.
func (r *Report) WriteGitLab(w io.Writer, prefix string) error {
	type lines struct {
		Begin int `json:"begin"`
	}
	type location struct {
		Path  string `json:"path"`
		Lines lines  `json:"lines"`
	}
	type issue struct {
		Description string   `json:"description"`
		CheckName   string   `json:"check_name"`
		Fingerprint string   `json:"fingerprint"`
		Severity    string   `json:"severity"`
		Location    location `json:"location"`
	}
	all := []issue{}
	for _, f := range r.Findings {
		k := knownOf(f)
		all = append(all, issue{
			Description: f.Message + " Fix: " + f.Fix, CheckName: f.Rule, Fingerprint: k.Rule + "/" + k.File + "/" + k.Target + "/" + k.SQL,
			Severity: map[Severity]string{Hazard: "critical", Policy: "major", Style: "info"}[f.Severity],
			Location: location{join2(prefix, f.File), lines{max(1, f.Line)}},
		})
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(all)
}
