package main

import (
	"io"

	"github.com/qarion/seedbed/internal/report"
)

// formats of a report, by what --format says.
var formats = map[string]func(io.Writer, *reporting) error{
	"text": func(w io.Writer, r *reporting) error {
		_, err := io.WriteString(w, r.page.Audit.TextIn(r.width(r.out)))
		return err
	},
	"json":   func(w io.Writer, r *reporting) error { return r.page.Audit.JSON(w) },
	"html":   func(w io.Writer, r *reporting) error { return report.HTML(w, r.page) },
	"gitlab": func(w io.Writer, r *reporting) error { return r.page.Run(r.files()).GitLab(w) },
	"sarif":  func(w io.Writer, r *reporting) error { return r.page.Run(r.files()).SARIF(w) },
}
