package check_test

import "testing"

// ownersSQL is a schema whose tenants are users: what they have is theirs, by policies.
const ownersSQL = `create role keeper login; create schema auth; grant usage on schema auth to keeper; create table auth.users (id uuid primary key);
	create function auth.uid() returns uuid language sql stable as $$ select nullif(current_setting('request.jwt.claim.sub', true), '')::uuid $$;
	create table gardens (id uuid primary key default gen_random_uuid(), user_id uuid not null references auth.users, unique (user_id, id)); create index on gardens (user_id);
	create table beds (id uuid primary key default gen_random_uuid(), user_id uuid not null references auth.users, garden_id uuid not null, name text, unique (user_id, id), foreign key (user_id, garden_id) references gardens (user_id, id)); create index on beds (user_id);
	create table plants (id uuid primary key default gen_random_uuid(), user_id uuid not null references auth.users, bed_id uuid not null, foreign key (user_id, bed_id) references beds (user_id, id)); create index on plants (user_id);
	alter table gardens enable row level security; alter table beds enable row level security; alter table plants enable row level security;
	create policy own on gardens to keeper using (user_id = (select auth.uid())) with check (user_id = (select auth.uid()));
	create policy own on beds to keeper using (user_id = (select auth.uid())) with check (user_id = (select auth.uid()));
	create policy own on plants to keeper using (user_id = (select auth.uid())) with check (user_id = (select auth.uid()));
	grant select, insert, update, delete on gardens, beds, plants to keeper;`

// friendsSQL, after ownersSQL, shares gardens with those whom a list names.
const friendsSQL = `create table friends (garden_id uuid not null references gardens, user_id uuid not null references auth.users, primary key (garden_id, user_id)); create index on friends (user_id);
	alter table friends enable row level security; grant select on friends to keeper; create policy own on friends for select to keeper using (user_id = (select auth.uid()));
	create policy seen on beds for select to keeper using (garden_id in (select f.garden_id from friends f where f.user_id = (select auth.uid())));`

const keptApart = "policy-without-tenant, policy-helper, reference-without-tenant, tenant-index"

// A helper that looks up what the session's user has makes no tenant of what it looks up, and
// who is let in by a list is let in.
func TestRowsOfOwners(t *testing.T) {
	t.Parallel()
	testShapes(t, "owners", []smallShape{
		{name: "a helper for one row", silent: keptApart, sql: ownersSQL + `
			create function owns(p uuid) returns boolean language sql stable security definer set search_path = '' as $$ select exists (select 1 from public.beds b where b.id = p and b.user_id = (select auth.uid())) $$;
			create policy seen on plants for select to keeper using (owns(bed_id))`},
		{name: "a helper in PL/pgSQL, of what is named as a tenant is", silent: keptApart, sql: ownersSQL + `
			alter table gardens rename to workspaces; alter table beds rename garden_id to workspace_id;
			create function owns(p uuid) returns boolean language plpgsql stable security definer set search_path = '' as $$ begin return exists (select 1 from public.workspaces w where w.id = p and w.user_id = auth.uid()); end $$;
			create policy seen on beds for select to keeper using ((select owns(workspace_id)))`},
		{name: "a helper of ids", silent: keptApart, sql: ownersSQL + `
			create function mine() returns setof uuid language sql stable security definer set search_path = '' as $$ select b.id from public.beds b where b.user_id = (select auth.uid()) $$;
			create policy seen on plants for select to keeper using (bed_id in (select mine()))`},
		{name: "rows without an owner, of one who has one", silent: keptApart, sql: ownersSQL + `
			alter table plants drop column user_id cascade; alter table plants add foreign key (bed_id) references beds; create table stakes (id uuid primary key, bed_id uuid not null references beds); alter table stakes enable row level security; grant select, insert on stakes to keeper;
			create policy own on plants to keeper using (exists (select from beds b where b.id = bed_id and b.user_id = (select auth.uid()))); create policy own on stakes to keeper using (exists (select from beds b where b.id = bed_id and b.user_id = (select auth.uid())))`},
		{name: "a helper that has lost its user", want: "policy-without-tenant plants.seen", sql: ownersSQL + `
			create function owns(p uuid) returns boolean language sql stable security definer set search_path = '' as $$ select exists (select 1 from public.beds b where b.id = p) $$;
			create policy seen on plants for select to keeper using (owns(bed_id))`},
		{name: "ids of a user whom nothing compares", want: "policy-without-tenant plants.seen", sql: ownersSQL + `
			create policy seen on plants for select to keeper using (bed_id in (select b.id from beds b where auth.uid() is not null))`},
		{name: "a list of friends", silent: keptApart, sql: ownersSQL + friendsSQL},
		{name: "a list to which the owner adds", silent: "policy-without-tenant friends.invited", sql: ownersSQL + friendsSQL + `
			grant insert on friends to keeper; create policy invited on friends for insert to keeper with check (user_id = auth.uid() and exists (select from gardens g where g.id = garden_id and g.user_id = auth.uid()))`},
		{name: "a list to which anyone adds himself", want: "policy-without-tenant friends.joins", text: "becomes a member of any garden", sql: ownersSQL + friendsSQL + `
			grant insert on friends to keeper; create policy joins on friends for insert to keeper with check (user_id = (select auth.uid()))`},
		{name: "a list that nothing goes by", want: "reference-without-tenant likes.likes_garden_id_fkey", silent: "policy-without-tenant", sql: ownersSQL + `
			create table likes (garden_id uuid not null references gardens, user_id uuid not null references auth.users, primary key (garden_id, user_id)); create index on likes (user_id);
			alter table likes enable row level security; grant select, insert on likes to keeper; create policy own on likes to keeper using (user_id = (select auth.uid())) with check (user_id = (select auth.uid()))`},
		{name: "members who add themselves, beside what is of users", want: "policy-without-tenant crew.joins", text: "becomes a member of any organization", sql: ownersSQL + `
			create table organizations (id uuid primary key); create table crew (organization_id uuid not null references organizations, user_id uuid not null references auth.users, primary key (organization_id, user_id)); create index on crew (user_id);
			create table docs (id uuid primary key, organization_id uuid not null references organizations); create index on docs (organization_id);
			create function mine() returns setof uuid language sql stable security definer set search_path = '' as $$ select organization_id from public.crew where user_id = auth.uid() $$;
			alter table organizations enable row level security; alter table crew enable row level security; alter table docs enable row level security; grant select, insert on organizations, crew, docs to keeper;
			create policy a on organizations for select to keeper using (id in (select mine())); create policy a on crew for select to keeper using (organization_id in (select mine()));
			create policy a on docs to keeper using (organization_id in (select mine())) with check (organization_id in (select mine()));
			create policy joins on crew for insert to keeper with check (user_id = (select auth.uid()))`},
		{name: "a name that is unique for all", want: "unique-without-tenant beds.beds_name", sql: ownersSQL + `create unique index beds_name on beds (name)`},
		{name: "the name of a person", silent: "unique-without-tenant", sql: ownersSQL + `create table profiles (id uuid primary key, user_id uuid not null references auth.users, name text); create index on profiles (user_id); create unique index profiles_name on profiles (name);
			alter table beds add column user_name text; create unique index beds_user on beds (user_name)`},
		{name: "a mark that is compared with itself", want: "policy-without-tenant beds.open", silent: "policy-shares", sql: ownersSQL + `alter table beds add column sharing text; create policy open on beds for select to keeper using (sharing = sharing)`},
		{name: "a mark beside others", want: "policy-shares beds.open", silent: "policies-several, policy-without-tenant", sql: ownersSQL + `alter table beds add column sharing text; create policy open on beds for select to keeper using (sharing <> 'private');
			create policy pinned on beds for select to keeper using (sharing = 'pinned')`},
		{name: "what another user of a document may be", want: "policy-user-editable beds.claimed", sql: ownersSQL + `create function auth.jwt() returns jsonb language sql stable as $$ select nullif(current_setting('request.jwt.claims', true), '')::jsonb $$;
			create policy claimed on beds for select to keeper using (user_id::text = ((select auth.jwt()) #>> '{user_metadata,user}'))`},
		{name: "files by their folder, given to others", want: "policy-without-tenant files.moves", text: "WITH CHECK asks nothing of the session", sql: ownersSQL + filesSQL + `
			create policy moves on files for update to keeper using (bucket = 'all' and split_part(name, '/', 1) = (select auth.uid())::text) with check (bucket = 'all')`},
		{name: "files by their folder", silent: "policy-without-tenant", sql: ownersSQL + filesSQL + `
			create policy moves on files for update to keeper using (bucket = 'all' and split_part(name, '/', 1) = (select auth.uid())::text) with check (split_part(name, '/', 1) = (select auth.uid())::text)`},
		{name: "files by their folder, of which only the size may change", silent: "policy-without-tenant", sql: ownersSQL + filesSQL + `revoke update on files from keeper; grant update (size) on files to keeper;
			create policy moves on files for update to keeper using (bucket = 'all' and split_part(name, '/', 1) = (select auth.uid())::text) with check (bucket = 'all')`},
		{name: "administrators whom no login becomes", silent: "policy-without-tenant", sql: ownersSQL + `create role warden; grant select on beds to warden; create policy all_of_them on beds to warden using (true)`},
		{name: "administrators whom the application becomes", want: "policy-without-tenant beds.all_of_them", sql: ownersSQL + `create role warden; grant warden to keeper; grant select on beds to warden; create policy all_of_them on beds to warden using (true)`},
		{name: "another role, whom no login becomes, by its own", want: "policy-without-tenant beds.those", sql: ownersSQL + `create role warden; grant select on beds to warden; create policy those on beds to warden using (name = 'x')`},
		{name: "a helper that says always the same", want: "policy-without-tenant beds.own", sql: ownersSQL + `create or replace function auth.uid() returns uuid language sql stable as $$ select '5eed0000-0000-4000-8000-000000000001'::uuid $$`},
		{name: "one table of users", want: "unique-without-tenant notes.notes_title", sql: `create role keeper login; create table users (id uuid primary key); create table notes (id uuid primary key, user_id uuid not null references users, title text); create index on notes (user_id);
			alter table notes enable row level security; grant select, insert on notes to keeper; create policy own on notes to keeper using (user_id = current_setting('app.user')::uuid); create unique index notes_title on notes (title)`},
		{name: "a friend is another user", silent: "reference-without-tenant", sql: ownersSQL + `create table follows (user_id uuid not null references auth.users, friend_id uuid not null references auth.users, primary key (user_id, friend_id));
			alter table follows enable row level security; grant select, insert on follows to keeper; create policy own on follows to keeper using (user_id = (select auth.uid())) with check (user_id = (select auth.uid()))`},
		{name: "what all share, some of it from a file of one", silent: "tenant-not-null", sql: ownersSQL + sharedSQL + `create table visits (id uuid primary key, user_id uuid not null references auth.users, page_id uuid references pages); create index on visits (user_id)`},
		{name: "what is deleted with a file of one, where that is known", want: "tenant-not-null pages.upload_id", sql: ownersSQL + sharedSQL},
		{name: "a helper that compares, by another parent than the one that says whose", silent: "policy-helper", sql: ownersSQL + `create table marks (id uuid primary key, plant_id uuid references plants, bed_id uuid not null references beds); alter table marks enable row level security; grant select on marks to keeper;
			create function owns(p uuid) returns boolean language sql stable security definer set search_path = '' as $$ select exists (select 1 from public.plants b where b.id = p and b.user_id = auth.uid()) $$;
			create policy own on marks to keeper using (owns(plant_id))`},
		{name: "partitions of what no policy is for", silent: "partition-open", sql: ownersSQL + `create table visits (user_id uuid not null references auth.users, at date not null) partition by range (at); create table visits_1 partition of visits default; create index on visits (user_id)`},
	})
}

// sharedSQL, after ownersSQL, has pages that may be made of one user's upload.
const sharedSQL = `create table uploads (id uuid primary key, user_id uuid not null references auth.users); create index on uploads (user_id);
	create table pages (id uuid primary key, upload_id uuid references uploads on delete cascade, url text); create table saved (id uuid primary key, user_id uuid not null references auth.users, page_id uuid not null references pages); create index on saved (user_id);`

// filesSQL, after ownersSQL, has a table in which a name says whose a row is.
const filesSQL = `create table files (id uuid primary key, bucket text, name text, size int); alter table files enable row level security; grant select, update on files to keeper;`
