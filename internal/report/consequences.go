package report

import (
	"slices"
	"strconv"
	"strings"
)

// shownFollows is how many rules that follow from a finding are told one by one, and shownSame
// how many objects with the same fault: each of them is to be mended.
const (
	shownFollows = 8
	shownSame    = 40
)

// Consequences says what follows from a finding: its own rule in other objects and lines
// first, "the same of attachments, alerts", then what it leads to, a line for each rule.
func (f Finding) Consequences() (out []string) {
	var same, shown, lines []string
	var rules []*consequence
	for _, x := range f.Follows {
		switch line := x.Statement.line(); {
		case x.Rule == f.Rule && !slices.Contains(attempts, f.Rule):
			if x.Object != "" && x.Object != f.Object && slices.Contains(x.Through, f.Table) {
				shown = append(shown, x.Object)
			} else if x.Object != "" && x.Object != f.Object {
				same = append(same, x.Object)
			}
			if line != f.Statement.line() {
				lines = append(lines, line)
			}
		default:
			i := slices.IndexFunc(rules, func(c *consequence) bool { return c.rule == x.Rule })
			if i < 0 {
				i = len(rules)
				rules = append(rules, &consequence{rule: x.Rule, message: x.Message})
			}
			rules[i].count++
			if x.Object != "" {
				rules[i].objects = append(rules[i].objects, x.Object)
			}
		}
	}
	for _, list := range []struct {
		lead  string
		names []string
	}{{"the same of ", same}, {"shown by it: ", shown}, {"the same at line ", lines}} {
		if names := distinct(list.names); len(names) > 0 {
			out = append(out, list.lead+several(names, shownSame))
		}
	}
	for _, c := range rules[:min(len(rules), shownFollows)] {
		out = append(out, c.String())
	}
	if more := len(rules) - shownFollows; more > 0 {
		out = append(out, "and "+strconv.Itoa(more)+" more rules that follow")
	}
	return out
}

// consequence is what findings of one rule say that follow from another.
type consequence struct {
	rule, message string // the first one's
	objects       []string
	count         int
}

// String is "probe-read: orders, lines, 4×: 17 rows of other tenants can be read".
func (c *consequence) String() string {
	line := c.rule
	objects := distinct(c.objects)
	if len(objects) > 0 {
		line += ": " + Several(objects)
	}
	if c.count > max(1, len(objects)) {
		line += ", " + strconv.Itoa(c.count) + "×"
	}
	return line + ": " + c.message
}

// distinct are names without those that came before.
func distinct(names []string) (out []string) {
	seen := map[string]bool{}
	for _, name := range names {
		if !seen[name] {
			seen[name] = true
			out = append(out, name)
		}
	}
	return out
}

// Several lists names, the first dozen of them.
func Several(names []string) string { return several(names, 12) }

func several(names []string, most int) string {
	if len(names) <= most+1 {
		return strings.Join(names, ", ")
	}
	return strings.Join(names[:most], ", ") + " and " + strconv.Itoa(len(names)-most) + " more"
}
