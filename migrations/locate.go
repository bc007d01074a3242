package migrations

import (
	"strconv"
	"strings"
)

// locateStatements finds the line on which each statement starts. Goose keeps a
// statement's lines, so it searches for them in order, in their section.
func locateStatements(content []byte, sqls []string, down bool) []statement {
	lines := strings.Split(string(content), "\n")
	from, to := sectionLines(lines, down)
	all := make([]statement, len(sqls))
	for i, sql := range sqls {
		all[i] = statement{sql: sql}
		if at := findLines(lines[:to], from, strings.Split(sql, "\n")); at >= 0 {
			all[i].line = at + 1
			from = at + strings.Count(sql, "\n") + 1
		}
	}
	return all
}

// sectionLines returns the range of lines after the Up or the Down annotation.
func sectionLines(lines []string, down bool) (from, to int) {
	for i, l := range lines {
		if annotation(l) == "down" {
			if down {
				return i + 1, len(lines)
			}
			return from, i
		}
		if annotation(l) == "up" {
			from = i + 1
		}
	}
	return from, len(lines)
}

// findLines returns the index of the first line from which want follows. Lines with
// substitutions match nothing; then it returns the next line that could start a statement.
func findLines(lines []string, from int, want []string) int {
	next := -1
	for i := from; i < len(lines); i++ {
		if startsWith(lines[i:], want) {
			return i
		}
		text := strings.TrimSpace(lines[i])
		if next < 0 && text != "" && !strings.HasPrefix(text, "--") {
			next = i
		}
	}
	return next
}

func startsWith(lines, want []string) bool {
	if len(lines) < len(want) {
		return false
	}
	for i := range want {
		if !sameLine(lines[i], want[i]) {
			return false
		}
	}
	return true
}

func sameLine(a, b string) bool { return strings.TrimSpace(a) == strings.TrimSpace(b) }

// annotation returns the goose annotation on a line in lower case, or "".
func annotation(line string) string {
	line = strings.TrimSpace(line)
	_, after, ok := strings.Cut(line, "+goose")
	if !ok || !strings.HasPrefix(line, "--") {
		return ""
	}
	return strings.ToLower(strings.TrimSpace(after))
}

// quotedLine returns a line as it appears in goose's %q of a whole statement.
func quotedLine(line string) string {
	q := strconv.Quote(strings.TrimSpace(line))
	return q[1 : len(q)-1]
}
