package migrations

import (
	"fmt"
	"html/template"
	"io"
	"slices"
	"strings"

	"github.com/qarion/seedbed/internal/look"
)

// WriteHTML writes the report as one page that needs no other files: the summary,
// and for each migration the picture that a DBA wants before saying yes: which
// relation is closed to what, from which statement to which; then its statements.
func (r *Report) WriteHTML(w io.Writer) error {
	return reportPage.Execute(w, map[string]any{
		"Style": template.CSS(look.CSS), "Script": template.JS(look.Script), "What": r.reviewedWhat(), "Summary": r.summary(), "Clean": r.Hazards()+r.Policies() == 0,
		"Majors": majors(r.Majors), "Grouped": r.grouped(), "Waived": r.Waived, "Set": r.set,
	})
}

// Picture is the migration's timeline; empty where it locks nothing against others.
func (m migrationGroup) Picture() template.HTML {
	if len(m.Locks) == 0 {
		return ""
	}
	return template.HTML(TimelineSVG(m.ReviewedMigration)) // it escapes names itself
}

// Counts are the numbers of findings by severity.
func (m migrationGroup) Counts() string { return m.counts() }

var reportPage = template.Must(template.New("report").Parse(`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Migration review: {{.Summary}}</title>
<style>{{.Style}}</style>
</head>
<body>
<header class="{{if .Clean}}clean{{else}}unclean{{end}}">
<h1>Migration review</h1>
<p class="verdict"><b>{{.Summary}}</b> <span>{{.What}}</span> <span>Postgres {{.Majors}}</span></p>
{{with .Set}}<p class="facts">{{.}}</p>{{end}}
<nav>{{if .Grouped.Rules}}<a href="#rules">Rules</a>{{end}}<a href="#migrations">Migrations</a>{{if .Waived}}<a href="#accepted">Accepted</a>{{end}}</nav>
</header>
<main>
{{with .Grouped.Rules}}<section id="rules"><h2>Rules</h2>
<div class="scroll" tabindex="0"><table>
<thead><tr><th scope="col">rule</th><th scope="col">severity</th><th scope="col">findings</th><th scope="col">migrations</th><th scope="col">newest</th><th scope="col">what it says</th></tr></thead>
<tbody>{{range .}}<tr><th scope="row">{{.Name}}</th><td{{if eq (print .Severity) "hazard"}} class="bad"{{end}}>{{.Severity}}</td><td>{{.Findings}}</td><td>{{.Migrations}}</td><td><a href="#v{{.Last.Version}}">{{.Last.File}}</a></td><td>{{.Summary}}</td></tr>
{{end}}</tbody></table></div></section>{{end}}
{{with .Grouped.Common}}<section id="common"><h2>By count alone</h2>
<p class="soft">Of style, or in most migrations: they are not repeated below.</p>
{{range .}}<article><h3>{{.Name}} <small>{{.Findings}}× in {{.Migrations}} migrations</small></h3><p>{{.Summary}}</p><p class="fix"><b>Fix</b> {{.Last.Fix}}</p></article>
{{end}}</section>{{end}}
<section id="migrations"><h2>Migrations</h2>
<p class="keys"><span><i class="k" style="--k:#c33"></i> closed to reads and writes</span><span><i class="k" style="--k:#e90"></i> to writes</span><span><i class="k" style="--k:#7ab"></i> to other schema changes</span><span class="soft">a column for each statement</span></p>
{{range .Grouped.Migrations}}<article class="migration" id="v{{.Version}}"><h3>{{.File}}{{with .Counts}} <small>{{.}}</small>{{end}}</h3>
{{with .Picture}}<div class="scroll timeline" tabindex="0">{{.}}</div>{{end}}
{{with .Access}}<div class="scroll" tabindex="0"><table><thead><tr><th scope="col">who</th><th scope="col">reaches</th><th scope="col">before</th><th scope="col">after</th><th scope="col">effect</th></tr></thead>
<tbody>{{range .}}<tr><th scope="row">{{.Role}}</th><td>{{.Command}} {{.Object}}</td><td>{{.Before}}</td><td>{{.After}}</td><td{{if or (eq .Effect "widening") (eq .Effect "changed")}} class="bad"{{end}}>{{.Effect}}{{range .Rows}}<br><small>{{.}}</small>{{end}}</td></tr>
{{end}}</tbody></table></div>{{end}}
{{range .Statements}}<div class="statement">{{with .SQL}}<pre>{{.}}</pre>{{end}}
{{range .Causes}}<div class="finding {{.Severity}}" data-rule="{{.Rule}}" data-severity="{{.Severity}}" data-object="{{.Where}}" data-table="{{.Target}}"><h4>{{.Rule}} <small>{{.Severity}}{{with .Lock}}, {{.}}{{end}}</small></h4><p>{{with .Where}}{{.}}, {{end}}line {{.Line}}{{with .Again}} ({{.}}){{end}}: {{.Message}}</p>{{with .Fix}}<p class="fix"><b>Fix</b> <code>{{.}}</code></p>{{end}}</div>
{{end}}</div>{{end}}</article>
{{else}}<p>There is none to review.</p>{{end}}</section>
{{with .Waived}}<section id="accepted"><h2>Accepted</h2><ul>{{range .}}<li>{{.File}}:{{.Line}} {{.Rule}} {{.Target}}: {{.Waived}}</li>{{end}}</ul></section>{{end}}
</main>
<footer>seedbed migrate review</footer>
<script>{{.Script}}</script>
</body>
</html>
`))

// lockColour of the picture: what other sessions can no longer do.
func lockColour(c LockSpan) string {
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
func TimelineSVG(m ReviewedMigration) string {
	last := 0
	var rows []string
	for _, c := range m.Locks {
		last = max(last, c.To)
		if len(rows) == 0 || !slices.Contains(rows, c.Relation) {
			rows = append(rows, c.Relation)
		}
	}
	const left, top, height = 260, 28, 24
	step := min(60, 640/(last+1)+1)
	width := left + (last+1)*step + 20
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" role="img" aria-label="locks of %s">`,
		width, top+len(rows)*height+8, width, template.HTMLEscapeString(m.File))
	b.WriteString(`<g font-family="ui-monospace,monospace" font-size="12" fill="currentColor">`)
	for i := 0; i <= last; i++ {
		if step >= 18 || i%10 == 0 {
			fmt.Fprintf(&b, `<text x="%d" y="18" text-anchor="middle">%d</text>`, left+i*step+step/2, i)
		}
	}
	for n, name := range rows {
		y := top + n*height
		fmt.Fprintf(&b, `<text x="%d" y="%d" text-anchor="end">%s</text>`, left-10, y+16, template.HTMLEscapeString(name))
		for _, c := range m.Locks {
			if c.Relation == name {
				fmt.Fprintf(&b, `<rect x="%d" y="%d" width="%d" height="%d" rx="3" fill="%s"><title>%s on %s, statements %d to %d</title></rect>`,
					left+c.From*step+1, y+4, (c.To-c.From+1)*step-2, height-8, lockColour(c), c.Lock, template.HTMLEscapeString(name), c.From, c.To)
			}
		}
	}
	b.WriteString("</g></svg>")
	return b.String()
}
