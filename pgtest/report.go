package pgtest

import (
	"fmt"
	"html"
	"strings"

	"github.com/qarion/seedbed/internal/look"
)

// page is the failure as HTML. It is written without html/template, which calls methods
// by name: with it in a binary the linker keeps every method, five megabytes of them.
func (f *failure) page() []byte {
	var b strings.Builder
	text := html.EscapeString
	fmt.Fprintf(&b, `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<title>%[1]s</title>
<style>%[2]s
.null{color:var(--soft);font-style:italic}
td{max-width:28rem;overflow:hidden;text-overflow:ellipsis}
</style>
<body class="unclean">
<header>
<h1>%[1]s</h1>
<p class="verdict"><b>failed</b><span>database %[3]s</span></p>
<nav><a href="#notes">Notes</a> <a href="#rows">Rows</a> <a href="#log">Server’s log</a></nav>
</header>
<main>
<pre>psql '%[4]s'</pre>
`, text(f.Test), look.CSS, text(f.Database), text(f.URL))
	section(&b, "notes", "Notes", f.notes(), "Nothing was noted about this database.")
	b.WriteString(`<section id="rows"><h2>Rows that the test has written</h2>` + "\n")
	for _, table := range f.Changed {
		table.page(&b)
	}
	if len(f.Changed) == 0 {
		b.WriteString(`<p class="soft">None that were committed.</p>` + "\n")
	}
	if f.Unread != nil {
		fmt.Fprintf(&b, `<p class="bad">%s</p>`+"\n", text(f.Unread.Error()))
	}
	b.WriteString("</section>\n")
	none := "Nothing about this database."
	if f.LogFile == "" {
		none = "The server is not one of ours, and its log is its own."
	}
	section(&b, "log", "What the server said", f.Log, none)
	b.WriteString("</main>\n</body>\n</html>\n")
	return []byte(b.String())
}

// section is a heading and lines.
func section(b *strings.Builder, id, title string, lines []string, none string) {
	fmt.Fprintf(b, `<section id="%s"><h2>%s</h2>`+"\n", id, title)
	if len(lines) == 0 {
		fmt.Fprintf(b, `<p class="soft">%s</p>`, none)
	} else {
		fmt.Fprintf(b, "<pre>%s</pre>", html.EscapeString(strings.Join(lines, "\n")))
	}
	b.WriteString("</section>\n")
}

func (table tableRows) page(b *strings.Builder) {
	text := html.EscapeString
	fmt.Fprintf(b, "<article><h3>%s</h3>\n", text(table.Table))
	if table.All {
		b.WriteString(`<p class="soft">Every row: which of them the test began with is not known.</p>` + "\n")
	}
	b.WriteString(`<div class="scroll"><table><thead><tr>`)
	for _, column := range table.Columns {
		fmt.Fprintf(b, "<th>%s</th>", text(column))
	}
	b.WriteString("</tr></thead>\n<tbody>")
	for _, row := range table.Rows {
		b.WriteString("<tr>")
		for _, value := range row {
			if value == nil {
				b.WriteString(`<td><span class="null">NULL</span></td>`)
			} else {
				fmt.Fprintf(b, "<td>%s</td>", text(*value))
			}
		}
		b.WriteString("</tr>\n")
	}
	b.WriteString("</tbody></table></div>")
	if table.More {
		b.WriteString(`<p class="soft">There are more.</p>`)
	}
	b.WriteString("</article>\n")
}
