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
	fmt.Fprintf(&b, "%s in %s\n", things(len(found)), subject)
	explained := map[Rule]int{}
	for i, f := range found {
		f.report(&b, i+1, explained)
	}
	b.WriteString("\nsanitize.Value(payload, policy) replaces all of these before the payload is encoded.\n")
	return b.String()
}

func things(n int) string {
	if n == 1 {
		return "1 thing must not leave as it is,"
	}
	return fmt.Sprintf("%d things must not leave as they are,", n)
}

// report writes one finding. What a rule is about is said once.
func (f Finding) report(b *strings.Builder, n int, explained map[Rule]int) {
	fmt.Fprintf(b, "\n%d. %s at %s\n", n, f.Rule, shortPath(f.Path))
	row(b, "found", f.found())
	if f.In != "" {
		row(b, "bytes", f.Hex()+"  in "+f.Excerpt)
	}
	if first, ok := explained[f.Rule]; ok {
		row(b, "why", fmt.Sprintf("and fix as in %d", first))
		return
	}
	explained[f.Rule] = n
	doc := f.Rule.Doc()
	row(b, "why", doc.Why)
	row(b, "fix", doc.Fix)
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

const (
	reportWidth = 100
	rowIndent   = "          " // as wide as the label column
)

// row writes a labelled text, wrapped at words.
func row(b *strings.Builder, label, text string) {
	line := fmt.Sprintf("   %-7s", label)
	for word := range strings.SplitSeq(text, " ") {
		if width(line)+1+width(word) > reportWidth && strings.TrimSpace(line) != "" {
			b.WriteString(strings.TrimRight(line, " ") + "\n")
			line = rowIndent
		}
		if !strings.HasSuffix(line, " ") || word == "" {
			line += " "
		}
		line += word
	}
	b.WriteString(strings.TrimRight(line, " ") + "\n")
}

// width is the number of columns of s; a report has no wide characters.
func width(s string) int { return len([]rune(s)) }

// shortPath keeps both ends of a path that does not fit a line.
func shortPath(p string) string {
	const most = 60
	r := []rune(p)
	if len(r) <= most {
		return p
	}
	return string(r[:most/2]) + "…" + string(r[len(r)-most/2:])
}
