package migrations

import (
	"encoding/json"
	"io"
)

// WriteText writes the report for people: a summary, rules that fire in most
// migrations by their count, then each migration with each statement once, what was
// found of it, hazards first, and how long each table is closed.
func (r *Report) WriteText(w io.Writer) error {
	_, err := io.WriteString(w, r.engine().Text())
	return err
}

// WriteHTML writes the report as one page that needs no other files: the summary,
// and for each migration the picture that a DBA wants before saying yes: which
// relation is closed to what, from which statement to which; then its statements.
func (r *Report) WriteHTML(w io.Writer) error { return r.engine().HTML(w) }

// HTMLSection is the part of WriteHTML's page that shows the migrations, for a page about
// more; it is styled and filtered as part of such a page of Seedbed's.
func (r *Report) HTMLSection() (string, error) { return r.engine().Section() }

// WriteJSON writes the report for machines: {"findings": […], "waived": […],
// "majors": […], "migrations": […]}. Names never change their meaning; new ones may
// come.
func (r *Report) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(r)
}

// WriteAnnotations writes one line per cause that GitHub's runners turn into a
// comment at the line of the diff. prefix is the directory of the files in the
// repository, "" where they lie at its root.
func (r *Report) WriteAnnotations(w io.Writer, prefix string) error {
	return r.engine().Comments(prefix).GitHub(w)
}

// WriteSARIF writes the report as SARIF 2.1.0, which code hosts and editors read.
// prefix is the directory of the files in the repository.
func (r *Report) WriteSARIF(w io.Writer, prefix string) error { return r.engine().Run(prefix).SARIF(w) }

// WriteGitLab writes GitLab's code quality report, which it shows in merge requests.
func (r *Report) WriteGitLab(w io.Writer, prefix string) error {
	return r.engine().Run(prefix).GitLab(w)
}

// TimelineSVG draws one migration: a row for each relation that it locks against
// others, a column for each statement. Red is closed to reads and writes, orange
// to writes, blue to other DDL only. Empty: it locks none.
func TimelineSVG(m ReviewedMigration) string { return string(m.engine().Timeline()) }
