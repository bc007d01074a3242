package migrations

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
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

// WriteAnnotations writes one line per cause that GitHub's runners turn into a
// comment at the line of the diff. prefix is the directory of the files in the
// repository, "" where they lie at its root.
func (r *Report) WriteAnnotations(w io.Writer, prefix string) error {
	escape := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	level := map[Severity]string{Hazard: "error", Policy: "warning", Style: "notice"}
	var b strings.Builder
	g := r.grouped()
	write := func(f Finding, message string) {
		fmt.Fprintf(&b, "::%s file=%s,line=%d,title=%s::%s\n", level[f.Severity], escape.Replace(inRepository(prefix, f.File)), max(1, f.Line), f.Rule,
			escape.Replace(message+"\nfix: "+f.Fix))
	}
	for _, c := range g.Common {
		write(c.Last, fmt.Sprintf("%s (%d in %d migrations)", c.Summary, c.Findings, c.Migrations))
	}
	for _, m := range g.Migrations {
		for _, st := range m.Statements {
			for _, c := range st.Causes {
				message := c.Message
				if again := c.Again(); again != "" {
					message += " (" + again + ")"
				}
				write(c.Finding, message)
			}
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func inRepository(prefix, file string) string {
	if prefix == "" || prefix == "." {
		return file
	}
	return strings.TrimSuffix(prefix, "/") + "/" + file
}
