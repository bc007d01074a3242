package check_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/internal/testkit"
	"github.com/qarion/seedbed/pgtest/check"
)

// regional tells its tenants by two columns, each with a setting of its own.
var regional = migrated(`
do $$ begin create role regional_app nologin; exception when duplicate_object or unique_violation then null; end $$;
create table tenants (region text not null, number int not null, name text not null, primary key (region, number));
create table projects (region text not null, number int not null, id uuid not null default gen_random_uuid(), name text not null, code text,
	primary key (region, number, id), foreign key (region, number) references tenants, unique (region, number, name));
create table tasks (region text not null, number int not null, id uuid not null default gen_random_uuid(), project_id uuid not null, title text not null, meta jsonb,
	primary key (region, number, id), foreign key (region, number) references tenants,
	foreign key (region, number, project_id) references projects (region, number, id));
create index on tasks (region, number, project_id);
do $$ declare t text; begin
	foreach t in array array['tenants', 'projects', 'tasks'] loop
		execute format('alter table %I enable row level security, force row level security', t);
		execute format('create policy mine on %I using (region = nullif(current_setting(''app.region'', true), '''') and number = nullif(current_setting(''app.number'', true), '''')::int)', t);
		execute format('grant select, insert, update, delete on %I to regional_app', t);
	end loop;
	revoke insert, update, delete on tenants from regional_app;
end $$;`)

const regionalRows = `insert into tenants values ('eu', 1, 'one'), ('eu', 2, 'two'), ('us', 1, 'three');
	insert into projects (region, number, name, code) select region, number, 'project of ' || name, region || number from tenants;
	insert into tasks (region, number, project_id, title, meta) select region, number, id, 'task of ' || name, '{}' from projects`

var regionalModel = seedbed.Model{
	Tenants: []seedbed.Tenant{{Name: "tenant", Table: "tenants", Key: []string{"region", "number"}}},
	Scoped: []seedbed.Scoped{{Table: "projects", Tenant: "tenant", Columns: []string{"region", "number"}},
		{Table: "tasks", Tenant: "tenant", Columns: []string{"region", "number"}}},
	Global: []string{"goose_db_version"},
}

func TestTenantsOfTwoColumns(t *testing.T) {
	t.Parallel()
	db := regional.DB(t)
	asSeeder(t, db, regionalRows)
	fake := testkit.NewRecorder(t)
	check.Isolation(fake, db, check.Options{Model: &regionalModel})
	check.Integrity(fake, db, check.Options{Model: &regionalModel})
	if complaints(fake) != "" {
		t.Errorf("healthy, but: %s", complaints(fake))
	}
}

func TestFaultsAmongTenantsOfTwoColumns(t *testing.T) {
	t.Parallel()
	half := `region = nullif(current_setting('app.region', true), '')`
	for sql, wants := range map[string][]string{
		"alter policy mine on tasks using (" + half + ")":                                                                                                                   {"policy-without-tenant: tasks.mine", "probe-read: tasks", "probe-write: tasks"},
		"alter policy mine on tasks using (" + half + ") with check (" + half + " and number > 0)":                                                                          {"policy-without-tenant: tasks.mine", "probe-write: tasks"},
		"create policy more on projects for select using (number = nullif(current_setting('app.number', true), '')::int)":                                                   {"policy-without-tenant: projects.more", "probe-read: projects"},
		"create unique index codes on projects (region, code)":                                                                                                              {"unique-without-tenant: projects.codes", "probe-oracle: projects.codes"},
		"create unique index by_region on projects (region, id); alter table tasks add constraint halved foreign key (region, project_id) references projects (region, id)": {"reference-without-tenant: tasks.halved", "probe-oracle: tasks.halved"},
		"drop index tasks_region_number_project_id_idx; alter table tasks drop constraint tasks_pkey, add primary key (region, id, number)":                                 {"tenant-index: tasks.region"},
	} {
		db := regional.DB(t)
		asSeeder(t, db, regionalRows+"; update projects set code = id::text")
		if strings.Contains(sql, "halved") { // the composite key would answer first
			sql = "alter table tasks drop constraint tasks_region_number_project_id_fkey; " + sql
		}
		if _, err := db.As(t, "seedbed_owner", nil).Exec(t.Context(), sql); err != nil {
			t.Fatal(sql, err)
		}
		fake := testkit.NewRecorder(t)
		check.Isolation(fake, db, check.Options{Model: &regionalModel})
		for _, want := range wants {
			if !regexp.MustCompile(regexp.QuoteMeta(want) + `[,: \n]`).MatchString(fake.Text()) {
				t.Errorf("%s: want %s, got %s %s", sql, want, fake.Text(), fake.Logged())
			}
		}
	}
}

func TestTenantsOfTwoColumnsWithoutSettingsAreNotPassedOver(t *testing.T) {
	t.Parallel()
	db := regional.DB(t)
	asSeeder(t, db, regionalRows)
	if _, err := db.As(t, "seedbed_owner", nil).Exec(t.Context(), "alter policy mine on tasks using (region || number = session_user); alter policy mine on projects using (region || number = session_user); alter policy mine on tenants using (region || number = session_user)"); err != nil {
		t.Fatal(err)
	}
	fake := testkit.NewRecorder(t)
	check.Isolation(fake, db, check.Options{Model: &regionalModel, Except: []check.Exception{{Rule: "policy-without-tenant", Reason: "read by hand"}}})
	if len(fake.Errors()) > 0 || !strings.Contains(fake.Logged(), "no policy says which settings hold region and number of a tenant") {
		t.Errorf("said %s %s", fake.Text(), fake.Logged())
	}
}

func TestCanariesOfTenantsOfTwoColumns(t *testing.T) {
	t.Parallel()
	db := regional.DB(t)
	asSeeder(t, db, regionalRows)
	c := check.Canaries(t, db, check.Options{Model: &regionalModel}, []any{"eu", 2})
	read := func(where string) string { return cell(t, db, "select json_agg(t)::text from tasks t where "+where) }
	c.Absent(t, read("(region, number) <> ('eu', 2)"))
	fake := testkit.NewRecorder(t)
	c.Absent(fake, read("region = 'eu'"))
	if !strings.Contains(fake.Text(), "tasks.title") || !strings.Contains(fake.Text(), "tasks.meta") {
		t.Errorf("a query of half a tenant was not seen: %s", fake.Text())
	}
	fake = testkit.Record(t, func(t testing.TB) {
		check.Canaries(t, db, check.Options{Model: &regionalModel}, "eu")
	})
	if !strings.Contains(fake.Text(), "tenant (eu) has 1 column, and a tenant is told by (region, number)") {
		t.Errorf("half a key: %s", fake.Text())
	}
}
