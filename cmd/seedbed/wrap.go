package main

import (
	"fmt"
	"io"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"
)

// hang writes text after a lead, wrapped at blanks to so many columns, with what follows
// aligned below it. The lead takes indent columns, whatever colours are in it. A word that
// is longer than a line, such as a path, stays whole.
func hang(lead, text string, indent, width int) string {
	var b strings.Builder
	b.WriteString(lead)
	used, fresh := indent, true
	for _, word := range strings.Fields(text) {
		n := utf8.RuneCountInString(word)
		switch {
		case fresh:
		case used+1+n > width:
			b.WriteString("\n" + strings.Repeat(" ", indent))
			used = indent
		default:
			b.WriteString(" ")
			used++
		}
		b.WriteString(word)
		used += n
		fresh = false
	}
	return b.String() + "\n"
}

// unbreakable stands for a blank at which no line ends.
const unbreakable = "\x00"

// columnLists are lists of names in parentheses.
var columnLists = regexp.MustCompile(`\([^\s()]+(, [^\s()]+)+\)`)

// wrapLines wraps the lines of a text that are longer than width; what follows hangs below
// the line's beginning. A list of columns, and what an arrow leads to, stay whole: they can
// be searched for.
func wrapLines(text string, width int) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		words := strings.TrimLeft(line, " ")
		indent := len(line) - len(words)
		if utf8.RuneCountInString(line) <= width {
			b.WriteString(line + "\n")
			continue
		}
		lead := line[:indent]
		if item, ok := strings.CutPrefix(words, "- "); ok {
			lead, words = lead+"- ", item
		}
		words = columnLists.ReplaceAllStringFunc(words, func(list string) string { return strings.ReplaceAll(list, " ", unbreakable) })
		words = strings.ReplaceAll(words, "-> ", "->"+unbreakable)
		b.WriteString(hang(lead, words, len(lead), width))
	}
	return strings.ReplaceAll(b.String(), unbreakable, " ")
}

// helpText is what help says of a command: paragraphs are filled anew, indented lines stay.
func helpText(text string, width int) string {
	var b, paragraph strings.Builder
	flush := func() {
		if paragraph.Len() > 0 {
			b.WriteString(hang("", paragraph.String(), 0, width))
			paragraph.Reset()
		}
	}
	for line := range strings.Lines(strings.TrimSpace(text)) {
		line = strings.TrimRight(line, "\n")
		if line != "" && !strings.HasPrefix(line, " ") {
			paragraph.WriteString(line + " ")
			continue
		}
		flush()
		b.WriteString(line + "\n")
	}
	flush()
	return b.String()
}

// exampleText puts the comment of a line that is too long on a line before it.
func exampleText(text string, width int) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		code, comment, ok := strings.Cut(line, "  # ")
		if ok && utf8.RuneCountInString(line) > width {
			line = "  # " + comment + "\n" + strings.TrimRight(code, " ")
		}
		b.WriteString(line + "\n")
	}
	return strings.TrimRight(b.String(), "\n")
}

// writeHelp writes the page of a command.
func writeHelp(w io.Writer, cmd *cobra.Command, width int) {
	text := cmd.Long
	if text == "" {
		text = cmd.Short
	}
	cmd.Example = exampleText(cmd.Example, width)
	cmd.SetUsageTemplate(strings.ReplaceAll(cmd.UsageTemplate(), ".FlagUsages", fmt.Sprintf(".FlagUsagesWrapped %d", width)))
	fmt.Fprintf(w, "%s\n%s", helpText(text, width), cmd.UsageString())
}
