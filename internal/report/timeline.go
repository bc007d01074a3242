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
	// Places along the statements are shares of the width, so that all of them are in sight
	// on a phone as well; a name stands above its bars.
	const top, height = 44, 42
	share := func(statements int) string { return fmt.Sprintf("%.2f%%", 100*float64(statements)/float64(last+1)) }
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="100%%" height="%d" role="img" aria-label="locks of %s">`,
		top+len(rows)*height, template.HTMLEscapeString(m.File))
	b.WriteString(`<g font-family="ui-monospace,monospace" font-size="12" fill="currentColor"><text x="2" y="14">statement, from 0</text>`)
	for i := 0; i <= last; i += 1 + last/10 {
		fmt.Fprintf(&b, `<text x="%s" y="34" dx="2">%d</text>`, share(i), i)
	}
	for n, name := range rows {
		y := top + n*height
		fmt.Fprintf(&b, `<text x="2" y="%d">%s</text>`, y+14, template.HTMLEscapeString(name))
		for _, span := range m.Locks {
			if span.Relation == name {
				fmt.Fprintf(&b, `<rect x="%s" y="%d" width="%s" height="%d" rx="3" fill="%s"><title>%s on %s, statements %d to %d</title></rect>`,
					share(span.From), y+20, share(span.To-span.From+1), height-26, span.colour(), span.Lock, template.HTMLEscapeString(name), span.From, span.To)
			}
		}
	}
	b.WriteString("</g></svg>")
	return template.HTML(b.String())
}
