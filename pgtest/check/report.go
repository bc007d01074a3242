package check

import (
	"slices"
	"time"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/internal/audit"
	"github.com/qarion/seedbed/internal/report"
)

// Options of Isolation and Integrity. Its zero value is what most tests want.
type Options struct {
	// Model says what the tables mean. Nil: what seedbed.Discover reads.
	Model *seedbed.Model
	// AppRoles are what the application connects as, or is a member of. Nil: the
	// roles that policies name or, where they name none, those with privileges on
	// scoped tables that row-level security applies to.
	AppRoles []string
	// AcrossRoles read the aggregates across tenants. Nil: the roles whose policies
	// compare with the setting of an outer level.
	AcrossRoles []string
	// Except are findings that are intended. Nil: none.
	Except []Exception
	// Samples is how many rows a finding quotes. Zero: 3.
	Samples int
	// NoProbes leaves out of Isolation what logs in as the application and tries: the
	// part that writes, in a transaction that is rolled back. Zero: probe.
	NoProbes bool
	// Progress is called before each step, in the goroutine of the caller, with what it
	// does and the rows of the table that it reads, as Postgres estimates them; 0 where
	// it reads none, or Postgres does not know. Nil: it is not.
	Progress func(step string, rows int64)
}

// Exception excuses findings that are intended, with what follows from them.
type Exception struct {
	// Rule of the findings; "not-checked" for a part that is not checked. One that does not
	// exist is an error.
	Rule string
	// Object as in Finding, or the Part of a Gap. Empty: all of the rule.
	Object string
	// Reason is required: an Exception without one is an error.
	Reason string
}

// Finding is one thing that is wrong.
type Finding struct {
	// Rule that is broken: the Name of one of Rules.
	Rule string
	// Severity is "breach" for data that is wrong or that another tenant reaches,
	// "risk" for what lets that happen, "advice" for what costs time.
	Severity string
	// Object that breaks the rule: a table, table.column, table.constraint or another
	// object's name, with its schema where that is not public.
	Object string
	// Message says what is wrong, in a sentence.
	Message string
	// Rows that are wrong; 0 where the finding is not about rows.
	Rows int64
	// Sample is some of those rows, as name=value.
	Sample []string
	// Evidence is what the catalog or an attempt says.
	Evidence []string
	// Fix says what to do about it, usually as SQL.
	Fix string
	// Declare is what says in seedbed.yaml that it is meant, as YAML: lines of the Model,
	// which fixtures.ReadModel reads for tests, or an exception, which the shell reads.
	// Report.String has the same as Go. Empty: that is no way out.
	Declare string
	// Follows are the findings that the same fix mends: the same fault in other objects,
	// and what it leads to.
	Follows []Finding
}

// Gap is a part that could not be looked at: nothing is clean that was not checked.
type Gap struct {
	// Part that was not checked, such as "tenancy" or "probes of invoices".
	Part string
	// Reason says why, and what to do about it.
	Reason string
}

// Report is what a check found, and what it could not look at.
type Report struct {
	// Findings by rule, then by object; one for each cause.
	Findings []Finding
	// Unchecked are the parts that could not be looked at.
	Unchecked []Gap
	// Excused findings matched an Exception.
	Excused []Finding
	// Tables that were looked at, and Rules that were applied.
	Tables, Rules int
	// Elapsed is the time that it took.
	Elapsed time.Duration

	inner *report.Report
}

// Clean reports whether everything was looked at, and nothing found.
func (r *Report) Clean() bool { return len(r.Findings)+len(r.Unchecked) == 0 }

// String is the report as a failing test shows it, in 100 columns: who reaches what,
// then each finding with the evidence, the reason, the fix and, where it may be meant, the
// Options that say so.
func (r *Report) String() string {
	if r.inner == nil {
		return "no check was made\n"
	}
	return r.inner.TestText()
}

// Rule is one thing that must hold.
type Rule struct {
	// Name is stable: exceptions and reports refer to it.
	Name string
	// Severity of what breaks it, as in Finding.
	Severity string
	// Holds is what the rule demands, and Why what goes wrong otherwise.
	Holds, Why string
	// Splinter are the ids of the lints of Supabase's splinter that find the same, such as
	// "0003_auth_rls_initplan". Nil: there are none.
	Splinter []string
}

// Rules are those that the checks of this package apply, in the order of their reports.
func Rules() []Rule {
	var out []Rule
	for _, r := range report.DatabaseRules {
		out = append(out, Rule{r.Name, string(r.Severity), r.Holds, r.Why, slices.Clone(report.Splinter[r.Name])})
	}
	return out
}

// engine gives options in the terms of the engine.
func (o Options) engine() audit.Options {
	out := audit.Options{Model: o.Model, AppRoles: o.AppRoles, AcrossRoles: o.AcrossRoles, Except: exceptions(o.Except), Samples: o.Samples, NoProbes: o.NoProbes}
	if o.Progress != nil {
		out.Progress = func(p audit.Progress) { o.Progress(p.Step, p.Rows) }
	}
	return out
}

func exceptions(all []Exception) (out []audit.Exception) {
	for _, e := range all {
		out = append(out, audit.Exception{Rule: e.Rule, Object: e.Object, Reason: e.Reason})
	}
	return out
}

func reportOf(r *report.Report, err error) (*Report, error) {
	if err != nil {
		return nil, err
	}
	out := &Report{Findings: findings(r.Findings), Excused: findings(r.Excused), Tables: r.Tables, Rules: r.Rules, Elapsed: r.Elapsed, inner: r}
	for _, gap := range r.Unchecked {
		out.Unchecked = append(out.Unchecked, Gap{gap.Part, gap.Reason})
	}
	return out, nil
}

func findings(all []report.Finding) (out []Finding) {
	for _, f := range all {
		out = append(out, Finding{f.Rule, string(f.Severity), f.Object, f.Message, f.Rows, f.Sample, f.Evidence, f.Fix, f.Declaration(), findings(f.Follows)})
	}
	return out
}
