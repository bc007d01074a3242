package report

import "slices"

// Rule is one thing that must hold.
type Rule struct {
	// Name is stable: exceptions, waivers and reports refer to it.
	Name string
	// Severity of what breaks it.
	Severity Severity
	// Holds is what the rule demands, in a sentence.
	Holds string
	// Why is what goes wrong otherwise.
	Why string
}

// RuleSet is the rules that are applied together, in the order of their reports.
type RuleSet []Rule

// Named finds a rule.
func (all RuleSet) Named(name string) (Rule, bool) {
	if i := all.index(name); i >= 0 {
		return all[i], true
	}
	return Rule{}, false
}

// SeverityOf is that of a rule's findings. Empty: there is no such rule.
func (all RuleSet) SeverityOf(name string) Severity {
	r, _ := all.Named(name)
	return r.Severity
}

func (all RuleSet) index(name string) int {
	return slices.IndexFunc(all, func(r Rule) bool { return r.Name == name })
}
