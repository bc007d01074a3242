package check_test

import (
	"context"
	"strings"
	"testing"

	"github.com/qarion/seedbed/pgtest/check"
)

// One fault is one finding, whatever it leads to, and its fix mends all of it.
func TestOneCauseIsOneFinding(t *testing.T) {
	t.Parallel()
	admin := reference(t).As(t, super, nil)
	for _, c := range []struct {
		name, as, sql string
		rule, object  string
		follows       []string // rule and object of some
		fix           string
	}{
		{"a policy and what it lets through", owner, "alter policy datasets_space on datasets using (true)",
			"policy-without-tenant", "datasets.datasets_space", []string{"probe-read datasets", "probe-write datasets", "probe-oracle datasets"}, "must compare space_id"},
		{"tables without row-level security", owner, `do $$ declare t text; begin
			foreach t in array array['alerts', 'annotations', 'attachments', 'comments', 'datasets', 'audit_logs'] loop execute format('alter table %I disable row level security', t); end loop; end $$`,
			"rls-enabled", "alerts", []string{"rls-enabled comments", "rls-enabled datasets", "probe-read annotations"}, "ENABLE ROW LEVEL SECURITY"},
		{"a chain of roles", super, `create role team nologin; create role chief nologin bypassrls createrole; grant chief to team; grant team to seedbed_app; alter table datasets owner to chief`,
			"role-bypassrls", "seedbed_app", []string{"role-owner seedbed_app"}, `REVOKE "team" FROM "seedbed_app"`},
		{"a key and what it tells", owner, "create unique index global_name on datasets (name, row_count)",
			"unique-without-tenant", "datasets.global_name", nil, `btree ("space_id", name, row_count)`},
	} {
		t.Run(c.name, func(t *testing.T) {
			tx, err := admin.Begin(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer tx.Rollback(context.Background())
			fault{as: c.as, sql: c.sql}.inject(t, tx)
			report, err := check.IsolationContext(t.Context(), tx, check.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if len(report.Findings) != 1 {
				t.Fatalf("%d findings, want one:\n%s", len(report.Findings), report)
			}
			got := report.Findings[0]
			if got.Rule != c.rule || got.Object != c.object || !strings.Contains(got.Fix, c.fix) {
				t.Errorf("the finding is %s %s with the fix %q", got.Rule, got.Object, got.Fix)
			}
			follows := map[string]bool{}
			for _, f := range got.Follows {
				follows[f.Rule+" "+f.Object] = true
			}
			for _, want := range c.follows {
				if !follows[want] {
					t.Errorf("%s does not follow, but %v", want, follows)
				}
			}
			if len(c.follows) > 0 && c.as == owner && got.Severity != "breach" {
				t.Errorf("other tenants' rows were reached, and the severity is %s", got.Severity)
			}
			except := check.Options{Except: []check.Exception{{Rule: c.rule, Object: c.object, Reason: "known"}}}
			for _, f := range got.Follows {
				if f.Rule == c.rule { // the same fault elsewhere is no part of the exception
					except.Except = append(except.Except, check.Exception{Rule: f.Rule, Object: f.Object, Reason: "known"})
				}
			}
			excused, err := check.IsolationContext(t.Context(), tx, except)
			if err != nil {
				t.Fatal(err)
			}
			left := 0
			for _, f := range excused.Findings {
				if !strings.HasPrefix(f.Rule, "role-") {
					left++
				}
			}
			if left > 0 || len(excused.Excused) == 0 {
				t.Errorf("an exception of the cause leaves what follows from it:\n%s", excused)
			}
		})
	}
}

// Not to be able to check is an error, and not a finding.
func TestContextVerbsReturnErrors(t *testing.T) {
	t.Parallel()
	db := reference(t)
	if _, err := check.IsolationContext(t.Context(), db, check.Options{AppRoles: []string{"nobody_there"}}); err == nil || !strings.Contains(err.Error(), `role "nobody_there" of Options does not exist`) {
		t.Errorf("an unknown role: %v", err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := check.IntegrityContext(gone, db, check.Options{}); err == nil {
		t.Error("a context that was cancelled gave no error")
	}
	report, err := check.IntegrityContext(t.Context(), db, check.Options{})
	if err != nil || !report.Clean() || report.Tables != 20 || !strings.HasPrefix(report.String(), "0 findings") {
		t.Errorf("of the reference schema: %v, %v", report, err)
	}
}
