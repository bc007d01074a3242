package report

import (
	"embed"
	"html/template"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/qarion/seedbed/internal/look"
)

//go:embed page.html review.html parts.html
var layouts embed.FS

var pages = template.Must(template.New("").Funcs(template.FuncMap{
	"count":     Count,
	"breakable": breakable,
}).ParseFS(layouts, "*.html"))

// HTML writes a report as one page.
func HTML(w io.Writer, p Page) error {
	title := p.Title
	if title == "" {
		title = p.Database
	}
	data := map[string]any{
		"Title":      title,
		"Page":       p,
		"Clean":      p.Audit.Clean() && p.Hazards == 0,
		"Facts":      p.facts(),
		"Groups":     groups(p.Audit.Findings, "f"),
		"Excused":    groups(p.Audit.Excused, "x"),
		"Matrix":     p.matrix(),
		"Drawing":    template.HTML(p.Drawing),
		"Migrations": template.HTML(p.Migrations),
		"Unchecked":  p.Audit.Unchecked,
	}
	return write(w, "page.html", data)
}

// HTML writes the review as one page: the summary, and for each migration which relation
// is closed to what, from which statement to which; then its statements.
func (r *Review) HTML(w io.Writer) error {
	return write(w, "review.html", map[string]any{
		"Review":  r,
		"Clean":   !slices.ContainsFunc(r.Findings, func(f Finding) bool { return f.Severity != Style }),
		"Scope":   r.scope(),
		"Majors":  majors(r.Majors),
		"Grouped": r.grouped(),
	})
}

// Section is the part of the page that shows the migrations, for a page about more.
func (r *Review) Section() (string, error) {
	var b strings.Builder
	err := pages.ExecuteTemplate(&b, "migrations", r.grouped())
	return b.String(), err
}

// write writes a page with the style and the script of all.
func write(w io.Writer, page string, data map[string]any) error {
	data["Style"], data["Script"] = template.CSS(look.CSS), template.JS(look.Script)
	return pages.ExecuteTemplate(w, page, data)
}

// breakable lets a long name wrap after its words.
func breakable(name string) template.HTML {
	safe := template.HTMLEscapeString(name)
	return template.HTML(strings.NewReplacer("_", "_<wbr>", ".", ".<wbr>").Replace(safe))
}

// facts are the report in numbers.
func (p Page) facts() string {
	facts := []string{Count(p.Audit.Rules, "rule"), Count(p.Audit.Tables, "table")}
	if p.Server != "" {
		facts = append(facts, "Postgres "+p.Server)
	}
	if p.Probed {
		facts = append(facts, "break-ins tried")
	} else {
		facts = append(facts, "catalog and rows read, no break-ins tried")
	}
	facts = append(facts, p.Audit.Elapsed.Round(time.Millisecond).String())
	if !p.Made.IsZero() {
		facts = append(facts, p.Made.UTC().Format("2 Jan 2006 15:04 UTC"))
	}
	return strings.Join(facts, " · ")
}
