package audit

import (
	"slices"
	"strings"
	"time"
)

// Finding is one thing that is wrong.
type Finding struct {
	// Rule that is broken: a Name in Rules.
	Rule string
	// Object that breaks it: a table, table.column, table.constraint, or another
	// object's name.
	Object string
	// Message says what is wrong with it, in a sentence.
	Message string
	// Rows that are wrong; 0 where the finding is not about rows.
	Rows int64
	// Sample is some of those rows, as name=value.
	Sample []string
	// Evidence is what the catalog or an attempt says.
	Evidence []string
	// Fix says what to do about it, usually as SQL.
	Fix string
}

// Report is what an audit found.
type Report struct {
	// Findings in the order of Rules, then by object.
	Findings []Finding
	// Unchecked says what could not be looked at, and why.
	Unchecked []string
	// Excused findings matched an Exception.
	Excused []Finding
	// Tables that were looked at.
	Tables int
	// Rules that were applied.
	Rules int
	// Elapsed is the time that it took.
	Elapsed time.Duration
}

// Clean reports whether nothing was found.
func (r *Report) Clean() bool { return len(r.Findings) == 0 }

func (r *Report) sort() {
	place := map[string]int{}
	for i, rule := range Rules {
		place[rule.Name] = i
	}
	slices.SortStableFunc(r.Findings, func(a, b Finding) int {
		if d := place[a.Rule] - place[b.Rule]; d != 0 {
			return d
		}
		return strings.Compare(a.Object, b.Object)
	})
}
