package check_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/internal/audit"
	"github.com/qarion/seedbed/internal/report"
	"github.com/qarion/seedbed/internal/testkit"
	"github.com/qarion/seedbed/pgtest/check"
)

func TestIntegrityOfAHealthyDatabase(t *testing.T) {
	t.Parallel()
	db := reference(t)
	fake := testkit.NewRecorder(t)
	check.Integrity(fake, db)
	if complaints(fake) != "" {
		t.Errorf("healthy, but: %s", complaints(fake))
	}
}

func TestIntegritySaysWhatIsBroken(t *testing.T) {
	t.Parallel()
	db := reference(t)
	bypass(t, db, `
		update comments set resource_id = 'dead0000-0000-4000-8000-000000000000' where id = 'a1317000-0000-4000-8000-000000000000';
		update attachments set resource_id = 'b1317000-0000-4000-8000-000000000000'
			where space_id = 'a1000000-0000-4000-8000-000000000000' and resource_type = 'comment';
		delete from snowflake_systems where space_id = 'a2000000-0000-4000-8000-000000000000';`)
	fake := testkit.NewRecorder(t)
	check.Integrity(fake, db)
	golden(t, "integrity", fake.Text())
}

func TestWhatCannotBeSeenIsNotSilent(t *testing.T) {
	t.Parallel()
	db := reference(t)
	admin, err := db.Superuser(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close(t.Context())
	if _, err := admin.Exec(t.Context(), `do $$ begin create role check_reader login; exception when duplicate_object or unique_violation then null; end $$`); err != nil {
		t.Fatal(err)
	}
	if _, err := admin.Exec(t.Context(), "grant select on all tables in schema public to check_reader; revoke select on users from check_reader"); err != nil {
		t.Fatal(err)
	}
	fake := testkit.NewRecorder(t)
	check.Integrity(fake, db.As(t, "check_reader", nil), check.Options{Model: &seedbed.Model{}})
	golden(t, "hidden", fake.Text())
}

func TestModelThatDoesNotFit(t *testing.T) {
	t.Parallel()
	db := reference(t)
	model := seedbed.Model{
		Tenants: []seedbed.Tenant{{Name: "organization", Table: "organizations", Key: []string{"id"}},
			{Name: "space", Table: "spaces", Key: []string{"id"}, Parent: "organization", ParentColumns: []string{"organization_id"}}},
		Scoped: []seedbed.Scoped{{Table: "dataset", Tenant: "space", Columns: []string{"space_id"}},
			{Table: "alerts", Tenant: "space", Columns: []string{"space_id"}}, {Table: "alerts", Tenant: "organization", Columns: []string{"organization_id"}}},
		Global: []string{"users", "goose_db_version", "organization_memberships", "space_memberships", "datasets", "quality_checks", "check_runs", "check_results",
			"source_systems", "snowflake_systems", "bigquery_systems", "databricks_systems", "postgres_systems", "comments", "attachments", "annotations"},
	}
	fake := testkit.NewRecorder(t)
	check.Isolation(fake, db, check.Options{Model: &model, NoProbes: true})
	golden(t, "misfit", fake.Text())
}

func TestExceptionsExcuseFindings(t *testing.T) {
	t.Parallel()
	db := reference(t)
	bypass(t, db, "delete from snowflake_systems where id = "+flakeA)
	orphans := []check.Exception{{Rule: "subtype-missing", Reason: "given up"}, {Rule: "foreign-key-orphan", Object: "source_systems.source_systems_has_snowflake", Reason: "the same"}}
	fake := testkit.NewRecorder(t)
	check.Integrity(fake, db, check.Options{Except: orphans})
	if len(fake.Errors()) > 0 {
		t.Errorf("excused, but: %s", fake.Text())
	}
}

func TestServerWithoutFixes(t *testing.T) {
	f, hole := audit.KnownHoles(150008)
	if !hole {
		t.Fatal("15.8 has no known holes")
	}
	golden(t, "server", (&report.Report{Findings: []report.Finding{f}}).Text())
}

// TestEveryRuleHasAGoldenMessage reads the golden files of the other tests.
func TestEveryRuleHasAGoldenMessage(t *testing.T) {
	files, err := filepath.Glob("testdata/*.golden")
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(text)
	}
	for _, rule := range check.Rules() {
		if !strings.Contains(all.String(), "  "+rule.Name+": ") {
			t.Errorf("rule %s has no message in a golden file", rule.Name)
		}
		if rule.Holds == "" || rule.Why == "" {
			t.Errorf("rule %s does not say what it demands and why", rule.Name)
		}
	}
}
