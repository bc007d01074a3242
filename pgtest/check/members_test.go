package check_test

import "testing"

// clubsSQL is a schema whose sessions are told by the user of a token, and by the clubs that
// the user is a member of.
const clubsSQL = `create role club_user nologin; create role club_anon nologin;
	create schema auth; create table auth.users (id uuid primary key); grant usage on schema auth to club_user, club_anon;
	create function auth.uid() returns uuid language sql stable as $$
		select coalesce(nullif(current_setting('request.jwt.claim.sub', true), ''), nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid $$;
	create function auth.jwt() returns jsonb language sql stable as $$ select nullif(current_setting('request.jwt.claims', true), '')::jsonb $$;
	create table clubs (id uuid primary key default gen_random_uuid(), name text);
	create table club_members (club_id uuid not null references clubs, user_id uuid not null references auth.users, is_owner bool not null default false, primary key (club_id, user_id));
	create index on club_members (user_id);
	create function my_clubs() returns setof uuid language sql stable security definer set search_path = '' as $$ select club_id from public.club_members where user_id = auth.uid() $$;
	create table notices (id uuid primary key default gen_random_uuid(), club_id uuid not null references clubs, title text); create index on notices (club_id);
	alter table clubs enable row level security; alter table club_members enable row level security; alter table notices enable row level security;
	create policy own on clubs for select to club_user using (id in (select my_clubs()));
	create policy own on club_members for select to club_user using (club_id in (select my_clubs()));
	create policy own on notices to club_user using (club_id in (select my_clubs())) with check (club_id in (select my_clubs()));
	grant select on clubs, club_members to club_user; grant select, insert, update, delete on notices to club_user;
	insert into auth.users select ('1eed0000-0000-4000-8000-0000000000a' || n)::uuid from generate_series(1, 3) n;
	insert into clubs select ('1eed0000-0000-4000-8000-0000000000b' || n)::uuid, 'c' from generate_series(1, 3) n;
	insert into club_members select ('1eed0000-0000-4000-8000-0000000000b' || n)::uuid, ('1eed0000-0000-4000-8000-0000000000a' || n)::uuid, n = 1 from generate_series(1, 3) n;
	insert into notices (club_id, title) select id, name || k from clubs, generate_series(1, 2) k;`

// teamsSQL, after clubsSQL, has two teams in each club, which its members share. The tables
// below a team carry nothing but the team.
const teamsSQL = `create table teams (id bigint primary key, club_id uuid not null references clubs, name text); create index on teams (club_id);
	create table tasks (id uuid primary key default gen_random_uuid(), team_id bigint not null references teams, title text); create index on tasks (team_id);
	create table labels (id uuid primary key default gen_random_uuid(), team_id bigint not null references teams, title text); create index on labels (team_id);
	create function in_my_club(team bigint) returns bool language plpgsql stable security definer set search_path = '' as $$ begin
		return exists (select from public.club_members m join public.teams t on t.club_id = m.club_id where t.id = team and m.user_id = auth.uid()); end $$;
	alter table teams enable row level security; alter table tasks enable row level security; alter table labels enable row level security;
	grant select, insert, update, delete on teams, tasks, labels to club_user;
	create policy own on teams to club_user using (club_id in (select my_clubs())) with check (club_id in (select my_clubs()));
	create policy own on tasks to club_user using (team_id in (select id from teams where club_id in (select my_clubs()))) with check (team_id in (select id from teams where club_id in (select my_clubs())));
	create policy own on labels to club_user using (in_my_club(team_id)) with check (in_my_club(team_id));
	insert into teams select 10 * n + k, ('1eed0000-0000-4000-8000-0000000000b' || n)::uuid, 't' from generate_series(1, 3) n, generate_series(1, 2) k;
	insert into tasks (team_id, title) select id, name from teams; insert into labels (team_id, title) select id, name from teams;`

const leaks = "policy-without-tenant, policy-helper, probe-read, probe-write, probe-oracle, probe-control, probe-setting"

// Sessions of users who are members of tenants.
func TestMembersOfTenants(t *testing.T) {
	t.Parallel()
	testShapes(t, "members", []smallShape{
		{name: "members of a club work in all of its teams", probes: true, silent: leaks, sql: clubsSQL + teamsSQL},
		{name: "a team moves to another club", probes: true, want: "probe-write teams", text: "into another tenant", sql: clubsSQL + teamsSQL + `
			drop policy own on teams; create policy own on teams to club_user using (in_my_club(id)) with check (in_my_club(id))`},
		{name: "a task moves to the team of another club", probes: true, want: "probe-write tasks", text: "of club", sql: clubsSQL + teamsSQL + `
			alter policy own on tasks with check (team_id > 0)`},
		{name: "tasks of other clubs are read", probes: true, want: "probe-read tasks", text: "of other tenants", silent: "probe-read teams, probe-read labels", sql: clubsSQL + teamsSQL + `
			create policy open on tasks for select to club_user using (title <> '')`},
		{name: "who has not logged in has no rows of its own", probes: true, want: "probe-read notices", text: "as club_anon, ", silent: "probe-control", sql: clubsSQL + `
			grant select, insert on notices to club_anon; create policy open on notices for select to club_anon using (title <> ''); create policy add on notices for insert to club_anon with check (club_id in (select my_clubs()))`},
		{name: "the session among a row's members", probes: true, silent: leaks, sql: clubsSQL + `
			alter policy own on notices using ((select auth.uid()) in (select m.user_id from club_members m where m.club_id = notices.club_id)) with check ((select auth.uid()) = any (select m.user_id from club_members m where m.club_id = notices.club_id))`},
		{name: "the session among all members", want: "policy-without-tenant notices.own", sql: clubsSQL + `
			alter policy own on notices using ((select auth.uid()) in (select m.user_id from club_members m))`},
		{name: "a policy by a claim beside one by membership", probes: true, want: "policy-user-editable notices.claimed", silent: "policy-without-tenant, probe-control", sql: clubsSQL + `
			create function claimed() returns uuid language sql stable as $$ select (auth.jwt() -> 'user_metadata' ->> 'club')::uuid $$;
			create policy claimed on notices for select to club_user using (club_id = claimed())`},
		{name: "the fix is the membership that other policies look for", want: "policy-without-tenant notices.open", text: `AND ("club_id" IN ( SELECT my_clubs() AS my_clubs))`, sql: clubsSQL + `
			create policy open on notices for select to club_user using (title <> '')`},
		{name: "the user is no tenant's key", want: "policy-without-tenant notices.open", text: `("club_id" IN ( SELECT clubs_of(auth.uid()) AS clubs_of))`, silent: "probe-control", sql: clubsSQL + `
			create function clubs_of(u uuid) returns setof uuid language sql stable security definer set search_path = '' as $$ select club_id from public.club_members where user_id = u $$;
			alter policy own on clubs using (id in (select clubs_of(auth.uid()))); alter policy own on notices using (club_id in (select clubs_of(auth.uid()))); alter policy own on club_members using (club_id in (select clubs_of(auth.uid())) or user_id = auth.uid());
			create policy open on notices for select to club_user using (title <> '')`},
	})
}
