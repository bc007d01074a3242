package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

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

// Names of the rules.
func (all RuleSet) Names() (names []string) {
	for _, r := range all {
		names = append(names, r.Name)
	}
	return names
}

// SeverityOf is that of a rule's findings. Empty: there is no such rule.
func (all RuleSet) SeverityOf(name string) Severity {
	r, _ := all.Named(name)
	return r.Severity
}

func (all RuleSet) index(name string) int {
	return slices.IndexFunc(all, func(r Rule) bool { return r.Name == name })
}

// Severity says how soon a finding matters. There are three degrees, which are called one
// thing in a database that is checked and another in a migration that is reviewed.
type Severity string

// Severities, the worst first.
const (
	// Breach is data that is wrong, or another tenant's within reach: it was seen.
	Breach Severity = "breach"
	// Risk is what lets a breach happen, or did not prevent one.
	Risk Severity = "risk"
	// Advice is what costs time, or a reader's trust.
	Advice Severity = "advice"

	// Hazard is a migration that hurts a database in use: as grave as a Breach.
	Hazard Severity = "hazard"
	// Policy is a migration that leaves out a precaution: as grave as a Risk.
	Policy Severity = "policy"
	// Style is as grave as Advice.
	Style Severity = "style"
)

// severities by degree; those of a rule without one come last.
var severities = []Severity{Breach, Hazard, Risk, Policy, Advice, Style, ""}

// degree is 0 for the worst and 2 for the mildest severities.
func (s Severity) degree() int { return min(max(0, slices.Index(severities, s))/2, 2) }

// SARIF is the severity as a level of SARIF, GitLab as a severity of Code Quality, and
// GitHub as a command of GitHub's runners.
func (s Severity) SARIF() string  { return [...]string{"error", "warning", "note"}[s.degree()] }
func (s Severity) GitLab() string { return [...]string{"critical", "major", "minor"}[s.degree()] }
func (s Severity) GitHub() string { return [...]string{"error", "warning", "notice"}[s.degree()] }

// Compare is below zero where a is graver than b.
func (a Severity) Compare(b Severity) int {
	return slices.Index(severities, a) - slices.Index(severities, b)
}

// worse is the graver of two severities.
func worse(a, b Severity) Severity {
	if a.Compare(b) <= 0 {
		return a
	}
	return b
}

// Tally is how many findings there are, and of which severities: "3 findings: 1 breach, 2 risk".
func Tally(all []Finding) string {
	of := map[Severity]int{}
	for _, f := range all {
		of[f.gravest()]++
	}
	var parts []string
	for _, s := range severities {
		if of[s] > 0 && s != "" {
			parts = append(parts, fmt.Sprintf("%d %s", of[s], s))
		}
	}
	text := Count(len(all), "finding")
	if len(parts) > 0 {
		text += ": " + strings.Join(parts, ", ")
	}
	return text
}

// gravest is the severity of the finding or, where it has none, of its rule.
func (f Finding) gravest() Severity { return cmp.Or(f.Severity, f.rules().SeverityOf(f.Rule)) }
