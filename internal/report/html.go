package report

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"strings"
	"time"

	"github.com/qarion/seedbed/internal/look"
)

//go:embed page.html
var layout string

var page = template.Must(template.New("page").Funcs(template.FuncMap{
	"plural":    plural,
	"breakable": breakable,
}).Parse(layout))

// HTML writes a report as one page.
func HTML(w io.Writer, p Page) error {
	title := p.Title
	if title == "" {
		title = p.Database
	}
	return page.Execute(w, map[string]any{
		"Style":     template.CSS(look.CSS),
		"Script":    template.JS(look.Script),
		"Title":     title,
		"Page":      p,
		"Clean":     p.Audit.Clean(),
		"Facts":     p.facts(),
		"Groups":    groups(p.Audit.Findings, "f"),
		"Excused":   groups(p.Audit.Excused, "x"),
		"Matrix":    p.matrix(),
		"Drawing":   template.HTML(p.Drawing),
		"Unchecked": p.Audit.Unchecked,
	})
}

// breakable lets a long name wrap after its words.
func breakable(name string) template.HTML {
	safe := template.HTMLEscapeString(name)
	return template.HTML(strings.NewReplacer("_", "_<wbr>", ".", ".<wbr>").Replace(safe))
}

// facts are the report in numbers.
func (p Page) facts() string {
	facts := []string{plural(p.Audit.Rules, "rule"), plural(p.Audit.Tables, "table")}
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

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
