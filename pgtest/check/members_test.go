package check_test

import (
	"strings"
	"testing"
)

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
	insert into notices select md5(id::text || k)::uuid, id, name || k from clubs, generate_series(1, 2) k;`

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
	insert into tasks select md5(id::text)::uuid, id, name from teams; insert into labels select md5(id::text)::uuid, id, name from teams;`

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
		{name: "a row that owners see, and rows for who has two factors", probes: true, silent: "probe-control", sql: clubsSQL + `
			create table secrets (id uuid primary key default gen_random_uuid(), club_id uuid not null references clubs, v text); create index on secrets (club_id); alter table secrets enable row level security; grant select, insert on secrets to club_user;
			create policy owners on secrets to club_user using (exists (select 1 from club_members m where m.club_id = secrets.club_id and m.user_id = (select auth.uid()) and m.is_owner));
			create policy factors on notices as restrictive to club_user using ((select auth.jwt() ->> 'aal') = 'aal2')`},
		{name: "its own row is out of reach", probes: true, want: "probe-control notices", sql: clubsSQL + `
			create policy none on notices as restrictive for select to club_user using (title is null)`},
		{name: "some of its own rows are deleted", probes: true, silent: "probe-write", sql: clubsSQL + `
			insert into auth.users select ('1eed0000-0000-4000-8000-0000000000c' || n)::uuid from generate_series(1, 3) n;
			insert into club_members select ('1eed0000-0000-4000-8000-0000000000b' || n)::uuid, ('1eed0000-0000-4000-8000-0000000000c' || n)::uuid, true from generate_series(1, 3) n; grant delete on club_members to club_user;
			create policy leave on club_members for delete to club_user using (club_id in (select my_clubs()) and not is_owner)`},
		{name: "rows of others are deleted", probes: true, want: "probe-write club_members", sql: clubsSQL + `
			grant delete on club_members to club_user; create policy leave on club_members for delete to club_user using (not is_owner)`},
		{name: "the fix is the membership that other policies look for", want: "policy-without-tenant notices.open", text: `AND ("club_id" IN ( SELECT my_clubs() AS my_clubs))`, sql: clubsSQL + `
			create policy open on notices for select to club_user using (title <> '')`},
		{name: "the user is no tenant's key", want: "policy-without-tenant notices.open", text: `("club_id" IN ( SELECT clubs_of(auth.uid()) AS clubs_of))`, silent: "probe-control", sql: clubsSQL + `
			create function clubs_of(u uuid) returns setof uuid language sql stable security definer set search_path = '' as $$ select club_id from public.club_members where user_id = u $$;
			alter policy own on clubs using (id in (select clubs_of(auth.uid()))); alter policy own on notices using (club_id in (select clubs_of(auth.uid()))); alter policy own on club_members using (club_id in (select clubs_of(auth.uid())) or user_id = auth.uid());
			create policy open on notices for select to club_user using (title <> '')`},
	})
}

// Functions that run as their owner, before which row-level security stands aside: a guard has
// to compare what chooses the rows with the session.
func TestGuardsOfDefiners(t *testing.T) {
	t.Parallel()
	const head = " language plpgsql security definer set search_path = '' as $$ "
	const member = "not exists (select 1 from public.club_members m where m.club_id = %s and m.user_id = auth.uid())"
	of := func(argument string) string { return strings.ReplaceAll(member, "%s", argument) }
	faulty, edits := "definer-bypasses-rls public.edit(notice uuid, words text)", "create function edit(notice uuid, words text) returns void"+head
	testShapes(t, "guards_of_definers", []smallShape{
		{name: "whether anybody is logged in", want: faulty, sql: clubsSQL + edits + "begin if auth.uid() is null then raise exception 'no'; end if; update public.notices set title = words where id = notice; end $$"},
		{name: "of another argument", want: "definer-bypasses-rls public.edit(club uuid, notice uuid, words text)", sql: clubsSQL + "create function edit(club uuid, notice uuid, words text) returns void" + head +
			"begin if " + of("club") + " then raise exception 'no'; end if; update public.notices set title = words where id = notice; end $$"},
		{name: "of no consequence", want: faulty, sql: clubsSQL + edits + "declare ok bool; begin ok := exists (select 1 from public.notices n where n.id = notice and n.club_id in (select public.my_clubs())); update public.notices set title = words where id = notice; end $$"},
		{name: "that only logs", want: faulty, sql: clubsSQL + edits + "begin if not exists (select 1 from public.notices n where n.id = notice and n.club_id in (select public.my_clubs())) then raise notice 'no'; end if; update public.notices set title = words where id = notice; end $$"},
		{name: "with a way past it", want: faulty, sql: clubsSQL + edits + `begin if not exists (select 1 from public.notices n join public.club_members m on m.club_id = n.club_id where n.id = notice and (m.user_id = auth.uid() or m.is_owner))
			then raise exception 'no'; end if; update public.notices set title = words where id = notice; end $$`},
		{name: "of a member somewhere", want: faulty, sql: clubsSQL + edits + "begin if not exists (select 1 from public.club_members m where m.user_id = auth.uid() and m.is_owner) then raise exception 'no'; end if; update public.notices set title = words where id = notice; end $$"},
		{name: "behind the first of several", want: faulty, sql: clubsSQL + edits + "declare n int; begin if words is null then raise exception 'none'; end if; select count(*) into n from public.club_members m where m.user_id = auth.uid(); if n = 0 then return; end if; update public.notices set title = words where id = notice; end $$"},
		{name: "of a column that is named like the argument", want: "definer-bypasses-rls public.wind_up(club_id uuid)", sql: clubsSQL + "create function wind_up(club_id uuid) returns void" + head + `
			#variable_conflict use_column
			begin if not exists (select 1 from public.club_members m where m.user_id = auth.uid() and m.club_id = club_id) then raise exception 'no'; end if; delete from public.notices n where n.club_id = wind_up.club_id; end $$`},
		{name: "none, in a function that another one calls", want: "definer-bypasses-rls public.outer_edit(notice uuid)", sql: clubsSQL + `create function inner_edit(n uuid) returns void language sql security definer set search_path = '' as $$ update public.notices set title = 'x' where id = n $$;
			revoke execute on function inner_edit from public; create function outer_edit(notice uuid) returns void language sql security definer set search_path = '' as $$ select public.inner_edit(notice) $$`},
		{name: "a table found by search_path", want: "definer-search-path public.announce(club uuid)", text: "with notices found by search_path", sql: clubsSQL + `
			create function announce(club uuid) returns void language sql security definer set search_path = public as $$ insert into notices (club_id, title) values (club, 'x') $$`},
		{name: "a column named like a table", silent: "definer-search-path, definer-bypasses-rls", sql: clubsSQL + `
			create table title (id uuid primary key, club_id uuid not null references clubs); create index on title (club_id); alter table title enable row level security; create schema vault; create table vault.notices (id uuid, name text);
			create function announce(club uuid) returns void language plpgsql security definer set search_path = pg_catalog, public as $$ begin if ` + of("club") + ` then raise exception 'no'; end if; insert into public.notices (club_id, title) values (club, 'x'); end $$;
			create function key_of(word text) returns uuid language sql security definer set search_path = pg_catalog, public as $$ select id from vault.notices where name = word $$`},
		{name: "that keep to the session", silent: "definer-bypasses-rls", sql: clubsSQL + `
			create function of_the_row(notice uuid, words text) returns void` + head + `begin if not exists (select 1 from public.notices n join public.club_members m on m.club_id = n.club_id where n.id = notice and m.user_id = auth.uid())
				then raise exception 'no'; end if; update public.notices set title = words where id = notice; end $$;
			create function in_the_statement(notice uuid, words text) returns void language sql security definer set search_path = '' as $$
				update public.notices n set title = words where n.id = notice and exists (select 1 from public.club_members m where m.club_id = n.club_id and m.user_id = auth.uid()) $$;
			create function assert_member(club uuid) returns void` + head + "begin if " + of("club") + ` then raise exception 'no'; end if; end $$;
			create function by_a_helper(notice uuid, words text) returns void` + head + `declare club uuid; begin select club_id into club from public.notices where id = notice; perform public.assert_member(club);
				update public.notices set title = words where id = notice; end $$;
			create function returns_early(notice uuid, words text) returns bool` + head + `declare club uuid; begin select n.club_id into club from public.notices n where n.id = notice;
				if club is null or club not in (select my_clubs from public.my_clubs()) then return false; end if; update public.notices set title = words where id = notice; return true; end $$;
			create function row_of_what_was_asked(club uuid, notice uuid) returns void` + head + "begin if " + of("club") + ` then raise exception 'no'; end if;
				if not exists (select 1 from public.notices n where n.id = notice and n.club_id = club) then raise exception 'none'; end if; delete from public.notices where id = notice; end $$;
			create function by_a_variable(words text) returns void` + head + `declare me uuid := auth.uid(); club uuid; begin if me is null then raise exception 'no'; end if;
				select m.club_id into club from public.club_members m where m.user_id = me; update public.notices set title = words where club_id = club; end $$;
			create function by_a_query_alone(notice uuid) returns bool language sql stable security definer set search_path = '' as $$ select club_id in (select public.my_clubs()) from public.notices where id = notice $$;
			create function for_administrators(notice uuid) returns void` + head + `begin if (auth.jwt() -> 'app_metadata' ->> 'staff') is distinct from 'yes' then raise exception 'no'; end if; delete from public.notices where id = notice; end $$;
			create function erase(n uuid) returns void language sql security definer set search_path = '' as $$ delete from public.notices where id = n $$; revoke execute on function erase from public;
			create function through_another(club uuid, notice uuid) returns void` + head + `declare owner uuid; begin select n.club_id into owner from public.notices n where n.id = notice; if owner <> club or ` + of("club") + ` then raise exception 'no'; end if; perform public.erase(notice); end $$`},
	})
}
