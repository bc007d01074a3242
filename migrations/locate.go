package migrations

import (
	"strconv"
	"strings"
)

// locate finds the line on which each statement starts. Goose keeps a statement's
// lines as they are, so they are searched in order, in the section they belong to.
func locate(content []byte, sqls []string, down bool) []statement {
	lines := strings.Split(string(content), "\n")
	from, to := sectionLines(lines, down)
	all := make([]statement, len(sqls))
	for i, sql := range sqls {
		all[i] = statement{sql: sql}
		if at := find(lines[:to], from, strings.Split(sql, "\n")); at >= 0 {
			all[i].line = at + 1
			from = at + strings.Count(sql, "\n") + 1
		}
	}
	return all
}

// sectionLines is the range of lines after the Up, or after the Down annotation.
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

// find is the first line from which all of want follow. Lines that were substituted
// match nothing; then it is the next one that goose would start a statement with.
func find(lines []string, from int, want []string) int {
	next := -1
	for i := from; i < len(lines); i++ {
		if follows(lines[i:], want) {
			return i
		}
		text := strings.TrimSpace(lines[i])
		if next < 0 && text != "" && !strings.HasPrefix(text, "--") {
			next = i
		}
	}
	return next
}

func follows(lines, want []string) bool {
	if len(lines) < len(want) {
		return false
	}
	for i := range want {
		if !same(lines[i], want[i]) {
			return false
		}
	}
	return true
}

func same(a, b string) bool { return strings.TrimSpace(a) == strings.TrimSpace(b) }

// annotation is the goose annotation on a line, in lower case; empty where there
// is none.
func annotation(line string) string {
	line = strings.TrimSpace(line)
	_, after, ok := strings.Cut(line, "+goose")
	if !ok || !strings.HasPrefix(line, "--") {
		return ""
	}
	return strings.ToLower(strings.TrimSpace(after))
}

// firstLine is how a line looks inside goose's %q of a whole statement.
func firstLine(line string) string {
	q := strconv.Quote(strings.TrimSpace(line))
	return q[1 : len(q)-1]
}
