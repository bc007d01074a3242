package report

import (
	"fmt"
	"html/template"
	"slices"
	"strings"
)

// writeTimeline draws which statements each table is closed to writes for.
func writeTimeline(b *strings.Builder, locks []LockSpan) {
	const most = 8
	n := 0
	for _, span := range locks {
		if !span.Writes {
			continue
		}
		if n++; n > most {
			continue
		}
		if n == 1 {
			b.WriteString("  closed to other sessions, by statement\n")
		}
		b.WriteString(timelineRow(span, lastStatement(locks)) + "\n")
	}
	if n > most {
		fmt.Fprintf(b, "  … and %d more\n", n-most)
	}
}

func lastStatement(locks []LockSpan) (last int) {
	for _, span := range locks {
		last = max(last, span.To)
	}
	return last
}

// mostColumns is how many statements fit beside each other on a screen.
const mostColumns = 60

func timelineRow(span LockSpan, last int) string {
	var bar strings.Builder
	scale := max(1, (last+mostColumns)/mostColumns)
	for i := 0; i <= last; i += scale {
		if i+scale > span.From && i <= span.To {
			bar.WriteRune('█')
		} else {
			bar.WriteRune('·')
		}
	}
	closed := "writes, DDL"
	if span.Reads {
		closed = "reads, writes, DDL"
	}
	return fmt.Sprintf("  %s %s: no %s (%s), statements %d to %d", bar.String(), span.Relation, closed, span.Lock, span.From, span.To)
}

// colour of the picture: what other sessions can no longer do.
func (span LockSpan) colour() string {
	switch {
	case span.Reads:
		return "#c33"
	case span.Writes:
		return "#e90"
	}
	return "#7ab"
}

// Timeline draws a migration as SVG: a row for each relation that it locks against
// others, a column for each statement. Red is closed to reads and writes, orange to
// writes, blue to other DDL only. Empty: it locks none.
func (m Migration) Timeline() template.HTML {
	if len(m.Locks) == 0 {
		return ""
	}
	last := lastStatement(m.Locks)
	var rows []string
	for _, span := range m.Locks {
		if !slices.Contains(rows, span.Relation) {
			rows = append(rows, span.Relation)
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
		for _, span := range m.Locks {
			if span.Relation == name {
				fmt.Fprintf(&b, `<rect x="%d" y="%d" width="%d" height="%d" rx="3" fill="%s"><title>%s on %s, statements %d to %d</title></rect>`,
					left+span.From*step+1, y+4, (span.To-span.From+1)*step-2, height-8, span.colour(), span.Lock, template.HTMLEscapeString(name), span.From, span.To)
			}
		}
	}
	b.WriteString("</g></svg>")
	return template.HTML(b.String())
}
