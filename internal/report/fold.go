package report

import (
	"cmp"
	"slices"
	"strings"
)

// explanation says that a finding of one rule is why there are findings of others, or
// that its fix mends those as well.
type explanation struct {
	rule     string
	explains []string
	// where the two must be: in the same object, or in the same table.
	object bool
	// … or the first about the role of the second.
	role bool
	// … or the first in a table that policies of the second's table look into.
	through bool
	// … or the second at a part of the table, such as a key, that has no rule of its own.
	part bool
	// only for findings that were tried with a statement of this command.
	command string
}

// attempts are the rules about what was tried.
var attempts = []string{"probe-read", "probe-write", "probe-oracle", "probe-setting", "probe-across", "probe-control"}

// explanations in the order in which they are looked for: rows that are wrong before
// what let them be so, what is nearest to an attempt before what is around it.
var explanations = []explanation{
	{rule: "model-misfit", explains: []string{"pair-shadow-missing"}},
	{rule: "row-without-tenant", explains: []string{"tenant-not-null", "constraint-broken"}, object: true},
	{rule: "row-of-unknown-tenant", explains: []string{"tenant-foreign-key"}, object: true},
	{rule: "reference-crosses", explains: []string{"reference-without-tenant", "reference-undeclared", "reference-orphan", "foreign-key-orphan", "probe-oracle", "constraint-not-valid"}, object: true},
	{rule: "pair-wrong-tenant", explains: []string{"pair-crosses"}, object: true},
	{rule: "foreign-key-orphan", explains: []string{"constraint-not-valid"}, object: true},
	{rule: "constraint-broken", explains: []string{"constraint-not-valid"}, object: true},
	{rule: "unique-without-tenant", explains: []string{"probe-oracle", "probe-write"}, object: true},
	{rule: "reference-without-tenant", explains: []string{"probe-oracle"}, object: true},
	{rule: "view-security-invoker", explains: attempts, object: true},
	{rule: "view-check-option", explains: attempts, object: true},
	{rule: "matview-granted", explains: attempts, object: true},
	{rule: "partition-open", explains: attempts, object: true},
	{rule: "privilege-truncate", explains: []string{"probe-write"}, command: "TRUNCATE"},
	{rule: "rls-enabled", explains: append([]string{"partition-open", "rls-command-uncovered"}, attempts...)},
	{rule: "tenant-preset", explains: []string{"probe-setting"}, role: true},
	{rule: "policy-without-tenant", explains: append([]string{"aggregate-predicate"}, attempts...)},
	{rule: "policy-shares", explains: []string{"probe-read", "probe-oracle"}},
	{rule: "aggregate-predicate", explains: []string{"probe-across"}},
	{rule: "rls-command-uncovered", explains: []string{"probe-control"}},
	{rule: "probe-read", explains: []string{"probe-setting"}, object: true},
	{rule: "probe-control", explains: []string{"probe-oracle"}, object: true},
	{rule: "rewrite-rule", explains: []string{"probe-control"}},
	{rule: "role-superuser", explains: attempts, role: true},
	{rule: "role-bypassrls", explains: attempts, role: true},
	{rule: "role-bypassrls", explains: []string{"policy-without-tenant"}, role: true},
	{rule: "role-owner", explains: append([]string{"rls-forced"}, attempts...), role: true},
	{rule: "rls-enabled", explains: append([]string{"policy-without-tenant"}, attempts...), through: true},
	{rule: "policy-without-tenant", explains: append([]string{"policy-without-tenant"}, attempts...), through: true},
	{rule: "rls-command-uncovered", explains: []string{"probe-control"}, through: true},
	{rule: "policy-without-tenant", explains: []string{"probe-oracle"}, part: true},
}

// leads reports whether an explanation leads from one finding to another.
func (e explanation) leads(cause, f Finding) bool {
	switch {
	case cause.Rule != e.rule || !slices.Contains(e.explains, f.Rule):
		return false
	case len(cause.Commands) > 0 && len(f.Commands) > 0 && !slices.ContainsFunc(f.Commands, func(c string) bool { return slices.Contains(cause.Commands, c) }):
		return false
	case e.command != "" && (len(f.Evidence) == 0 || !strings.HasPrefix(f.Evidence[0], e.command)):
		return false
	case e.role:
		return cause.Object == f.Role
	case e.through:
		return cause.Table != f.Table && slices.Contains(f.Through, cause.Table)
	case e.object:
		return cause.Object == f.Object
	}
	// A key of a table has a rule of its own.
	return cause.Table != "" && cause.Table == f.Table && (e.part || f.Table == f.Object || !slices.Contains(attempts, f.Rule) || f.Rule == "probe-read")
}

// Conclude makes one finding of all that have one cause, and sets aside those that are in a
// baseline, and those for which excuse gives a reason, with what follows from them. The
// gravest come first.
func Conclude(all []Finding, baseline *Baseline, excuse func(Finding) string) (kept, excused []Finding) {
	all = slices.Clone(all)
	for i := range all {
		all[i].Severity = cmp.Or(all[i].Severity, DatabaseRules.SeverityOf(all[i].Rule))
		if all[i].Declare == nil {
			all[i].Declare = exception(all[i])
		}
	}
	slices.SortStableFunc(all, before)
	for _, f := range explain(all) {
		reason := excuse(f)
		if reason == "" {
			f.Follows = slices.DeleteFunc(f.Follows, func(x Finding) bool {
				x.Excused = excuse(x)
				if x.Excused != "" {
					excused = append(excused, x)
				}
				return x.Excused != ""
			})
			fresh, known := baseline.setAside(f)
			if excused = append(excused, known...); fresh != nil {
				kept = append(kept, *fresh)
			}
			continue
		}
		for _, x := range f.All() {
			x.Excused = reason
			excused = append(excused, x)
		}
	}
	kept = join(kept)
	slices.SortStableFunc(kept, func(a, b Finding) int { return a.Severity.Compare(b.Severity) })
	return kept, excused
}

func before(a, b Finding) int {
	if d := DatabaseRules.index(a.Rule) - DatabaseRules.index(b.Rule); d != 0 {
		return d
	}
	return strings.Compare(a.Object, b.Object)
}

// explain puts each finding under the one that explains it.
func explain(all []Finding) []Finding {
	under := make([]int, len(all)) // index of the cause, or its own
	at := map[string][]int{}       // by table, and by object
	for i, f := range all {
		under[i] = i
		at[f.Object] = append(at[f.Object], i)
		if f.Table != f.Object {
			at[f.Table] = append(at[f.Table], i)
		}
	}
	root := func(i int) int { // a cause may be explained itself
		for under[i] != i {
			i = under[i]
		}
		return i
	}
	for i, f := range all {
		if cause := causeOf(all, f, i, at); root(cause) != i { // policies may look into each other's tables
			under[i] = cause
		}
	}
	for i := range all {
		if r := root(i); r != i {
			all[r].Follows = append(all[r].Follows, all[i])
		}
	}
	var out []Finding
	for i, f := range all {
		if under[i] == i {
			out = append(out, f)
		}
	}
	return out
}

func causeOf(all []Finding, f Finding, self int, at map[string][]int) int {
	near := slices.Concat(at[f.Object], at[f.Table], at[f.Role])
	for _, table := range f.Through {
		near = append(near, at[table]...)
	}
	for _, e := range explanations {
		for _, i := range near {
			if i != self && e.leads(all[i], f) {
				return i
			}
		}
	}
	return self
}

// attemptCause is what attempts have in common that one fix ends; "" for other findings.
// Rows of one's own that are out of reach are another fault than those of others that are not.
func attemptCause(f Finding) string {
	switch {
	case f.Rule == "probe-control" || f.Rule == "probe-across":
		return f.Rule + " " + f.Object
	case slices.Contains(attempts, f.Rule):
		return "attempts at " + f.Object + ": " + f.Fix
	}
	return ""
}

// join makes one finding of those that have the same cause, and of attempts at one object
// that one fix ends.
func join(all []Finding) (out []Finding) {
	head := map[string]int{}
	for _, f := range all {
		key := cmp.Or(f.Cause, attemptCause(f))
		if key == "" {
			out = append(out, f)
			continue
		}
		at, seen := head[key]
		if !seen {
			head[key] = len(out)
			out = append(out, f)
			continue
		}
		if f.Object == f.Table && out[at].Object != out[at].Table { // of the whole table, not of a part
			f, out[at] = out[at], f
			out[at].Follows = append(out[at].Follows, f.All()...)
			continue
		}
		out[at].Follows = append(out[at].Follows, f.All()...)
	}
	for i := range out {
		if out[i].Rule == "policy-shares" || out[i].Rule == "rls-command-uncovered" {
			continue // what was tried is what it says
		}
		for _, x := range out[i].Follows {
			out[i].Severity = worse(out[i].Severity, x.Severity)
		}
	}
	return out
}
