package report

import (
	"slices"
	"strconv"
	"strings"
)

// shownFollows is how many consequences of a finding are told one by one.
const shownFollows = 8

// Consequences says what follows from a finding: its own rule in other objects and lines
// first, "the same of attachments, alerts", then what it leads to, a line for each rule and
// object.
func (f Finding) Consequences() (out []string) {
	var same, lines []string
	type kind struct{ rule, object string }
	count, message := map[kind]int{}, map[kind]string{}
	var kinds []kind
	for _, x := range f.Follows {
		k := kind{x.Rule, x.Object}
		switch count[k]++; {
		case x.Rule == f.Rule && !slices.Contains(attempts, f.Rule):
			if x.Object != "" && x.Object != f.Object && !slices.Contains(same, x.Object) {
				same = append(same, x.Object)
			}
			if line := x.Statement.line(); line != f.Statement.line() && !slices.Contains(lines, line) {
				lines = append(lines, line)
			}
		case count[k] == 1:
			kinds, message[k] = append(kinds, k), x.Message
		}
	}
	if len(same) > 0 {
		out = append(out, "the same of "+Several(same))
	}
	if len(lines) > 0 {
		out = append(out, "the same at line "+Several(lines))
	}
	for _, k := range kinds[:min(len(kinds), shownFollows)] {
		line := k.rule
		if k.object != "" {
			line += ": " + k.object
		}
		if n := count[k]; n > 1 {
			line += ", " + strconv.Itoa(n) + "×"
		}
		out = append(out, line+": "+message[k])
	}
	if more := len(kinds) - shownFollows; more > 0 {
		out = append(out, "and "+strconv.Itoa(more)+" more that follow")
	}
	return out
}

// Several lists names, the first dozen of them.
func Several(names []string) string {
	const most = 12
	if len(names) <= most+1 {
		return strings.Join(names, ", ")
	}
	return strings.Join(names[:most], ", ") + " and " + strconv.Itoa(len(names)-most) + " more"
}
