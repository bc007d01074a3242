package report

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Width that messages of tests are wrapped to.
const Width = 100

// long is how long a check takes before it says where the time went.
const long = 10 * time.Second

// Text is a report as a file shows it: who reaches what, then each finding with its rule,
// its object, the evidence, the reason and the fix, in 100 columns.
func (r *Report) Text() string { return r.text(yamlNotation, Width) }

// TextIn is the Text in so many columns, as a terminal shows it.
func (r *Report) TextIn(width int) string { return r.text(yamlNotation, width) }

// TestText is the report as a failing test shows it: Text with Go for the test where that
// has lines of seedbed.yaml, which tests do not read.
func (r *Report) TestText() string {
	if r.ModelGiven {
		return r.text(goGivenNotation, Width)
	}
	return r.text(goNotation, Width)
}

func (r *Report) text(n notation, width int) string {
	var b strings.Builder
	HangIn(&b, width, "", fmt.Sprintf("%s (%d rules over %d tables in %s)%s", verdict(r), r.Rules, r.Tables, r.Elapsed.Round(time.Millisecond), excused(r)))
	if len(r.Findings) > 0 {
		writeAccess(&b, width, r.Access)
	}
	for _, f := range r.Findings {
		b.WriteString("\n")
		f.writeText(&b, n, width)
	}
	if len(r.Unchecked) > 0 {
		b.WriteString("\n  not checked\n")
		for _, gap := range r.Unchecked {
			HangIn(&b, width, "    - ", gap.String())
			if gap.Meant {
				writeDeclaration(&b, width, n, "where that is meant", n.write(gap.exception()))
			}
		}
	}
	if r.Elapsed >= long {
		b.WriteString("\n  took longest\n")
		for _, step := range r.Slowest(3) {
			HangIn(&b, width, "    - ", fmt.Sprintf("%s: %s", step.Name, step.Elapsed.Round(time.Millisecond)))
		}
	}
	return b.String()
}

// excused says how many findings a baseline and exceptions set aside.
func excused(r *Report) string {
	if len(r.Excused) == 0 {
		return ""
	}
	return "; excused: " + Count(len(r.Excused), "finding")
}

// verdict is the report in a few words: findings by how soon they matter, and whether
// everything was looked at.
func verdict(r *Report) string {
	text := Tally(r.Findings)
	if !r.Complete() {
		text += "; not checked: " + Count(len(r.Unchecked), "part")
	}
	return text
}

// WriteText writes a finding with what follows from it.
func (f Finding) WriteText(b *strings.Builder) { f.writeText(b, yamlNotation, Width) }

func (f Finding) writeText(b *strings.Builder, n notation, width int) {
	HangIn(b, width, "  ", f.title())
	message := f.Message
	if s := f.gravest(); f.Statement == nil && s != "" {
		message = string(s) + ": " + message
	}
	HangIn(b, width, "    ", message)
	for _, row := range f.Sample {
		HangIn(b, width, "      | ", row)
	}
	if more := f.Rows - int64(len(f.Sample)); len(f.Sample) > 0 && more > 0 {
		fmt.Fprintf(b, "      | … and %d more\n", more)
	}
	for _, e := range slices.Concat(f.Evidence, f.Statement.observed()) {
		HangIn(b, width, "      | ", e)
	}
	for _, line := range f.Consequences() {
		HangIn(b, width, "    +    ", line)
	}
	if rule, ok := f.rules().Named(f.Rule); ok {
		HangIn(b, width, "    why  ", rule.Why)
	}
	if f.Fix != "" {
		HangIn(b, width, "    fix  ", f.Fix)
	}
	if lines := f.shortDeclaration(n); lines != "" {
		writeDeclaration(b, width, n, f.Declare.When, lines)
	}
}

// writeDeclaration writes the lines that say that something is meant, as they are, to be
// pasted.
func writeDeclaration(b *strings.Builder, width int, n notation, when, lines string) {
	HangIn(b, width, "    or   ", n.place+", "+when+":")
	for line := range strings.Lines(lines) {
		b.WriteString("           " + visible(line))
	}
}

// title is the finding in a line: "rls-enabled: orders", so that a line of a report can be
// searched for; of a migration with the severity, "lock-rewrite: orders (hazard)".
func (f Finding) title() string {
	text := f.Rule
	if f.Object != "" {
		text += ": " + f.Object
	}
	if s := f.gravest(); f.Statement != nil && s != "" {
		text += " (" + string(s) + ")"
	}
	return text
}

// Hang writes text after a lead, wrapped, with what follows aligned.
func Hang(b *strings.Builder, lead, text string) { HangIn(b, Width, lead, text) }

// HangIn is Hang in so many columns.
func HangIn(b *strings.Builder, width int, lead, text string) {
	lead, text = visible(lead), visible(text)
	indent := strings.Repeat(" ", utf8.RuneCountInString(lead))
	if strings.Contains(lead, "|") {
		indent = strings.Repeat(" ", strings.Index(lead, "|")) + "|   "
	}
	line, used := lead, utf8.RuneCountInString(lead)
	fresh := true
	for _, word := range words(text, width-utf8.RuneCountInString(indent)) {
		n := utf8.RuneCountInString(word)
		if !fresh && used+1+n > width {
			b.WriteString(strings.TrimRight(line, " ") + "\n")
			line, used, fresh = indent, utf8.RuneCountInString(indent), true
		}
		if !fresh {
			line += " "
			used++
		}
		line += word
		used += n
		fresh = false
	}
	b.WriteString(strings.TrimRight(line, " ") + "\n")
}

// visible writes control characters of names and values as escapes: what a terminal
// would do with them a role that creates tables would choose.
func visible(text string) string {
	if strings.IndexFunc(text, hidden) < 0 {
		return text
	}
	var b strings.Builder
	for _, r := range text {
		if hidden(r) {
			b.WriteString(strings.Trim(strconv.QuoteRuneToASCII(r), "'"))
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

func hidden(r rune) bool { return r != '\n' && r != '\t' && !unicode.IsPrint(r) }

// words splits at blanks, and what is longer than a line anywhere.
func words(text string, most int) []string {
	var out []string
	for _, w := range strings.Fields(text) {
		for utf8.RuneCountInString(w) > most {
			cut := []rune(w)
			out = append(out, string(cut[:most]))
			w = string(cut[most:])
		}
		out = append(out, w)
	}
	return out
}

// Count is a number of things: "1 finding", "2 findings".
func Count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
