package report

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Finding is one thing that is wrong.
type Finding struct {
	// Rule that is broken: a Name in Rules.
	Rule string
	// Severity of the rule, or of the worst of Follows.
	Severity Severity
	// Object that breaks it: a table, table.column, table.constraint, or another
	// object's name.
	Object string
	// Table that the object is, or lies in. Empty: none.
	Table string
	// Role that tried. Empty: nothing was tried.
	Role string
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
	// Declare says in seedbed.yaml that it is meant. Nil: that is no way out.
	Declare *Declaration
	// Cause that findings have in common: one fix mends them all. Empty: its own.
	Cause string
	// Follows are the findings that go with this one: the same fault in other objects,
	// and what it leads to.
	Follows []Finding
	// Excused is the reason for which it is set aside.
	Excused string
}

// All are a finding and those that follow from it.
func (f Finding) All() []Finding {
	self := f
	self.Follows = nil
	out := []Finding{self}
	for _, x := range f.Follows {
		out = append(out, x.All()...)
	}
	return out
}

// shownFollows is how many consequences of a finding are told one by one.
const shownFollows = 8

// Consequences says what follows from a finding: its own rule in other objects first,
// "the same of attachments, alerts", then what it leads to, a line for each rule and
// object.
func (f Finding) Consequences() (out []string) {
	var same []string
	type kind struct{ rule, object string }
	count, message := map[kind]int{}, map[kind]string{}
	var kinds []kind
	for _, x := range f.Follows {
		k := kind{x.Rule, x.Object}
		switch count[k]++; {
		case x.Rule == f.Rule && !slices.Contains(attempts, f.Rule):
			if x.Object != f.Object && !slices.Contains(same, x.Object) {
				same = append(same, x.Object)
			}
		case count[k] == 1:
			kinds, message[k] = append(kinds, k), x.Message
		}
	}
	if len(same) > 0 {
		out = append(out, "the same of "+Several(same))
	}
	for _, k := range kinds[:min(len(kinds), shownFollows)] {
		line := k.rule + ": " + k.object
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

// Report is what an audit found.
type Report struct {
	// Access is who reaches what. Nil: tenants were not looked at.
	Access *Access
	// Findings in the order of Rules, then by object. Those that one fault explains
	// are one: see Finding.Follows.
	Findings []Finding
	// Unchecked are the parts that could not be looked at, and why.
	Unchecked []Gap
	// Excused findings matched an exception.
	Excused []Finding
	// Tables that were looked at.
	Tables int
	// Rules that were applied.
	Rules int
	// Elapsed is the time that it took.
	Elapsed time.Duration
	// Steps in their order.
	Steps []Step
}

// NotChecked stands in an exception for a rule: it excuses a Gap, named by its Part.
const NotChecked = "not-checked"

// Gap is a part of an audit that could not be looked at: nothing is clean that was not
// checked.
type Gap struct {
	// Part that was not checked, such as "tenancy" or "probes of invoices".
	Part string
	// Reason says why, and what to do about it.
	Reason string
	// Whole says that with this part nothing of what the audit is for was checked.
	Whole bool
}

// String is the gap in a line.
func (g Gap) String() string { return g.Part + ": " + g.Reason }

// Step of an audit, and the time that it took.
type Step struct {
	Name    string
	Elapsed time.Duration
}

// Slowest are the n steps that took longest, the longest first.
func (r *Report) Slowest(n int) []Step {
	out := slices.Clone(r.Steps)
	slices.SortStableFunc(out, func(a, b Step) int { return cmp.Compare(b.Elapsed, a.Elapsed) })
	return out[:min(n, len(out))]
}

// Clean reports whether nothing was found. What was not looked at is not clean either:
// see Complete.
func (r *Report) Clean() bool { return len(r.Findings) == 0 }

// Complete reports whether everything was looked at.
func (r *Report) Complete() bool { return len(r.Unchecked) == 0 }

// InVain reports whether nothing of what the audit is for was checked: no tenancy was
// found, or no role could be tried.
func (r *Report) InVain() bool {
	return slices.ContainsFunc(r.Unchecked, func(g Gap) bool { return g.Whole })
}

// Verdict is "findings", "not checked" or "clean".
func (r *Report) Verdict() string {
	switch {
	case !r.Clean():
		return "findings"
	case !r.Complete():
		return "not checked"
	}
	return "clean"
}
