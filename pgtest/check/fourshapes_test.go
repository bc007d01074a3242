package check_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/qarion/seedbed/internal/audit"
	"github.com/qarion/seedbed/internal/report"
	"github.com/qarion/seedbed/internal/testkit"
	"github.com/qarion/seedbed/pgtest"
)

// shape is a schema of a kind that is common, healthy as it stands, with faults and with
// what looks like one.
type shape struct {
	name   string
	server *pgtest.Server
	rows   string
	faults []shapeFault
	fine   []shapeFine
}

// shapeFault is one thing broken, by the superuser; rows are written with triggers off.
type shapeFault struct{ name, sql, rule, object string }

type shapeFine struct{ name, sql string }

// migratedBySuperuser is a server for a schema that makes roles with BYPASSRLS.
func migratedBySuperuser(sql string) *pgtest.Server {
	s := migrated(sql)
	s.MigrateAsSuperuser = true
	return s
}

// memberships is a schema in the manner of Supabase: policies by auth.uid(), found in the
// claims of a token, and by memberships; an administrator's role with BYPASSRLS.
var memberships = shape{
	name: "memberships",
	server: migratedBySuperuser(`
do $$ begin create role anon nologin; create role authenticated nologin; create role service_role nologin bypassrls; create role platform nologin bypassrls; exception when duplicate_object or unique_violation then null; end $$;
create schema auth; grant usage on schema auth to anon, authenticated, service_role;
create table auth.users (id uuid primary key default gen_random_uuid(), email text not null unique, raw_user_meta_data jsonb);
create function auth.uid() returns uuid language sql stable as $$ select (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid $$;
create function auth.jwt() returns jsonb language sql stable as $$ select nullif(current_setting('request.jwt.claims', true), '')::jsonb $$;
create table organizations (id uuid primary key default gen_random_uuid(), name text not null);
create table organization_members (organization_id uuid not null references organizations on delete cascade, user_id uuid not null references auth.users on delete cascade,
	role text not null default 'member', primary key (organization_id, user_id));
create table projects (organization_id uuid not null references organizations on delete cascade, id uuid not null default gen_random_uuid(), name text not null, primary key (organization_id, id), unique (organization_id, name));
create table tasks (organization_id uuid not null references organizations on delete cascade, id uuid not null default gen_random_uuid(), project_id uuid not null, title text not null, done boolean not null default false,
	primary key (organization_id, id), foreign key (organization_id, project_id) references projects on delete cascade);
create table invitations (organization_id uuid not null references organizations on delete cascade, id uuid not null default gen_random_uuid(), token text not null unique, email text not null, primary key (organization_id, id));
create index on tasks (organization_id, project_id);
create function is_member(org uuid, wanted text default null) returns boolean language sql stable security definer set search_path = ''
	as $$ select exists (select 1 from public.organization_members m where m.organization_id = is_member.org and m.user_id = auth.uid() and (wanted is null or m.role = wanted)) $$;
create function my_organizations() returns setof uuid language sql stable security definer set search_path = ''
	as $$ select organization_id from public.organization_members where user_id = (select auth.uid()) $$;
create function accept(given text) returns void language plpgsql security definer set search_path = '' as $$
	declare org uuid;
	begin
		select organization_id into org from public.invitations where token = given;
		if org is null then raise exception 'no such invitation'; end if;
		insert into public.organization_members (organization_id, user_id) values (org, auth.uid());
		delete from public.invitations where token = given;
	end $$;
create function rename(org uuid, new_name text) returns void language plpgsql security definer set search_path = '' as $$
	begin
		if not public.is_member(org, 'owner') then raise exception 'owners only'; end if;
		update public.organizations set name = new_name where id = org;
	end $$;
do $$ declare t text; begin
	foreach t in array array['organizations', 'organization_members', 'projects', 'tasks', 'invitations'] loop
		execute format('alter table %I enable row level security', t);
		execute format('alter table %I owner to platform', t);
		execute format('create policy administration on %I to service_role using (true) with check (true)', t);
		execute format('grant select, insert, update, delete on %I to service_role', t);
	end loop;
end $$;
create policy mine on organizations for select to authenticated using (is_member(id));
create policy mine on organization_members for select to authenticated using (user_id = (select auth.uid()) or is_member(organization_id));
create policy mine on projects to authenticated using (is_member(organization_id)) with check (is_member(organization_id));
create policy mine on tasks to authenticated using (organization_id in (select organization_id from organization_members where user_id = (select auth.uid())));
create policy mine on invitations to authenticated using (is_member(organization_id, 'owner'));
alter function is_member owner to platform; alter function my_organizations owner to platform; alter function accept owner to platform; alter function rename owner to platform;
grant usage on schema auth to platform;
grant select on organizations, organization_members to authenticated;
grant select, insert, update, delete on projects, tasks, invitations to authenticated;`),
	rows: `insert into auth.users (email) values ('a@example.com'), ('b@example.com');
	insert into organizations (name) values ('one'), ('two');
	insert into organization_members select o.id, u.id, 'owner' from organizations o join auth.users u on (o.name, u.email) in (('one', 'a@example.com'), ('two', 'b@example.com'));
	insert into projects (organization_id, name) select id, 'p' from organizations;
	insert into tasks (organization_id, project_id, title) select organization_id, id, 't' from projects;
	insert into invitations (organization_id, token, email) select id, name || '-4711', 'c@example.com' from organizations`,
	faults: []shapeFault{
		{"policy for everybody who is logged in", "create policy wide on projects for select to authenticated using (true)", "policy-without-tenant", "projects.wide"},
		{"policy of claims that a user edits", "alter policy mine on tasks using (organization_id = ((select auth.jwt()) -> 'user_metadata' ->> 'organization_id')::uuid)", "policy-user-editable", "tasks.mine"},
		{"policy of a header", "alter policy mine on tasks using (organization_id::text = nullif(current_setting('request.headers', true), '')::json ->> 'x-organization')", "policy-user-editable", "tasks.mine"},
		{"policy of a function of claims that a user edits", `create function org() returns uuid language sql stable as $$ select (auth.jwt() -> 'user_metadata' ->> 'org')::uuid $$;
			alter policy mine on tasks using (organization_id = (select org()))`, "policy-user-editable", "tasks.mine"},
		{"helper that asks nothing", "create or replace function is_member(org uuid, wanted text default null) returns boolean language sql stable security definer set search_path = '' as $$ select org is not null $$", "policy-without-tenant", "projects.mine"},
		{"users named in rows of any tenant", "create policy wide on projects for insert to authenticated with check ((select auth.uid()) is not null)", "policy-without-tenant", "projects.wide"},
		{"members add themselves", "create policy joins on organization_members for insert to authenticated with check (user_id = (select auth.uid())); grant insert on organization_members to authenticated", "policy-without-tenant", "organization_members.joins"},
		{"function for each row", "alter policy mine on organization_members using (user_id = auth.uid() or is_member(organization_id))", "policy-per-row", "organization_members.mine"},
		{"two policies of one command", "create policy more on tasks to authenticated using (is_member(organization_id))", "policies-several", "tasks.more"},
		{"the same policy twice", "create policy once_more on projects to authenticated using (is_member(organization_id)) with check (is_member(organization_id))", "policy-duplicate", "projects.once_more"},
		{"users behind a view", "create view people as select id, email from auth.users; grant select on people to authenticated", "auth-users-exposed", "people"},
		{"secrets without policies", "create table integrations (id bigint generated always as identity primary key, access_token text); grant select on integrations to authenticated", "sensitive-exposed", "integrations"},
		{"everybody is somebody", `alter role authenticated set request.jwt.claims = '{"sub": "a0000000-0000-4000-8000-000000000000"}'`, "tenant-preset", "authenticated"},
		{"definer by an argument alone", "create function titles(org uuid) returns setof text language sql stable security definer set search_path = '' as $$ select title from public.tasks where organization_id = org $$", "definer-bypasses-rls", "public.titles(org uuid)"},
		{"definer of whatever it is given", `create function run(q text) returns bigint language plpgsql security definer set search_path = '' as $$ declare n bigint; begin execute 'select count(*) from public.tasks where ' || q into n; return n; end $$`, "definer-bypasses-rls", "public.run(q text)"},
		{"view of its owner", "create view open_tasks as select * from tasks where not done; grant select on open_tasks to authenticated", "view-security-invoker", "open_tasks"},
		{"tried: view of its owner", "create view open_tasks as select * from tasks where not done; grant select on open_tasks to authenticated", "probe-read", "open_tasks"},
		{"everything granted", "grant all on projects to authenticated", "privilege-truncate", "projects"},
		{"anonymous readers", "create policy wide on tasks for select to anon using (done); grant select on tasks to anon", "policy-without-tenant", "tasks.wide"},
		{"no key", "create table log (organization_id uuid not null references organizations, what text)", "table-without-key", "log"},
		{"rule in place of a view", "create view v with (security_invoker = true) as select * from tasks; create rule r as on insert to v do instead insert into tasks (organization_id, project_id, title) values (new.organization_id, new.project_id, new.title)", "rewrite-rule", "v.r"},
		{"materialized", "create materialized view counts as select organization_id, count(*) from tasks group by 1; grant select on counts to authenticated", "matview-granted", "counts"},
		{"name that is taken for all", "update projects set name = id::text; create unique index on projects (name)", "unique-without-tenant", "projects.projects_name_idx"},
		{"trigger that copies to another tenant", `create function copy() returns trigger language plpgsql security definer set search_path = '' as $$ begin
				insert into public.tasks (organization_id, project_id, title) select p.organization_id, p.id, new.name from public.projects p limit 1; return new; end $$;
			create trigger copy after insert on projects for each row execute function copy()`, "definer-bypasses-rls", "public.copy()"},
		{"security off", "alter table tasks disable row level security", "rls-enabled", "tasks"},
	},
	fine: []shapeFine{
		{"a helper of an owner that policies would bind", "do $$ begin execute (select string_agg(format('alter table %s owner to anon; alter table %1$s force row level security', oid::regclass), '; ') from pg_class where relowner = 'platform'::regrole and relkind = 'r'); end $$; alter table organization_members no force row level security; alter function is_member owner to anon"},
		{"helper compared with true", "alter policy mine on projects using (is_member(organization_id) = true) with check (is_member(organization_id) is true)"},
		{"helper that gives rows", "alter policy mine on tasks using (organization_id in (select my_organizations()))"},
		{"helper with ANY", "alter policy mine on tasks using (organization_id = any (select my_organizations()))"},
		{"users and one's own row", "create view me as select id, email from auth.users where id = (select auth.uid()); grant select on me to authenticated"},
		{"users for administrators", "create view people as select id, email from auth.users; grant select on people to service_role"},
		{"new tenants by anybody", "create policy founds on organizations for insert to authenticated with check ((select auth.uid()) is not null); grant insert on organizations to authenticated"},
		{"claims that the server signs", "alter policy mine on tasks using (organization_id = ((select auth.jwt()) -> 'app_metadata' ->> 'organization_id')::uuid)"},
		{"trigger that runs as its owner", `create function touch() returns trigger language plpgsql security definer set search_path = '' as $$ begin update public.projects set name = name where organization_id = new.organization_id and id = new.project_id; return new; end $$;
			create trigger touch after insert on tasks for each row execute function touch()`},
		{"trigger that copies within the tenant", `create function copy() returns trigger language plpgsql security definer set search_path = '' as $$ begin
				insert into public.tasks (organization_id, project_id, title) values (new.organization_id, new.id, new.name); return new; end $$;
			create trigger copy after insert on projects for each row execute function copy()`},
		{"a hash that is unique", "alter table invitations add column code_hash text; create unique index on invitations (code_hash)"},
		{"a table for all without secrets", "create table plans (id bigint generated always as identity primary key, name text not null, secret_sauce_at timestamptz); grant select on plans to authenticated"},
	},
}

// railway is a schema in the manner of Rails: numbers, a polymorphic pair by class name,
// subtypes in one table, no row-level security.
var railway = shape{
	name: "railway",
	server: migrated(`
create table companies (id bigserial primary key, name text not null, created_at timestamp not null default now());
create table users (id bigserial primary key, company_id bigint not null references companies, email text not null, unique (company_id, email), unique (company_id, id));
create table vehicles (id bigserial primary key, company_id bigint not null references companies, type text not null check (type in ('Car', 'Truck')), plate text not null, driver_id bigint,
	unique (company_id, plate), unique (company_id, id), foreign key (company_id, driver_id) references users (company_id, id));
create table posts (id bigserial primary key, company_id bigint not null references companies, author_id bigint not null, title text not null, unique (company_id, id),
	foreign key (company_id, author_id) references users (company_id, id));
create table comments (id bigserial primary key, company_id bigint not null references companies, commentable_type text not null check (commentable_type in ('Post', 'Vehicle')), commentable_id bigint not null, body text);
create index on vehicles (company_id, driver_id); create index on posts (company_id, author_id); create index on comments (company_id, commentable_type, commentable_id);
create table schema_migrations (version text primary key);`),
	rows: `insert into companies (name) values ('one'), ('two');
	insert into users (company_id, email) select id, name || '@example.com' from companies;
	insert into vehicles (company_id, type, plate, driver_id) select company_id, 'Car', 'X 1', id from users;
	insert into posts (company_id, author_id, title) select company_id, id, 'p' from users;
	insert into comments (company_id, commentable_type, commentable_id) select company_id, 'Post', id from posts union all select company_id, 'Vehicle', id from vehicles`,
	faults: []shapeFault{
		{"tenant may be missing", "alter table posts alter company_id drop not null", "tenant-not-null", "posts.company_id"},
		{"row of nobody", "alter table comments alter company_id drop not null; update comments set company_id = null where id = 1", "row-without-tenant", "comments.company_id"},
		{"tenant by default", "alter table posts alter company_id set default 1", "tenant-default", "posts.company_id"},
		{"tenant of another type", "alter table comments alter company_id type int", "tenant-type", "comments.company_id"},
		{"tenant without key", "alter table posts drop constraint posts_company_id_fkey, drop constraint posts_company_id_author_id_fkey", "tenant-foreign-key", "posts.company_id"},
		{"key without tenant", "alter table posts add column vehicle_id bigint references vehicles (id)", "reference-without-tenant", "posts.posts_vehicle_id_fkey"},
		{"reference without key", "alter table posts add column vehicle_id bigint", "reference-undeclared", "posts.vehicle_id"},
		{"plates of all", "update vehicles set plate = id; create unique index on vehicles (plate)", "unique-without-tenant", "vehicles.vehicles_plate_idx"},
		{"no index", "drop index comments_company_id_commentable_type_commentable_id_idx", "tenant-index", "comments.company_id"},
		{"comment on nothing", "update comments set commentable_id = 4711 where id = 1", "pair-orphan", "comments.commentable_id"},
		{"comment on another tenant's post", "update comments set commentable_id = (select p.id from posts p where p.company_id <> comments.company_id) where commentable_type = 'Post' and id = 1", "pair-wrong-tenant", "comments.commentable_id"},
		{"driver of another tenant", "update vehicles v set driver_id = (select id from users u where u.company_id <> v.company_id)", "reference-crosses", "vehicles.vehicles_company_id_driver_id_fkey"},
		{"sequence behind its column", "update posts set id = id + 4711; update comments set commentable_id = commentable_id + 4711 where commentable_type = 'Post'", "sequence-behind", "posts.id"},
		{"foreign key switched off", "alter table posts disable trigger all", "constraint-off", "posts.posts_company_id_fkey"},
		{"never validated", "alter table posts add constraint long check (length(title) > 0) not valid", "constraint-not-valid", "posts.long"},
		{"join table with one side bound", `create table tags (id bigserial primary key, company_id bigint not null references companies, name text not null, unique (company_id, name));
			create table taggings (post_id bigint not null references posts, tag_id bigint not null references tags, primary key (post_id, tag_id)); create index on taggings (tag_id)`, "reference-without-tenant", "taggings.taggings_tag_id_fkey"},
		{"no key", "alter table comments drop constraint comments_pkey", "table-without-key", "comments"},
	},
	fine: []shapeFine{
		{"default that is nothing", "alter table posts alter company_id set default null"},
		{"token for all", "alter table users add column api_token text; create unique index on users (api_token)"},
		{"one to one by a key that is counted", "alter table posts add column slot bigint generated always as identity unique"},
		{"a table of all", "create table countries (code text primary key, name text not null)"},
		{"varchar beside text", "alter table posts add column slug varchar(80); create unique index on posts (company_id, slug)"},
	},
}

// workspaces is a schema of two levels with text and composite keys, LIST partitions, and
// a view that filters by itself.
var workspaces = shape{
	name: "workspaces",
	server: migrated(`
do $$ begin create role workspaces_app nologin; exception when duplicate_object or unique_violation then null; end $$;
create function current_org() returns text language sql stable return nullif(current_setting('app.org', true), '');
create function current_workspace() returns text language sql stable return nullif(current_setting('app.workspace', true), '');
create table orgs (slug text primary key, plan text not null default 'free');
create table workspaces (slug text primary key, org text not null references orgs, name text not null, unique (org, slug));
create index on workspaces (org);
create table items (workspace text not null references workspaces, id bigint generated by default as identity, title text not null, primary key (workspace, id)) partition by list (workspace);
create table items_a partition of items for values in ('a');
create table items_rest partition of items default;
create table notes (workspace text not null references workspaces, item_id bigint not null, no int not null, body text, primary key (workspace, item_id, no), foreign key (workspace, item_id) references items on delete cascade);
create table secrets (workspace text not null references workspaces, name text not null, value text, primary key (workspace, name));
do $$ declare t text; begin
	foreach t in array array['items', 'items_a', 'items_rest', 'notes', 'secrets'] loop
		execute format('alter table %I enable row level security, force row level security', t);
		continue when t like 'items_%';
		execute format('create policy mine on %I using (workspace = (select current_workspace()))', t);
		continue when t = 'secrets';
		execute format('grant select, insert, update, delete on %I to workspaces_app', t);
	end loop;
	alter table workspaces enable row level security, force row level security;
	create policy mine on workspaces for select using (slug = (select current_workspace()));
	alter table orgs enable row level security, force row level security;
	create policy mine on orgs for select using (slug = (select current_org()));
	grant select on workspaces, orgs to workspaces_app;
end $$;
create view secret_names with (security_barrier = true) as select workspace, name from secrets where workspace = (select current_workspace());
grant select on secret_names to workspaces_app;`),
	rows: `insert into orgs (slug) values ('x'), ('y');
	insert into workspaces (slug, org, name) values ('a', 'x', 'A'), ('b', 'y', 'B');
	insert into items (workspace, title) select slug, 't' from workspaces;
	insert into notes (workspace, item_id, no) select workspace, id, 1 from items;
	insert into secrets (workspace, name) select slug, 'n' from workspaces`,
	faults: []shapeFault{
		{"partition open", "alter table items_a disable row level security; grant select on items_a to workspaces_app", "partition-open", "items_a"},
		{"view without its filter", "create or replace view secret_names with (security_barrier = true) as select workspace, name from secrets where name <> ''; grant select on secret_names to workspaces_app", "view-security-invoker", "secret_names"},
		{"view without barrier", "alter view secret_names reset (security_barrier)", "view-security-barrier", "secret_names"},
		{"written through a view", "alter table secrets no force row level security; grant insert, update on secret_names to workspaces_app", "view-check-option", "secret_names"},
		{"tried: written through a view", "alter table secrets no force row level security; grant insert on secret_names to workspaces_app; grant select on secrets to workspaces_app", "probe-write", "secret_names"},
		{"tried: open view without setting", "create view all_notes as select * from notes where workspace = coalesce(current_workspace(), workspace); grant select on all_notes to workspaces_app", "probe-setting", "all_notes"},
		{"policy of the outer level", "alter policy mine on notes using (current_org() is not null)", "policy-without-tenant", "notes.mine"},
		{"policy of the wrong level", "alter policy mine on notes using (workspace = (select current_org()))", "policy-without-tenant", "notes.mine"},
		{"setting of a role", "alter role workspaces_app set app.workspace = 'a'", "tenant-preset", "workspaces_app"},
		{"function a row", "alter policy mine on notes using (workspace = current_workspace())", "policy-per-row", "notes.mine"},
		{"name by which any is found", "create unique index on items (workspace, title); create unique index titles on notes (body)", "unique-without-tenant", "notes.titles"},
		{"note of another workspace's item", "update notes set item_id = (select id from items i where i.workspace <> notes.workspace)", "reference-crosses", "notes.notes_workspace_item_id_fkey"},
		{"item of no workspace", "update items set workspace = 'gone' where workspace = 'b'", "row-of-unknown-tenant", "items.workspace"},
		{"default workspace", "alter table notes alter workspace set default 'a'", "tenant-default", "notes.workspace"},
		{"not forced", "alter table notes no force row level security", "rls-forced", "notes"},
	},
	fine: []shapeFine{
		{"default by the session", "alter table notes alter workspace set default current_setting('app.workspace', true)"},
		{"written through a view with its check", "create or replace view secret_names with (security_barrier = true) as select workspace, name from secrets where workspace = (select current_workspace()) with cascaded check option; grant insert on secret_names to workspaces_app"},
		{"written through a view of an owner whom policies bind", "grant insert on secret_names to workspaces_app"},
		{"setting that is empty", "alter role workspaces_app set app.workspace = ''"},
		{"setting of something else", "alter role workspaces_app set app.theme = 'dark'"},
		{"view of who asks", "create view my_items with (security_invoker = true) as select * from items; grant select, insert on my_items to workspaces_app"},
	},
}

func TestFourShapes(t *testing.T) {
	t.Parallel()
	var said strings.Builder
	for _, s := range []shape{memberships, railway, workspaces} {
		t.Run(s.name, func(t *testing.T) {
			db := s.server.DB(t)
			asSeeder(t, db, s.rows)
			admin := db.As(t, super, nil)
			found := func(t *testing.T, sql string, probes bool, want string) []string {
				tx, err := admin.Begin(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				defer tx.Rollback(context.Background())
				if err := simple(t.Context(), tx, "set local session_replication_role = replica; "+sql+"; set local session_replication_role = origin"); err != nil {
					t.Fatal(err)
				}
				checked, err := audit.Check(t.Context(), tx, audit.Options{NoProbes: !probes})
				if err != nil {
					t.Fatal(err)
				}
				var all []string
				for _, f := range each(checked) {
					all = append(all, f.Rule+" "+f.Object)
					if f.Rule+" "+f.Object == want {
						scrub(f.Sample)
						scrub(f.Evidence)
						fmt.Fprintf(&said, "# %s\n%s\n", t.Name(), uuids.ReplaceAllString((&report.Report{Findings: []report.Finding{f}}).Text(), "5eed0000-1111-4111-8111-111111111111"))
					}
				}
				for _, gap := range checked.Unchecked {
					if gap.Part != "row-level security" { // which one of them does without
						all = append(all, "not checked "+gap.String())
					}
				}
				return all
			}
			for _, got := range found(t, "select", true, "") {
				t.Errorf("healthy, but %s", got)
			}
			for _, f := range testkit.Sample(t, s.faults, 2) {
				t.Run(f.name, func(t *testing.T) {
					want := f.rule + " " + f.object
					if got := found(t, f.sql, strings.HasPrefix(f.rule, "probe-"), want); !slices.Contains(got, want) {
						t.Errorf("want %s, got %q", want, got)
					}
				})
			}
			for _, f := range testkit.Sample(t, s.fine, 2) {
				t.Run(f.name, func(t *testing.T) {
					for _, got := range found(t, f.sql, true, "") {
						t.Errorf("nothing is wrong, but %s", got)
					}
				})
			}
		})
	}
	goldenParts(t, "shapes", said.String())
}
