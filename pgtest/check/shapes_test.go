package check_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/qarion/seedbed/internal/testkit"
	"github.com/qarion/seedbed/pgtest"
	"github.com/qarion/seedbed/pgtest/check"
)

// migrated is a server for a schema of one file.
func migrated(sql string) *pgtest.Server {
	up := "-- +goose Up\n-- +goose StatementBegin\n" + sql + "\n-- +goose StatementEnd\n"
	return &pgtest.Server{Migrations: fstest.MapFS{"00001_schema.sql": {Data: []byte(up)}}}
}

// camel is a schema of another house: quoted names, bigint keys in a schema of its
// own, one level, one role, policies that read the setting themselves.
var camel = migrated(`
create schema app;
do $$ begin create role "camelApp" nologin; exception when duplicate_object or unique_violation then null; end $$;
grant usage on schema app to "camelApp";
create table app."Tenant" (id bigint generated always as identity primary key, "displayName" text not null);
create table app."Order" (
	"tenantId" bigint not null references app."Tenant" (id), id bigint generated always as identity, "placedAt" timestamptz not null default now(), note text,
	primary key ("tenantId", id));
create table app."OrderLine" (
	"tenantId" bigint not null references app."Tenant" (id), "orderId" bigint not null, no int not null, payload jsonb,
	primary key ("tenantId", "orderId", no), foreign key ("tenantId", "orderId") references app."Order" ("tenantId", id));
do $$ declare t text; begin
	foreach t in array array['Order', 'OrderLine'] loop
		execute format('alter table app.%I enable row level security, force row level security', t);
		execute format('create policy mine on app.%I using ("tenantId" = nullif(current_setting(''app.tenant'', true), '''')::bigint)', t);
		execute format('grant select, insert, update, delete on app.%I to "camelApp"', t);
	end loop;
	alter table app."Tenant" enable row level security, force row level security;
	create policy mine on app."Tenant" for select using (id = nullif(current_setting('app.tenant', true), '')::bigint);
	grant select on app."Tenant" to "camelApp";
end $$;`)

const camelRows = `insert into app."Tenant" ("displayName") values ('one'), ('two');
	insert into app."Order" ("tenantId", note) select id, 'note' from app."Tenant";
	insert into app."OrderLine" ("tenantId", "orderId", no, payload) select "tenantId", id, 1, '{"a": 1}' from app."Order"`

func TestAnotherHousesSchema(t *testing.T) {
	t.Parallel()
	db := camel.DB(t)
	asSeeder(t, db, camelRows)
	fake := testkit.NewRecorder(t)
	check.Isolation(fake, db)
	check.Integrity(fake, db)
	if complaints(fake) != "" {
		t.Errorf("healthy, but: %s", complaints(fake))
	}
	owner := db.As(t, "seedbed_owner", nil)
	for sql, want := range map[string]string{
		`drop policy mine on app."OrderLine"; create policy mine on app."OrderLine" using ("orderId" = nullif(current_setting('app.tenant', true), '')::bigint)`: "policy-without-tenant: app.OrderLine.mine",
		`alter table app."Order" disable row level security`:                                                "rls-enabled: app.Order",
		`alter table app."Order" drop constraint "Order_tenantId_fkey"`:                                     "tenant-foreign-key: app.Order.tenantId",
		`alter policy mine on app."Order" using ("tenantId" = current_setting('app.tenant', true)::bigint)`: "probe-setting: app.Order",
	} {
		db := camel.DB(t)
		asSeeder(t, db, camelRows)
		if _, err := db.As(t, "seedbed_owner", nil).Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
		fake := testkit.NewRecorder(t)
		check.Isolation(fake, db)
		if !strings.Contains(fake.Text(), want) {
			t.Errorf("%s: want %s, got %s", sql, want, fake.Text())
		}
	}
	_ = owner
}

// plainTenancy has no row-level security: isolation is the application's affair.
var plainTenancy = migrated(`
create table tenants (id uuid primary key default gen_random_uuid(), name text not null);
create table projects (id uuid primary key default gen_random_uuid(), tenant_id uuid not null references tenants, name text not null, unique (tenant_id, name), unique (tenant_id, id));
create table tasks (id uuid primary key default gen_random_uuid(), tenant_id uuid not null references tenants, project_id uuid not null, title text not null, meta jsonb,
	foreign key (tenant_id, project_id) references projects (tenant_id, id));
create index tasks_tenant on tasks (tenant_id, project_id);
create index projects_tenant on projects (tenant_id);`)

const plainRows = `insert into tenants (id, name) values ('a0000000-0000-4000-8000-000000000000', 'one'), ('b0000000-0000-4000-8000-000000000000', 'two');
	insert into projects (tenant_id, name) select id, name from tenants;
	insert into tasks (tenant_id, project_id, title, meta) select tenant_id, id, 'of ' || name, '{}' from projects`

func TestWithoutRowLevelSecurity(t *testing.T) {
	t.Parallel()
	db := plainTenancy.DB(t)
	asSeeder(t, db, plainRows)
	fake := testkit.NewRecorder(t)
	check.Isolation(fake, db)
	if len(fake.Errors()) > 0 {
		t.Errorf("healthy, but: %s", fake.Text())
	}
	golden(t, "without_rls", strings.TrimSuffix(fake.Logged(), "\n"))
	c := check.Canaries(t, db, check.Options{}, "b0000000-0000-4000-8000-000000000000")
	var all string
	if err := db.QueryRow(t.Context(), "select json_agg(t)::text from tasks t").Scan(&all); err != nil {
		t.Fatal(err)
	}
	c.Absent(fake, all)
	if len(fake.Errors()) != 1 || !strings.Contains(fake.Text(), "tasks.title") || !strings.Contains(fake.Text(), "tasks.meta") {
		t.Errorf("a query without tenant was not seen: %s", fake.Text())
	}
	bypass(t, db, "update tasks set project_id = (select id from projects where tenant_id <> tasks.tenant_id)")
	fake = testkit.NewRecorder(t)
	check.Isolation(fake, db)
	if !strings.Contains(fake.Text(), "reference-crosses: tasks.") {
		t.Errorf("rows that cross: %s", fake.Text())
	}
}

// wide is a server for a schema of so many tables of one kind, each with row-level security.
func wide(tables int) *pgtest.Server {
	var b strings.Builder
	b.WriteString("create table tenants (id uuid primary key);\n")
	b.WriteString("do $do$ begin create role wide_app nologin; exception when duplicate_object or unique_violation then null; end $do$;\n")
	for i := range tables {
		fmt.Fprintf(&b, `create table t%[1]d (tenant_id uuid not null references tenants, id uuid not null default gen_random_uuid(), up uuid, name text, primary key (tenant_id, id),
			foreign key (tenant_id, up) references t%[2]d (tenant_id, id)); create index on t%[1]d (tenant_id, up);
			alter table t%[1]d enable row level security, force row level security;
			create policy p on t%[1]d using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
			grant select, insert, update, delete on t%[1]d to wide_app;`+"\n", i, max(i-1, 0))
	}
	b.WriteString("alter table tenants enable row level security, force row level security; create policy p on tenants using (id = nullif(current_setting('app.tenant', true), '')::uuid); grant select on tenants to wide_app;")
	return migrated(b.String())
}

var wideServer = wide(150)

// wideRows is a database of a wide server, with a row of two tenants in each table.
func wideRows(t testing.TB, server *pgtest.Server, tables int) *pgtest.DB {
	db := server.DB(t)
	var b strings.Builder
	b.WriteString("insert into tenants select gen_random_uuid() from generate_series(1, 2);")
	for i := range tables {
		fmt.Fprintf(&b, "insert into t%d (tenant_id, name) select id, 'x' from tenants;", i)
	}
	asSeeder(t, db, b.String())
	return db
}

func TestHundredAndFiftyTables(t *testing.T) {
	t.Parallel()
	db := wideRows(t, wideServer, 150)
	check.Isolation(t, db)
	check.Integrity(t, db)
}

// BenchmarkChecks runs Isolation and Integrity of one schema, once per iteration.
//
//	go test -run xxx -bench Checks -benchtime 1x ./pgtest/check
func BenchmarkChecks(b *testing.B) {
	for _, schema := range []struct {
		name     string
		database func(testing.TB) *pgtest.DB
		noProbes bool
	}{
		{"schema=reference/probes=true", reference, false},
		{"schema=150-tables/probes=true", func(t testing.TB) *pgtest.DB { return wideRows(t, wideServer, 150) }, false},
		{"schema=1000-tables/probes=false", func(t testing.TB) *pgtest.DB { return wideRows(t, wide(1000), 1000) }, true},
	} {
		b.Run(schema.name, func(b *testing.B) {
			db := schema.database(b)
			for b.Loop() {
				check.Isolation(b, db, check.Options{NoProbes: schema.noProbes})
				check.Integrity(b, db)
			}
		})
	}
}
