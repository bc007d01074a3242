package infer

import (
	"slices"
	"strings"
)

// dropMisspelled takes away the targets whose type only rows know, and whose type is nearly
// that of another target with the same table, or nearly that of any and itself the name of no
// table: Invoce beside many an Invoice, Post beside post. Code that looks for the one does
// not find the other.
func (n *inference) dropMisspelled(s *pairSearch) {
	var dropped []string
	for _, t := range s.pair.Targets {
		if s.isListed(t.Value) || t.Shadow != "" {
			continue
		}
		if table := n.misspellsTable(s, t); table != "" {
			dropped = append(dropped, t.Value)
			n.addDoubt("%s: %q is taken for a misspelt name of %s: few rows have it", s.label, t.Value, table)
			continue
		}
		for _, other := range s.pair.Targets {
			sameTable := other.Table == t.Table || len(n.tablesNamed(t.Value, s.table)) == 0 // what one id points at says less than the name
			if sameTable && other.Value != t.Value && !slices.Contains(dropped, other.Value) && s.misspells(t.Value, other.Value) {
				dropped = append(dropped, t.Value)
				n.addDoubt("%s: %q is taken for %q, misspelt: fewer rows have it", s.label, t.Value, other.Value)
				break
			}
		}
	}
	s.pair.Targets = slices.DeleteFunc(s.pair.Targets, func(t Target) bool { return slices.Contains(dropped, t.Value) })
}

// misspellsTable returns the table that a type nearly names, if few rows have the type and they
// point at that table: organizaton for organizations. "": it names none, or one rightly.
func (n *inference) misspellsTable(s *pairSearch, t Target) string {
	most := 0
	for v, ids := range s.ids {
		if v != t.Value {
			most = max(most, len(ids))
		}
	}
	v, table := spelling(t.Value), spelling(t.Table.Name)
	if d := distance(v, table); len(v) <= 4 || d == 0 || d > 1+len(v)/8 || 3*len(s.ids[t.Value]) > most || len(n.tablesNamed(t.Value, s.table)) > 0 {
		return ""
	}
	return n.catalog.Name(t.Table)
}

// spelling is a name in one form, of those that are written with s or z too.
func spelling(name string) string {
	return strings.ReplaceAll(normalizedName(strings.ToLower(name)), "z", "s")
}

func (s *pairSearch) isListed(v string) bool {
	return slices.ContainsFunc(s.values, func(x typeValue) bool { return x.value == v && x.listed })
}

// misspells reports whether a type is written nearly as another one is, by fewer rows.
func (s *pairSearch) misspells(v, other string) bool {
	few, many := len(s.ids[v]), len(s.ids[other])
	if normalizedName(v) == normalizedName(other) { // but for case, blanks or the plural
		return few < many || few == many && other < v || s.isListed(other)
	}
	return 3*few <= many && len(v) > 4 && distance(v, other) <= 1+len(v)/8
}

// distance is how many letters are added, missing, exchanged or different between two words.
func distance(a, b string) int {
	x, y := []rune(a), []rune(b)
	rows := make([][]int, len(x)+1)
	for i := range rows {
		rows[i] = make([]int, len(y)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(x); i++ {
		for j := 1; j <= len(y); j++ {
			change := 1
			if x[i-1] == y[j-1] {
				change = 0
			}
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+change)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(x)][len(y)]
}
