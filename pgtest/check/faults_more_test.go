package check_test

// later are faults that were found missing after the first catalogue was whole.
var later = []fault{
	// What the field's own lists ask for
	{name: "tenant by default", check: iso, as: owner, sql: "alter table datasets alter space_id set default " + spaceA, rule: "tenant-default", object: "datasets.space_id"},
	{name: "written through a view that filters", check: iso, as: super, sql: `create view mine with (security_barrier = true) as select * from datasets where space_id = ` + setting + `; grant insert on mine to seedbed_app`, rule: "view-check-option", object: "mine"},
	{name: "users behind a view", check: iso, as: super, sql: "create schema auth; create table auth.users (id uuid primary key, email text); create view people as select * from auth.users; grant select on people to seedbed_app", rule: "auth-users-exposed", object: "people"},
	{name: "secrets without policies", check: iso, as: owner, sql: "create table integrations (name text primary key, api_key text); grant select on integrations to seedbed_app", rule: "sensitive-exposed", object: "integrations"},
	{name: "tenant in a role's settings", check: iso, as: super, sql: "alter role seedbed_app set seedbed.space_id = " + spaceA, rule: "tenant-preset", object: "seedbed_app"},
	{name: "policy of a header", check: iso, as: owner, sql: "alter policy datasets_space on datasets using (space_id = " + setting + " and current_setting('request.headers', true) <> '')", rule: "policy-user-editable", object: "datasets.datasets_space"},
	{name: "function for each row", check: iso, as: owner, sql: "alter policy datasets_space on datasets using (space_id = seedbed_space_id())", rule: "policy-per-row", object: "datasets.datasets_space"},
	{name: "two policies of a command", check: iso, as: owner, sql: "create policy more on datasets to seedbed_app using (space_id = " + setting + " and name <> ''); create policy yet_more on datasets to seedbed_app using (space_id = " + setting + " and name > '')", rule: "policies-several", object: "datasets.yet_more"},
	{name: "the same policy twice", check: iso, as: owner, sql: "create policy more on datasets to seedbed_app using (space_id = " + setting + "); create policy yet_more on datasets to seedbed_app using (space_id = " + setting + ")", rule: "policy-duplicate", object: "datasets.yet_more"},
	{name: "table without a key", check: whole, as: owner, sql: "create table happened (space_id uuid not null references spaces, what text)", rule: "table-without-key", object: "happened"},

	// Policies
	{name: "restrictive for reads only", check: iso, as: owner, sql: `create policy anything on datasets using (true);
		create policy kept on datasets as restrictive for select using (space_id = ` + setting + `)`, rule: "policy-without-tenant", object: "datasets.anything"},
	{name: "restrictive for another role", check: iso, as: owner, sql: `create policy anything on datasets using (true);
		create policy kept on datasets as restrictive to seedbed_org_admin using (space_id = ` + setting + `)`, rule: "policy-without-tenant", object: "datasets.anything"},
	{name: "restrictive and open itself", check: iso, as: owner, sql: `create policy anything on datasets using (true);
		create policy kept on datasets as restrictive using (space_id = ` + setting + ` or true)`, rule: "policy-without-tenant", object: "datasets.anything"},
	{name: "restrictive whose writes are open", check: iso, as: owner, sql: `create policy anything on datasets using (true);
		create policy kept on datasets as restrictive using (space_id = ` + setting + `) with check (true)`, rule: "policy-without-tenant", object: "datasets.anything"},
	{name: "policy by a function that says yes", check: iso, as: owner, sql: `create function mine(uuid) returns bool language sql stable as 'select true';
		alter policy datasets_space on datasets using (mine(space_id))`, rule: "policy-without-tenant", object: "datasets.datasets_space"},
	{name: "policy by a function with an OR", check: iso, as: owner, sql: `create function mine(sid uuid) returns bool language sql stable return sid = seedbed_space_id() or seedbed_space_id() is null;
		alter policy datasets_space on datasets using (mine(space_id))`, rule: "policy-without-tenant", object: "datasets.datasets_space"},
	{name: "policy by a procedure that says yes", check: iso, as: owner, sql: `create function mine(sid uuid) returns bool language plpgsql stable as $$ begin
			-- it's open while we migrate
			return true; end $$;
		alter policy datasets_space on datasets using (mine(space_id))`, rule: "policy-without-tenant", object: "datasets.datasets_space"},
	{name: "policy on another column by a function", check: iso, as: owner, sql: `create function mine(sid uuid) returns bool language sql stable return sid = seedbed_space_id();
		alter policy datasets_space on datasets using (mine(id))`, rule: "policy-without-tenant", object: "datasets.datasets_space"},
	{name: "policy by a query that knows no row", check: iso, as: owner, sql: `alter policy datasets_space on datasets using (exists (select from spaces s where s.id = seedbed_space_id()))`, rule: "policy-without-tenant", object: "datasets.datasets_space"},
	{name: "policy on a part of the tenant", check: iso, as: owner, sql: `alter policy datasets_space on datasets using (left(space_id::text, 1) = left(seedbed_space_id()::text, 1))`, rule: "policy-without-tenant", object: "datasets.datasets_space"},
	{name: "policy by CASE", check: iso, as: owner, sql: `alter policy datasets_space on datasets using (case when tags = '{}' then true else space_id = ` + setting + ` end)`, rule: "policy-without-tenant", object: "datasets.datasets_space"},
	{name: "policy for a role that one can become", check: iso, as: super, sql: `create role support nologin; grant support to seedbed_app; alter role seedbed_app noinherit;
		create policy support on datasets to support using (true)`, rule: "policy-without-tenant", object: "datasets.support"},

	// Roles
	{name: "truncate after SET ROLE", check: iso, as: super, sql: `create role cleaner nologin; grant cleaner to seedbed_app; alter role seedbed_app noinherit; grant truncate on datasets to cleaner`, rule: "privilege-truncate", object: "datasets"},
	{name: "truncate after SET ROLE, without inheriting", check: iso, as: super, sql: `create role cleaner nologin; grant cleaner to seedbed_app with inherit false; grant truncate on datasets to cleaner`, rule: "privilege-truncate", object: "datasets", since: 16},
	{name: "role that one may grant oneself", check: iso, as: super, sql: `grant seedbed_seeder to seedbed_app with admin true, inherit false, set false`, rule: "role-bypassrls", object: "seedbed_app", since: 16},
	{name: "bypasses by two steps", check: iso, as: super, sql: `create role between nologin; grant seedbed_seeder to between; grant between to seedbed_app`, rule: "role-bypassrls", object: "seedbed_app"},
	{name: "application reads what others send", check: iso, as: super, sql: "grant pg_read_all_stats to seedbed_app", rule: "role-privileged", object: "seedbed_app"},
	{name: "application monitors", check: iso, as: super, sql: "grant pg_monitor to seedbed_app", rule: "role-privileged", object: "seedbed_app"},
	{name: "application replicates", check: iso, as: super, sql: "alter role seedbed_app replication", rule: "role-privileged", object: "seedbed_app"},
	{name: "application owns a policy's function", check: iso, as: super, sql: "alter function seedbed_space_id() owner to seedbed_app", rule: "role-owner", object: "seedbed_app"},
	{name: "application owns the schema", check: iso, as: super, sql: "alter schema public owner to seedbed_app", rule: "role-owner", object: "seedbed_app"},
	{name: "column granted to public", check: iso, as: owner, sql: "grant select (name) on datasets to public", rule: "privilege-public", object: "datasets"},
	{name: "grant option", check: iso, as: owner, sql: "grant select on datasets to seedbed_app with grant option", rule: "privilege-grant-option", object: "datasets"},
	{name: "default privileges for all", check: iso, as: owner, sql: "alter default privileges grant select on tables to public", rule: "privilege-default", object: "seedbed_owner"},
	{name: "default privileges to truncate", check: iso, as: owner, sql: "alter default privileges in schema public grant select, insert, update, delete, truncate, references, trigger on tables to seedbed_app", rule: "privilege-default", object: "seedbed_owner"},
	{name: "default privileges to read sequences", check: iso, as: owner, sql: "alter default privileges in schema public grant select on sequences to seedbed_app", rule: "privilege-default", object: "seedbed_owner"},
	{name: "statistics readable", check: iso, as: super, sql: "grant select on pg_statistic to seedbed_app", rule: "privilege-statistics", object: "pg_statistic"},
	{name: "shared sequence readable", check: iso, as: owner, sql: "create sequence numbers; alter table datasets add column n bigint default nextval('numbers'); grant select on sequence numbers to seedbed_app", rule: "privilege-sequence", object: "datasets.n"},
	{name: "sequence writable", check: iso, as: owner, sql: "alter table datasets add column n bigint generated always as identity; grant usage, update on sequence datasets_n_seq to seedbed_app", rule: "privilege-sequence", object: "datasets.n"},
	{name: "application creates schemas", check: iso, as: super, sql: `do $$ begin execute format('alter database %I owner to seedbed_app', current_database()); end $$`, rule: "role-owner", object: "seedbed_app"},

	// Views, rules, functions
	{name: "view by who asks, without barrier", check: iso, as: owner, sql: "create view mine as select d.* from datasets d where d.name = current_user; grant select on mine to seedbed_app", rule: "view-security-barrier", object: "mine"},
	{name: "materialized view in another schema", check: iso, as: super, sql: `create schema reports; create materialized view reports.names as select space_id, name from public.datasets; grant usage on schema reports to public; grant select (name) on reports.names to seedbed_app`, rule: "matview-granted", object: "reports.names"},
	{name: "view over a materialized view", check: iso, as: super, sql: `create schema reports; create materialized view reports.names as select space_id, name from public.datasets; create view names as select * from reports.names; grant select on names to seedbed_app`, rule: "view-security-invoker", object: "names"},
	{name: "foreign table", check: iso, as: super, sql: `create foreign data wrapper nothing; create server elsewhere foreign data wrapper nothing;
		create foreign table old_datasets (space_id uuid not null, id uuid not null, name text) server elsewhere; grant select on old_datasets to seedbed_app`, rule: "foreign-table-granted", object: "old_datasets"},
	{name: "rule past the policies", check: iso, as: super, sql: `create table inbox (name text); grant insert on inbox to seedbed_app;
		create rule spread as on insert to inbox do also update datasets set name = new.name`, rule: "rewrite-rule", object: "inbox.spread"},
	{name: "definer by a dynamic statement", check: iso, as: super, sql: `create function f() returns bigint language plpgsql security definer set search_path = pg_catalog, pg_temp as
		$$ declare n bigint; begin execute 'select count(*) from public.datasets' into n; return n; end $$`, rule: "definer-bypasses-rls", object: "public.f()"},
	{name: "definer by another function", check: iso, as: super, sql: `create function inner_f() returns bigint language sql as 'select count(*) from public.datasets';
		create function f() returns bigint language sql security definer set search_path = pg_catalog, pg_temp as 'select public.inner_f()'`, rule: "definer-bypasses-rls", object: "public.f()"},
	{name: "definer by a view", check: iso, as: super, sql: `create view seen with (security_invoker = true) as select * from datasets;
		create function f() returns bigint language sql security definer set search_path = pg_catalog, pg_temp as 'select count(*) from public.seen'`, rule: "definer-bypasses-rls", object: "public.f()"},
	{name: "definer after an apostrophe", check: iso, as: super, sql: `create function f() returns bigint language plpgsql security definer set search_path = pg_catalog, pg_temp as
		$$ begin /* it's for reports */ return (select count(*) from public.datasets); end $$`, rule: "definer-bypasses-rls", object: "public.f()"},
	{name: "definer that compares in one place only", check: iso, as: super, sql: `create function f() returns bigint language plpgsql security definer set search_path = '' as
		$$ begin if exists (select from public.spaces where id = public.seedbed_space_id()) then return (select count(*) from public.datasets where row_count > 0); end if; return 0; end $$`, rule: "definer-bypasses-rls", object: "public.f()"},
	{name: "definer that runs an argument", check: iso, as: super, sql: `create function f(q text) returns bigint language plpgsql security definer set search_path = '' as
		$$ declare n bigint; begin execute 'select count(*) from public.datasets where space_id = public.seedbed_space_id() and ' || q into n; return n; end $$`, rule: "definer-bypasses-rls", object: "public.f(q text)"},
	{name: "trigger that writes for others", check: iso, as: super, sql: `create function spread() returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp as
			$$ begin update public.attachments set filename = new.name; return new; end $$;
		revoke execute on function spread() from public; create trigger spread after update on datasets for each row execute function spread()`, rule: "definer-bypasses-rls", object: "public.spread()"},
	{name: "definer with the caller's schema", check: iso, as: owner, sql: `create function f() returns int language sql security definer set search_path = "$user", public as 'select 1'`, rule: "definer-search-path", object: "public.f()"},
	{name: "definer before temporary tables", check: iso, as: owner, sql: `create function f() returns bigint language sql security definer set search_path = public as 'select count(*) from datasets'`, rule: "definer-search-path", object: "public.f()"},
	{name: "definer with a schema that others write", check: iso, as: owner, sql: `grant create on schema public to seedbed_app; create function f() returns int language sql security definer set search_path = public, pg_temp as 'select 1'`, rule: "definer-search-path", object: "public.f()"},

	// What the application can do, tried
	{name: "tried: an insert takes a row over", check: iso, as: owner, sql: `create unique index datasets_id on datasets (id);
		create policy seen on datasets for select using (true); create policy changed on datasets for update using (true)`, rule: "probe-write", object: "datasets"},
	{name: "tried: an insert tells", check: iso, as: owner, sql: `set local role seedbed_seeder; update datasets set name = id::text; set local role seedbed_owner;
		create unique index global_name on datasets (name); revoke update on datasets from seedbed_app`, rule: "probe-oracle", object: "datasets.global_name"},

	// Keys
	{name: "deletion unsets the tenant", check: iso, as: owner, sql: `alter table datasets drop constraint datasets_source_system_fkey, add constraint datasets_source_system_fkey
		foreign key (space_id, source_system_id) references source_systems (space_id, id) on delete set null`, rule: "reference-unsets-tenant", object: "datasets.datasets_source_system_fkey"},
	{name: "columns crossed", check: iso, as: owner, sql: `alter table alerts drop constraint alerts_space_id_check_run_id_fkey; create unique index crossed on check_runs (id, space_id);
		alter table alerts add constraint crossed foreign key (space_id, check_run_id) references check_runs (id, space_id) not valid`, rule: "reference-without-tenant", object: "alerts.crossed"},

	{name: "partition with a unique key for all", check: iso, as: owner, sql: "create unique index actions on audit_logs_2027 (action) where action = 'x.y'", rule: "unique-without-tenant", object: "audit_logs_2027.actions"},
	{name: "partition that the application owns", check: iso, as: super, sql: "alter table audit_logs_2026 owner to seedbed_app", rule: "role-owner", object: "seedbed_app"},
	{name: "partition that can be truncated", check: iso, as: owner, sql: "grant truncate on audit_logs_2026 to seedbed_app", rule: "privilege-truncate", object: "audit_logs_2026"},
	{name: "partition granted to public", check: iso, as: owner, sql: "grant select on audit_logs_default to public", rule: "privilege-public", object: "audit_logs_default"},
	{name: "heir that is open", check: iso, as: owner, sql: "create table datasets_old () inherits (datasets); grant select on datasets_old to seedbed_app", rule: "partition-open", object: "datasets_old"},

	// Integrity
	{name: "a constraint's function fails", check: whole, as: owner, sql: `create function fails(text) returns bool language plpgsql immutable as $$ begin raise 'no dictionary %', $1; end $$;
		alter table datasets add constraint spelled check (fails(name)) not valid`, rule: "rows-unreadable", object: "datasets"},
	{name: "settings that name another type", check: whole, as: owner, sql: `alter table source_systems drop constraint source_systems_slack;
		set local role seedbed_seeder; update source_systems set config = config || '{"type": "webhook"}' where id = ` + slackA, rule: "config-disagrees", object: "source_systems.config"},
	{name: "trigger for replication only", check: whole, as: owner, sql: "create function touch() returns trigger language plpgsql as 'begin return new; end'; create trigger touch before update on datasets for each row execute function touch(); alter table datasets enable replica trigger touch", rule: "trigger-off", object: "datasets.touch"},
	{name: "foreign key for replication only", check: whole, as: super, sql: `update pg_trigger set tgenabled = 'R' where tgisinternal and tgrelid = 'datasets'::regclass and tgconstraint = (select oid from pg_constraint where conname = 'datasets_source_system_fkey')`, rule: "constraint-off", object: "datasets.datasets_source_system_fkey"},
	{name: "sessions that check nothing", check: whole, as: super, sql: "alter role seedbed_app set session_replication_role = replica", rule: "constraint-off", object: "seedbed_app"},
	{name: "NULL where none may be", check: whole, as: super, sql: `alter table datasets alter name drop not null; set local session_replication_role = replica; update datasets set name = null where id = ` + datA + `;
		update pg_attribute set attnotnull = true where attrelid = 'datasets'::regclass and attname = 'name'`, rule: "constraint-broken", object: "datasets.name"},
	{name: "array of a broken domain", check: whole, as: owner, sql: "create domain label as text; alter table check_runs add column labels label[] default '{x}'; alter domain label add constraint label_long check (length(value) > 3) not valid", rule: "constraint-not-valid", object: "label.label_long"},
	{name: "deferred unique key pending", check: whole, as: loader, sql: `set local session_replication_role = origin; set local role seedbed_owner; alter table datasets add column n int, add constraint numbered unique (space_id, n) deferrable initially deferred;
		set local role seedbed_seeder; update datasets set n = 1`, rule: "deferred-pending", object: "datasets.numbered"},
}
