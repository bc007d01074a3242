package sanitize

import (
	"fmt"
	"strings"
)

// Report writes findings as a page that someone can act on, at most 100 columns
// wide. It returns "" where there are none. subject says what was inspected.
func Report(subject string, found []Finding) string {
	if len(found) == 0 {
		return ""
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s in %s\n", count(len(found)), subject)
	explained := map[Rule]bool{}
	for _, f := range found {
		b.WriteString("\n")
		f.report(&b, explained)
	}
	if !explained[Unreadable] {
		b.WriteString("\n  sanitize.Value(payload, policy) replaces all of this before the payload is encoded.\n")
	}
	return b.String()
}

func count(n int) string {
	if n == 1 {
		return "1 finding"
	}
	return fmt.Sprintf("%d findings", n)
}

// report writes one finding. What a rule is about is said once.
func (f Finding) report(b *strings.Builder, explained map[Rule]bool) {
	lead := "  " + string(f.Rule) + ": "
	b.WriteString(lead + shortPath(f.Path, reportWidth-len(lead)) + "\n")
	hang(b, "    ", f.found())
	if f.In != "" {
		hang(b, "      | ", f.Hex()+"  in "+f.Excerpt)
	}
	if explained[f.Rule] {
		return
	}
	explained[f.Rule] = true
	doc := f.Rule.Doc()
	hang(b, "    why  ", doc.Why)
	hang(b, "    fix  ", doc.Fix)
}

// found says what is there, where in it, and how often.
func (f Finding) found() string {
	s := f.Detail
	if f.In != "" && f.In != "binary" {
		s += fmt.Sprintf(", at byte %d of the %s", f.Offset, f.In)
	}
	if f.Count > 1 {
		s += fmt.Sprintf(", and %d more like it", f.Count-1)
	}
	return s
}

const reportWidth = 100

// hang writes text after a lead, wrapped at words, with what follows aligned.
func hang(b *strings.Builder, lead, text string) {
	indent := strings.Repeat(" ", len(lead))
	line := lead
	for i, word := range strings.Split(text, " ") {
		if i > 0 && width(line)+1+width(word) > reportWidth {
			b.WriteString(strings.TrimRight(line, " ") + "\n")
			line = indent
		} else if i > 0 {
			line += " "
		}
		line += word
	}
	b.WriteString(strings.TrimRight(line, " ") + "\n")
}

// width is the number of columns of s; a report has no wide characters.
func width(s string) int { return len([]rune(s)) }

// shortPath keeps both ends of a path that does not fit a line.
func shortPath(p string, columns int) string {
	r := []rune(p)
	if len(r) <= columns {
		return p
	}
	half := (columns - 1) / 2
	return string(r[:half]) + "…" + string(r[len(r)-half:])
}
