package check_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/internal/audit"
	"github.com/qarion/seedbed/internal/report"
	"github.com/qarion/seedbed/internal/testkit"
	"github.com/qarion/seedbed/internal/testpg"
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
	fake, refused := testkit.NewRecorder(t), new(refusals)
	cfg := db.As(t, "check_reader", nil).Config().Copy()
	cfg.ConnConfig.Tracer = refused
	pool, err := pgxpool.NewWithConfig(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	check.Integrity(fake, pool, check.Options{Model: &seedbed.Model{}})
	golden(t, "hidden", fake.Text())
	if len(refused.statements) > 0 {
		t.Errorf("sent, and refused: %q", refused.statements)
	}
}

// refusals are the statements that the server refused: errors in its log, which a test that
// fails shows.
type refusals struct{ statements []string }

type statementKey struct{}

func (r *refusals) TraceQueryStart(ctx context.Context, _ *pgx.Conn, d pgx.TraceQueryStartData) context.Context {
	return context.WithValue(ctx, statementKey{}, d.SQL)
}

func (r *refusals) TraceQueryEnd(ctx context.Context, _ *pgx.Conn, d pgx.TraceQueryEndData) {
	if d.Err != nil {
		r.statements = append(r.statements, ctx.Value(statementKey{}).(string))
	}
}

// A column that is named for a table, and that no foreign key holds: rows that lead nowhere are
// told, by most others as a finding, by the name alone as what was not checked.
func TestReferencesByNameAlone(t *testing.T) {
	t.Parallel()
	db := testpg.Schema(`CREATE TABLE widgets (id bigint PRIMARY KEY); INSERT INTO widgets SELECT generate_series(1, 9);
		CREATE TABLE parts (id bigint PRIMARY KEY, widget_id bigint); INSERT INTO parts VALUES (1, 99), (2, NULL);
		CREATE TABLE bolts (id bigint PRIMARY KEY, widget_id bigint); INSERT INTO bolts SELECT i, i FROM generate_series(1, 9) i;
		CREATE TABLE labels (id bigint PRIMARY KEY, widget_id text); INSERT INTO labels VALUES (1, 'x');`).DB(t)
	fake := testkit.NewRecorder(t)
	check.Integrity(fake, db)
	testkit.Mention(t, strings.Join(strings.Fields(fake.Logged()), " "), "0 findings; not checked: 1 part",
		"parts.widget_id: it looks like a reference to widgets, and no foreign key holds it; of 1 row with a value, 1 lead to no row of it. If it is one: ALTER TABLE")
	if _, err := db.Exec(t.Context(), "DELETE FROM parts; DELETE FROM widgets WHERE id = 9"); err != nil {
		t.Fatal(err)
	}
	fake = testkit.NewRecorder(t)
	check.Integrity(fake, db)
	testkit.Mention(t, fake.Text(), "reference-orphan: bolts.widget_id", "1 row of bolts referencing a row of widgets that does not exist")
	fake = testkit.NewRecorder(t)
	check.Isolation(fake, db)
	testkit.Mention(t, fake.Text(), "reference-orphan: bolts.widget_id", "no tenancy was found in bolts, labels, parts, widgets, so",
		`{Rule: "not-checked", Object: "tenancy", Reason: "write here why it is meant"}`)
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
	model.Scoped = model.Scoped[1:]
	check.Isolation(fake, db, check.Options{Model: &model, NoProbes: true})
	golden(t, "misfit", fake.Text())
}

// What the Model misspells is one finding. Nothing is looked at by a Model with a name that is
// not there: each rule would find, or fail over, the same once more.
func TestMisspeltNameOfTheModelIsOneFinding(t *testing.T) {
	t.Parallel()
	db := reference(t)
	fork := func(m seedbed.Model) (pair *seedbed.Polymorphic, base *seedbed.Inheritance) {
		return &m.Polymorphic[0], &m.Inheritance[0]
	}
	for object, misspell := range map[string]func(m seedbed.Model){
		"annotations.space_idd":     func(m seedbed.Model) { m.Scoped[0].Columns = []string{"space_idd"} },
		"":                          func(m seedbed.Model) { m.Scoped[0].Tenant = "spaec" },
		"spaces.organisation_id":    func(m seedbed.Model) { m.Tenants[1].ParentColumns = []string{"organisation_id"} },
		"alerts.space_idd":          func(m seedbed.Model) { m.Aggregates[0].Columns = []string{"space_idd"} },
		"annotations.resource":      func(m seedbed.Model) { pair, _ := fork(m); pair.ID = "resource" },
		"alerts.key":                func(m seedbed.Model) { pair, _ := fork(m); pair.Targets[0].Key = "key" },
		"annotations.alert":         func(m seedbed.Model) { pair, _ := fork(m); pair.Targets[0].Shadow = "alert" },
		"source_systems.kind":       func(m seedbed.Model) { _, base := fork(m); base.Discriminator = "kind" },
		"bigquery_systems.systemid": func(m seedbed.Model) { _, base := fork(m); base.Subtypes[0].Key[1] = "systemid" },
	} {
		again, err := seedbed.Discover(t.Context(), db)
		if err != nil {
			t.Fatal(err)
		}
		misspell(again.Model)
		for _, checked := range []func(context.Context, seedbed.DB, check.Options) (*check.Report, error){check.IsolationContext, check.IntegrityContext} {
			r, err := checked(t.Context(), db, check.Options{Model: &again.Model})
			if err != nil {
				t.Fatalf("%s: %v", object, err)
			}
			shadow := object == "annotations.alert" // the rest can be checked
			if len(r.Findings) != 1 || r.Findings[0].Rule != "model-misfit" || r.Findings[0].Object != object || len(r.Unchecked) != 1 && !shadow {
				t.Errorf("%s: want one finding of it, and that nothing else was checked, got:\n%s", object, r)
			}
		}
	}
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

func TestExceptionOfWhatIsNotThere(t *testing.T) {
	t.Parallel()
	db := reference(t)
	excused := func(objects ...string) (all []check.Exception) {
		for _, object := range objects {
			all = append(all, check.Exception{Rule: "sequence-behind", Object: object, Reason: "known"})
		}
		return all
	}
	gone := excused("dataset", "datasets.id_space", "dataset.id", "seedbed_ap", "old_orders.total")
	there := excused("datasets", "public.datasets.id", "datasets.datasets_space", "datasets.datasets_pkey", "seedbed_app", "public.seedbed_space_id()",
		"audit_logs_2027", "database anything", "ALL")
	fake := testkit.NewRecorder(t)
	check.Integrity(fake, db, check.Options{Except: append(gone, there...)})
	golden(t, "exception", fake.Text())
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
