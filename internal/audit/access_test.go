package audit_test

import (
	"slices"
	"testing"

	"github.com/qarion/seedbed/internal/audit"
	"github.com/qarion/seedbed/internal/report"
	"github.com/qarion/seedbed/migrations"
	"github.com/qarion/seedbed/pgtest"
)

// The matrix of the reference schema says what its policies were written for.
func TestAccess(t *testing.T) {
	server := &pgtest.Server{Migrations: migrations.FS}
	db := server.DB(t)
	open := []string{
		"DROP POLICY annotations_space ON annotations",
		"CREATE POLICY all_of_it ON annotations USING (true)",
		"ALTER TABLE attachments DISABLE ROW LEVEL SECURITY",
		"GRANT TRUNCATE ON attachments TO seedbed_app",
		"DROP POLICY check_results_space ON check_results",
		"CREATE POLICY limited ON comments AS RESTRICTIVE TO seedbed_app USING (false)",
	}
	for _, sql := range open {
		if _, err := db.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	found, err := audit.Isolation(t.Context(), db, audit.Options{NoProbes: true})
	if err != nil {
		t.Fatal(err)
	}
	got := found.Access
	const (
		no, none, own, outer, all = report.Denied, report.Nothing, report.OfTenant, report.OfOuter, report.Everything
	)
	for _, want := range []struct {
		table, role string
		reach       []report.Reach
	}{
		{"datasets", "seedbed_app", []report.Reach{own, own, own, own, no}},
		{"datasets", "seedbed_org_admin", []report.Reach{no, no, no, no, no}},
		{"datasets", "seedbed_owner", []report.Reach{own, own, own, own, all}},
		{"datasets", "seedbed_seeder", []report.Reach{all, all, all, all, no}},
		{"alerts", "seedbed_app", []report.Reach{own, own, own, no, no}},
		{"alerts", "seedbed_org_admin", []report.Reach{outer, no, no, no, no}},
		{"organizations", "seedbed_app", []report.Reach{own, no, no, no, no}},
		{"organizations", "seedbed_owner", []report.Reach{all, all, all, all, all}},
		{"users", "seedbed_app", []report.Reach{own, no, no, no, no}},
		{"annotations", "seedbed_app", []report.Reach{all, all, all, all, no}},
		{"attachments", "seedbed_app", []report.Reach{all, all, all, all, all}},
		{"check_results", "seedbed_app", []report.Reach{none, none, none, none, no}},
		{"comments", "seedbed_app", []report.Reach{none, none, none, none, no}},
	} {
		role := slices.IndexFunc(got.Roles, func(r report.AccessRole) bool { return r.Name == want.role })
		table := slices.IndexFunc(got.Tables, func(a report.AccessTable) bool { return a.Name == want.table })
		if role < 0 || table < 0 {
			t.Fatalf("%s or %s is not in the matrix: %+v", want.role, want.table, got.Roles)
		}
		if have := got.Tables[table].Reach[role]; !slices.Equal(have, want.reach) {
			t.Errorf("%s on %s: %v, want %v", want.role, want.table, have, want.reach)
		}
	}
	if first := got.Roles[0]; first.Name != "seedbed_app" || first.Part != "application" {
		t.Errorf("the first role is %+v", first)
	}
}
