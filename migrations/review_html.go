package migrations

import (
	"fmt"
	"html/template"
	"io"
	"strings"

	"github.com/qarion/seedbed/internal/review"
)

// WriteHTML writes the report as one page without scripts or other files: findings,
// and for each migration the picture that a DBA wants before saying yes: which
// relation is closed to what, from which statement to which.
func (r *Report) WriteHTML(w io.Writer) error {
	type migration struct {
		review.Reviewed
		SVG      template.HTML
		Findings []Finding
	}
	var all []migration
	for _, m := range r.Migrations {
		x := migration{Reviewed: m}
		if len(m.Timeline) > 0 {
			x.SVG = template.HTML(TimelineSVG(m))
		}
		for _, f := range r.Findings {
			if f.Version == m.Version {
				x.Findings = append(x.Findings, f)
			}
		}
		all = append(all, x)
	}
	return reportPage.Execute(w, map[string]any{"Summary": r.summary(), "Majors": majors(r.Majors), "Migrations": all, "Waived": r.Waived})
}

var reportPage = template.Must(template.New("report").Parse(`<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Migration review</title>
<style>
body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#222}
h2{font-size:1.05rem;margin:2rem 0 .5rem;border-top:1px solid #ddd;padding-top:1rem}
code,pre{font:13px/1.45 ui-monospace,monospace}pre{background:#f6f6f6;padding:.6rem;overflow:auto}
.f{border-left:4px solid #c33;padding:.1rem 0 .1rem .8rem;margin:.8rem 0}.policy{border-color:#c90}.style{border-color:#79a}
.ok{color:#393}svg{max-width:100%;height:auto}
</style>
<h1>Migration review</h1>
<p>Postgres {{.Majors}}: {{.Summary}}.</p>
{{range .Migrations}}<h2 id="v{{.Version}}">{{.File}}</h2>
{{.SVG}}
{{range .Findings}}<div class="f {{.Severity}}"><b>{{.Rule}}</b> {{.Target}}{{with .Lock}} · {{.}}{{end}} · line {{.Line}}
<p>{{.Message}}</p>{{with .Excerpt}}<pre>{{.}}</pre>{{end}}<p>Fix: <code>{{.Fix}}</code></p></div>
{{else}}<p class="ok">Nothing found.</p>{{end}}{{end}}
{{with .Waived}}<h2>Accepted</h2><ul>{{range .}}<li>{{.File}}:{{.Line}} {{.Rule}} {{.Target}}: {{.Waived}}</li>{{end}}</ul>{{end}}
</html>
`))

// lockColours of the picture: what others can no longer do.
func lockColour(c review.Closed) string {
	switch {
	case c.Reads:
		return "#c33"
	case c.Writes:
		return "#e90"
	}
	return "#7ab"
}

// TimelineSVG draws one migration: a row for each relation that it locks against
// others, a column for each statement. Red is closed to reads and writes, orange
// to writes, blue to other DDL only.
func TimelineSVG(m review.Reviewed) string {
	last := 0
	var rows []string
	for _, c := range m.Timeline {
		last = max(last, c.To)
		if len(rows) == 0 || !contains(rows, c.Relation) {
			rows = append(rows, c.Relation)
		}
	}
	const left, top, height = 260, 28, 24
	step := min(60, 640/(last+1)+1)
	width := left + (last+1)*step + 20
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" role="img" aria-label="locks of %s">`,
		width, top+len(rows)*height+8, width, template.HTMLEscapeString(m.File))
	b.WriteString(`<g font-family="ui-monospace,monospace" font-size="12" fill="#333">`)
	for i := 0; i <= last; i++ {
		if step >= 18 || i%10 == 0 {
			fmt.Fprintf(&b, `<text x="%d" y="18" text-anchor="middle">%d</text>`, left+i*step+step/2, i)
		}
	}
	for n, name := range rows {
		y := top + n*height
		fmt.Fprintf(&b, `<text x="%d" y="%d" text-anchor="end">%s</text>`, left-10, y+16, template.HTMLEscapeString(name))
		for _, c := range m.Timeline {
			if c.Relation == name {
				fmt.Fprintf(&b, `<rect x="%d" y="%d" width="%d" height="%d" rx="3" fill="%s"><title>%s on %s, statements %d to %d</title></rect>`,
					left+c.From*step+1, y+4, (c.To-c.From+1)*step-2, height-8, lockColour(c), c.Lock, template.HTMLEscapeString(name), c.From, c.To)
			}
		}
	}
	b.WriteString("</g></svg>")
	return b.String()
}

func contains(all []string, s string) bool {
	for _, a := range all {
		if a == s {
			return true
		}
	}
	return false
}
