package audit

import (
	"cmp"
	"fmt"
	"time"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/report"
)

// Options of an audit. Its zero value is what most callers want.
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
	// Baseline is what is known and accepted. Nil: nothing.
	Baseline *report.Baseline
	// Samples is how many rows a finding quotes. Zero: 3.
	Samples int
	// NoProbes leaves out what logs in as the application and tries: the part
	// that writes, in a transaction that is rolled back. Zero: probe.
	NoProbes bool
	// Progress is told of each step before it begins. May be nil.
	Progress func(Progress)
}

// Exception excuses findings. It must say why.
type Exception struct {
	Rule string
	// Object as in report.Finding. Zero: all.
	Object string
	Reason string
	// Place where it is written, such as "seedbed.yaml:12:5". Zero: Options.Except.
	Place string
}

// Validate says why the exception would excuse nothing: no such rule, or no reason.
func (e Exception) Validate() error {
	if _, known := report.DatabaseRules.Named(e.Rule); !known && e.Rule != report.NotChecked {
		var names []string
		for _, r := range report.DatabaseRules {
			names = append(names, r.Name)
		}
		hint := cmp.Or(catalog.Suggestion(e.Rule, names), ", as a finding names it")
		return fmt.Errorf("there is no rule %q%s", e.Rule, hint)
	}
	if e.Reason == "" {
		return fmt.Errorf("the exception of %s has no reason: say why it is meant", e.Rule)
	}
	return nil
}

// Progress says how far an audit has come.
type Progress struct {
	Step string // such as "checks of comments"
	// Rows of the table that this step reads, as Postgres estimates them. Zero: it
	// reads none, or Postgres does not know.
	Rows int64
	// Done of Total parts are behind. A part has several steps, and not all take the
	// same time.
	Done, Total int
	Elapsed     time.Duration
}

func (o Options) samples() int {
	if o.Samples > 0 {
		return o.Samples
	}
	return 3
}

// reason for which a finding is excused; "" for none.
func (o Options) reason(f report.Finding) string { return o.excuses(f.Rule, f.Object) }

func (o Options) excuses(rule, object string) string {
	for _, e := range o.Except {
		if e.Rule == rule && (e.Object == "" || e.Object == object) {
			return e.Reason
		}
	}
	return ""
}
