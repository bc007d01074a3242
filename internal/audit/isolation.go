package audit

import (
	"context"
	"fmt"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/internal/report"
)

// Isolation checks that tenants are kept apart: what the catalog says about keys,
// policies, roles, views and functions; what the rows say; and, unless
// Options.NoProbes, what the application's role can really do.
//
// Where no table has row-level security, isolation is the application's affair:
// what is left is checked, and what is not is in Report.Unchecked.
//
// It returns an error only where it could not run at all, as Integrity does.
func Isolation(ctx context.Context, db seedbed.DB, opt Options) (*report.Report, error) {
	return run(ctx, db, opt, isolationSteps)
}

var isolationSteps = []step{
	{"tenancy", nil, (*audit).tenancy},
	{"tenant columns", []string{"table-undeclared", "tenant-not-null", "tenant-index", "tenant-foreign-key", "tenant-default", "tenant-type"}, (*audit).tenantColumns},
	{"references", []string{"reference-without-tenant", "reference-unsets-tenant", "reference-undeclared", "reference-orphan"}, (*audit).references},
	{"unique keys", []string{"unique-without-tenant"}, (*audit).uniqueKeys},
	{"row-level security", []string{"rls-enabled", "rls-forced", "rls-command-uncovered", "policy-helper", "policy-without-tenant", "policy-shares", "partition-open"}, (*audit).rowSecurity},
	{"roles", []string{"role-superuser", "role-bypassrls", "role-owner", "role-privileged", "privilege-truncate", "privilege-references",
		"privilege-trigger", "privilege-sequence", "privilege-statistics", "privilege-grant-option", "privilege-columns", "privilege-default", "privilege-create", "privilege-public"}, (*audit).roleRules},
	{"views", []string{"view-security-invoker", "view-security-barrier", "view-check-option", "matview-granted", "foreign-table-granted", "rewrite-rule"}, (*audit).views},
	{"functions", []string{"definer-search-path", "definer-bypasses-rls", "function-leakproof"}, (*audit).functions},
	{"triggers", []string{"trigger-crosses"}, (*audit).tenantTriggers},
	{"advice about policies", []string{"policy-user-editable", "policy-per-row", "policies-several", "policy-duplicate"}, (*audit).policyAdvice},
	{"exposure", []string{"auth-users-exposed", "sensitive-exposed"}, (*audit).exposure},
	{"presets", []string{"tenant-preset"}, (*audit).presets},
	{"aggregates", []string{"aggregate-undeclared", "aggregate-key", "aggregate-index", "aggregate-predicate"}, (*audit).aggregates},
	{"server", []string{"server-version"}, (*audit).server},
	{"rows", []string{"row-without-tenant", "row-of-unknown-tenant", "tenant-archive", "reference-crosses", "pair-crosses", "aggregate-disagrees"}, (*audit).tenantRows},
	{"probes", []string{"probe-read", "probe-write", "probe-oracle", "probe-setting", "probe-across", "probe-control"}, (*audit).probes},
}

func (a *audit) tenancy() error {
	a.gatherSubjects()
	if len(a.model.Tenants) == 0 {
		among := ""
		if len(a.tables) > 0 {
			var names []string
			for _, r := range a.tables {
				if !r.Bookkeeping() {
					names = append(names, a.name(r))
				}
			}
			among = " in " + report.Several(names)
		}
		a.gap(report.Gap{Part: "tenancy", Whole: true, Meant: true,
			Reason: fmt.Sprintf("no tenancy was found%s, so nothing of isolation was checked; say in a Model which tables are tenants", among)})
	}
	a.readers = settingReaders(a.cat)
	if len(a.subjects) > 0 && !a.usesRLS {
		a.unchecked("row-level security", "no scoped table has it, so isolation is in the application; a test of it shows what that lets through (Canaries of pgtest/check)")
	}
	if err := a.findApplicationRoles(); err != nil {
		return err
	}
	a.report.Access = a.access()
	return nil
}
