package seedbed

import (
	"slices"
	"strings"

	"github.com/qarion/seedbed/internal/catalog"
)

// readers maps a function's name to the setting that its body reads: policies
// often hide current_setting behind one.
func readers(cat *catalog.Catalog) map[string]string {
	out := map[string]string{}
	for _, f := range cat.Functions {
		if s := settingIn(lex(f.Body), nil); s != "" {
			out[f.Name] = s
		}
	}
	// A function that calls a function that reads one, such as current_space_or_fail.
	for _, f := range cat.Functions {
		if s := settingIn(lex(f.Body), out); s != "" && out[f.Name] == "" {
			out[f.Name] = s
		}
	}
	return out
}

// settingIn is the custom setting that tokens read, themselves or through a function.
func settingIn(side []token, readers map[string]string) string {
	for i, t := range side {
		if t.kind != nameToken || i+1 >= len(side) || !side[i+1].is("(") {
			continue
		}
		if t.is("current_setting") && i+2 < len(side) && side[i+2].kind == stringToken && strings.Contains(side[i+2].text, ".") {
			return side[i+2].text
		}
		if s := readers[t.text]; s != "" {
			return s
		}
	}
	return ""
}

// compared is a column that a policy compares with something from outside the row.
type compared struct {
	column  string
	setting string // "" of a subquery
	policy  string
}

// comparisons reads which columns the policies of a table hold against what.
func comparisons(r *catalog.Relation, readers map[string]string) []compared {
	var out []compared
	for _, p := range r.Policies {
		look := func(a, b []token) {
			setting := settingIn(b, readers)
			subquery := slices.ContainsFunc(b, func(t token) bool { return t.is("FROM") })
			if setting == "" && !subquery {
				return
			}
			if subquery {
				setting = ""
			}
			for _, c := range columnsIn(r, a) {
				out = append(out, compared{c, setting, p.Name})
			}
		}
		for _, expr := range []string{p.Using, p.WithCheck} {
			operands(expr, func(left, right []token) {
				look(left, right)
				look(right, left)
			})
		}
	}
	return out
}
