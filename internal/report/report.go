package report

import (
	"cmp"
	"slices"
	"time"
)

// Report is what an audit found.
type Report struct {
	// Access is who reaches what. Nil: tenants were not looked at.
	Access *Access
	// Findings in the order of DatabaseRules, then by object. Those that one fault explains
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
	// ModelGiven says that the caller's Model was checked, and not one that was discovered.
	ModelGiven bool
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
	// Meant says that this may be as it should be, so that the text has the exception.
	Meant bool
}

// exception declares that the part is not to be checked.
func (g Gap) exception() Declaration {
	return Declaration{Section: Exceptions, Entries: []Entry{{{"rule", NotChecked}, {"object", g.Part}, {"reason", "write here why it is meant"}}}}
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
