package check_test

import "github.com/qarion/seedbed/internal/audit"

// Rows of testdata/reference.sql.
const (
	spaceA  = "'a1000000-0000-4000-8000-000000000000'"
	spaceB  = "'b1000000-0000-4000-8000-000000000000'"
	orgB    = "'b0000000-0000-4000-8000-000000000000'"
	nobody  = "'dead0000-0000-4000-8000-000000000000'"
	datA    = "'a1310000-0000-4000-8000-000000000000'"
	datB    = "'b1310000-0000-4000-8000-000000000000'"
	checkA  = "'a1410000-0000-4000-8000-000000000000'"
	slackA  = "'a1210000-0000-4000-8000-000000000000'"
	flakeA  = "'a1250000-0000-4000-8000-000000000000'"
	noteA   = "'a1317000-0000-4000-8000-000000000000'"
	commB   = "'b1317000-0000-4000-8000-000000000000'"
	setting = "(select seedbed_space_id())"
)

var iso, whole engine = audit.Isolation, audit.Integrity

var faults = []fault{
	// Columns and keys
	{name: "nullable tenant", check: iso, as: owner, sql: "alter table audit_logs alter organization_id drop not null", rule: "tenant-not-null", object: "audit_logs.organization_id"},
	{name: "tenant not indexed", check: iso, as: owner, sql: "alter table organization_memberships drop constraint organization_memberships_pkey", rule: "tenant-index", object: "organization_memberships.organization_id"},
	{name: "tenant without key", check: iso, as: owner, sql: "alter table datasets drop constraint datasets_space_id_fkey", rule: "tenant-foreign-key", object: "datasets.space_id"},
	{name: "plain foreign key", check: iso, as: owner, sql: `alter table quality_checks drop constraint quality_checks_space_id_dataset_id_fkey;
		create unique index datasets_id on datasets (id);
		alter table quality_checks add constraint plain foreign key (dataset_id) references datasets (id)`, rule: "reference-without-tenant", object: "quality_checks.plain"},
	{name: "plain foreign key that cascades, and no composite one", check: iso, as: owner, sql: `create unique index runs_id on check_runs (id);
		alter table alerts drop constraint alerts_space_id_check_run_id_fkey, add constraint cascades foreign key (check_run_id) references check_runs (id) on delete cascade`, rule: "reference-without-tenant", object: "alerts.cascades"},
	{name: "reference without key", check: iso, as: owner, sql: "alter table alerts drop constraint alerts_space_id_check_run_id_fkey", rule: "reference-undeclared", object: "alerts.check_run_id"},
	{name: "reply without key", check: iso, as: owner, sql: "alter table comments drop constraint comments_parent_fkey", rule: "reference-undeclared", object: "comments.parent_id"},
	{name: "global unique name", check: iso, as: owner, sql: "create unique index global_name on datasets (name, row_count)", rule: "unique-without-tenant", object: "datasets.global_name"},
	{name: "global unique expression", check: iso, as: owner, sql: "create unique index global_upper on alerts (upper(title), raised_at, (id::text))", rule: "unique-without-tenant", object: "alerts.global_upper"},
	{name: "global partial unique", check: iso, as: owner, sql: "create unique index global_open on alerts (title) where status = 'acknowledged'", rule: "unique-without-tenant", object: "alerts.global_open"},
	{name: "global exclusion", check: iso, as: owner, sql: "alter table bigquery_systems add constraint global_location exclude using hash (location with =) where (location <> 'EU')", rule: "unique-without-tenant", object: "bigquery_systems.global_location"},
	{name: "counting key", check: iso, as: owner, sql: "alter table check_results add column n bigint; create unique index counted on check_results (n)", rule: "unique-without-tenant", object: "check_results.counted"},

	// Row-level security
	{name: "security off", check: iso, as: owner, sql: "alter table datasets disable row level security", rule: "rls-enabled", object: "datasets"},
	{name: "security off on tenants", check: iso, as: owner, sql: "alter table spaces disable row level security", rule: "rls-enabled", object: "spaces"},
	{name: "security off on organizations", check: iso, as: owner, sql: "alter table organizations disable row level security", rule: "rls-enabled", object: "organizations"},
	{name: "security off on users", check: iso, as: owner, sql: "alter table users disable row level security", rule: "rls-enabled", object: "users"},
	{name: "security not forced", check: iso, as: owner, sql: "alter table comments no force row level security", rule: "rls-forced", object: "comments"},
	{name: "no policy", check: iso, as: owner, sql: "drop policy datasets_space on datasets", rule: "rls-command-uncovered", object: "datasets"},
	{name: "no policy for writes", check: iso, as: owner, sql: "drop policy datasets_space on datasets; create policy reads on datasets for select using (space_id = " + setting + ")", rule: "rls-command-uncovered", object: "datasets"},
	{name: "second policy that is open", check: iso, as: owner, sql: "create policy open on datasets using (true)", rule: "policy-without-tenant", object: "datasets.open"},
	{name: "policy for what is shared", check: iso, as: owner, sql: "alter table datasets add column shared boolean not null default false; create policy opened on datasets for select using (shared)", rule: "policy-shares", object: "datasets.opened"},
	{name: "policy open to reads", check: iso, as: owner, sql: "create policy open on attachments for select to seedbed_app using (created_at < now())", rule: "policy-without-tenant", object: "attachments.open"},
	{name: "policy with OR", check: iso, as: owner, sql: "alter policy datasets_space on datasets using (space_id = " + setting + " or tags @> '{public}')", rule: "policy-without-tenant", object: "datasets.datasets_space"},
	{name: "policy open when unset", check: iso, as: owner, sql: "alter policy datasets_space on datasets using (" + setting + " is null or space_id = " + setting + ")", rule: "policy-without-tenant", object: "datasets.datasets_space"},
	{name: "policy with coalesce", check: iso, as: owner, sql: "alter policy datasets_space on datasets using (space_id = coalesce(" + setting + ", space_id))", rule: "policy-without-tenant", object: "datasets.datasets_space"},
	{name: "policy that is unknown as true", check: iso, as: owner, sql: "alter policy datasets_space on datasets using ((space_id = " + setting + ") is not false)", rule: "policy-without-tenant", object: "datasets.datasets_space"},
	{name: "policy negated", check: iso, as: owner, sql: "alter policy datasets_space on datasets using (not (space_id = " + setting + "))", rule: "policy-without-tenant", object: "datasets.datasets_space"},
	{name: "policy on another column", check: iso, as: owner, sql: "alter policy datasets_space on datasets using (id = " + setting + ")", rule: "policy-without-tenant", object: "datasets.datasets_space"},
	{name: "policy on another setting", check: iso, as: owner, sql: "alter policy datasets_space on datasets using (space_id = (select seedbed_organization_id()))", rule: "policy-without-tenant", object: "datasets.datasets_space"},
	{name: "policy on a constant", check: iso, as: owner, sql: "alter policy datasets_space on datasets using (space_id = " + spaceA + ")", rule: "policy-without-tenant", object: "datasets.datasets_space"},
	{name: "writes unchecked", check: iso, as: owner, sql: "alter policy datasets_space on datasets with check (true)", rule: "policy-without-tenant", object: "datasets.datasets_space"},
	{name: "inserts unchecked", check: iso, as: owner, sql: "create policy adds on quality_checks for insert with check (name <> '')", rule: "policy-without-tenant", object: "quality_checks.adds"},
	{name: "partition open", check: iso, as: owner, sql: "alter table audit_logs_2026 disable row level security", rule: "partition-open", object: "audit_logs_2026"},
	{name: "partition not forced", check: iso, as: owner, sql: "alter table audit_logs_default no force row level security", rule: "partition-open", object: "audit_logs_default"},
	{name: "new partition open", check: iso, as: owner, sql: "create table audit_logs_2030 partition of audit_logs for values from ('2030-01-01Z') to ('2031-01-01Z')", rule: "partition-open", object: "audit_logs_2030"},
	{name: "partition with a policy that is open", check: iso, as: owner, sql: "create policy open on audit_logs_2026 using (true); grant select on audit_logs_2026 to seedbed_app", rule: "policy-without-tenant", object: "audit_logs_2026.open"},

	// Roles and privileges
	{name: "application is superuser", check: iso, as: super, sql: "alter role seedbed_app superuser", rule: "role-superuser", object: "seedbed_app"},
	{name: "application bypasses", check: iso, as: super, sql: "alter role seedbed_app bypassrls", rule: "role-bypassrls", object: "seedbed_app"},
	{name: "administrator bypasses", check: iso, as: super, sql: "alter role seedbed_org_admin bypassrls", rule: "role-bypassrls", object: "seedbed_org_admin"},
	{name: "application can become seeder", check: iso, as: super, sql: "grant seedbed_seeder to seedbed_app", rule: "role-bypassrls", object: "seedbed_app"},
	{name: "application can become owner", check: iso, as: super, sql: "revoke seedbed_app from seedbed_owner; grant seedbed_owner to seedbed_app", rule: "role-owner", object: "seedbed_app"},
	{name: "application owns a table", check: iso, as: super, sql: "alter table datasets owner to seedbed_app", rule: "role-owner", object: "seedbed_app"},
	{name: "application creates roles", check: iso, as: super, sql: "alter role seedbed_app createrole", rule: "role-privileged", object: "seedbed_app"},
	{name: "application reads all", check: iso, as: super, sql: "grant pg_read_all_data to seedbed_app", rule: "role-privileged", object: "seedbed_app"},
	{name: "application can become administrator", check: iso, as: super, sql: "grant seedbed_org_admin to seedbed_app", rule: "role-privileged", object: "seedbed_app"},
	{name: "application creates objects", check: iso, as: super, sql: "grant create on schema public to public", rule: "privilege-create", object: "public"},
	{name: "truncate", check: iso, as: owner, sql: "grant truncate on datasets to seedbed_app", rule: "privilege-truncate", object: "datasets"},
	{name: "truncate for all", check: iso, as: owner, sql: "grant truncate on comments to public", rule: "privilege-truncate", object: "comments"},
	{name: "references", check: iso, as: owner, sql: "grant references on datasets to seedbed_app", rule: "privilege-references", object: "datasets"},
	{name: "references to a column", check: iso, as: owner, sql: "grant references (id) on datasets to seedbed_app", rule: "privilege-references", object: "datasets"},
	{name: "trigger", check: iso, as: owner, sql: "grant trigger on alerts to seedbed_app", rule: "privilege-trigger", object: "alerts"},
	{name: "granted to public", check: iso, as: owner, sql: "grant select on attachments to public", rule: "privilege-public", object: "attachments"},
	{name: "sequence readable", check: iso, as: owner, sql: "alter table datasets add column n bigint generated always as identity; grant select on sequence datasets_n_seq to seedbed_app", rule: "privilege-sequence", object: "datasets.n"},

	// Views and functions
	{name: "view with its owner's eyes", check: iso, as: owner, sql: "create view names as select name from datasets; grant select on names to seedbed_app", rule: "view-security-invoker", object: "names"},
	{name: "view of a view", check: iso, as: owner, sql: "create view inner_names with (security_invoker = true) as select name from datasets; create view outer_names as select * from inner_names", rule: "view-security-invoker", object: "outer_names"},
	{name: "view that filters without barrier", check: iso, as: owner, sql: "create view mine as select * from datasets where space_id = seedbed_space_id(); grant select on mine to seedbed_app", rule: "view-security-barrier", object: "mine"},
	{name: "materialized view", check: iso, as: owner, sql: "create materialized view copies as select * from datasets; grant select on copies to seedbed_app", rule: "matview-granted", object: "copies"},
	{name: "materialized view for all", check: iso, as: owner, sql: "create materialized view copies as select * from comments; grant select on copies to public", rule: "matview-granted", object: "copies"},
	{name: "definer without path", check: iso, as: owner, sql: "create function f() returns int language sql security definer as 'select 1'", rule: "definer-search-path", object: "public.f()"},
	{name: "definer that bypasses", check: iso, as: super, sql: "create function f() returns setof public.datasets language sql security definer set search_path = pg_catalog as 'select * from public.datasets'", rule: "definer-bypasses-rls", object: "public.f()"},
	{name: "definer past the owner's policy", check: iso, as: owner, sql: "create function f() returns setof public.spaces language sql security definer set search_path = pg_catalog as 'select * from public.spaces'", rule: "definer-bypasses-rls", object: "public.f()"},
	{name: "leakproof function", check: iso, as: super, sql: "create function f(text) returns bool language sql immutable leakproof as 'select true'", rule: "function-leakproof", object: "public.f(text)"},

	// Aggregates
	{name: "aggregate without composite key", check: iso, as: owner, sql: `alter table alerts drop constraint alerts_space_id_organization_id_fkey,
		add foreign key (space_id) references spaces (id), add foreign key (organization_id) references organizations (id)`, rule: "aggregate-key", object: "alerts.organization_id"},
	{name: "aggregate without index", check: iso, as: owner, sql: "drop index alerts_by_organization, alerts_open", rule: "aggregate-index", object: "alerts.organization_id"},
	{name: "administrator not confined", check: iso, as: owner, sql: "alter policy alerts_space on alerts to public", rule: "aggregate-predicate", object: "alerts"},
	{name: "administrator sees all", check: iso, as: owner, sql: "alter policy audit_logs_org_admin on audit_logs using (true)", rule: "policy-without-tenant", object: "audit_logs.audit_logs_org_admin"},
	{name: "administrator's policy for the application", check: iso, as: owner, sql: "alter policy alerts_org_admin on alerts to public", rule: "policy-without-tenant", object: "alerts.alerts_org_admin"},
	{name: "table that nobody declared", check: iso, as: owner, sql: "create table secrets (id int primary key, body text); grant select on secrets to seedbed_app; alter table secrets add column space_id uuid references spaces (id)", rule: "table-undeclared", object: "secrets"},

	// Rows in the wrong place
	{name: "row of no tenant", check: iso, as: loader, sql: "set local role seedbed_owner; alter table audit_logs alter organization_id drop not null; set local role seedbed_seeder; insert into audit_logs (space_id, organization_id, action, subject) values (" + spaceA + ", null, 'a.b', 'a/" + "a0000000-0000-4000-8000-000000000000')", rule: "row-without-tenant", object: "audit_logs.organization_id"},
	{name: "row of an unknown tenant", check: iso, as: loader, sql: "update datasets set space_id = " + nobody + " where id = " + datA, rule: "row-of-unknown-tenant", object: "datasets.space_id"},
	{name: "reference into another tenant", check: iso, as: loader, sql: "update quality_checks set dataset_id = " + datB + " where id = " + checkA, rule: "reference-crosses", object: "quality_checks.quality_checks_space_id_dataset_id_fkey"},
	{name: "reply in another tenant", check: iso, as: loader, sql: "update comments set parent_id = " + commB + ", resource_id = " + datB + " where space_id = " + spaceA + " and parent_id is not null", rule: "reference-crosses", object: "comments.comments_parent_fkey"},
	{name: "member of another tenant", check: iso, as: loader, sql: "update datasets set owner_id = 'b1110000-0000-4000-8000-000000000000'::uuid where id = " + datA + "; update space_memberships set user_id = 'b1110000-0000-4000-8000-000000000000' where space_id = " + spaceB, rule: "reference-crosses", object: "datasets.datasets_space_id_owner_id_fkey"},
	{name: "pair into another tenant", check: iso, as: loader, sql: "update comments set resource_id = " + datB + " where id = " + noteA, rule: "pair-crosses", object: "comments.resource_id"},
	{name: "alert of another organization", check: iso, as: loader, sql: "update alerts set organization_id = " + orgB + " where space_id = " + spaceA, rule: "aggregate-disagrees", object: "alerts.organization_id"},
	{name: "log of another organization", check: iso, as: loader, sql: "insert into audit_logs (space_id, organization_id, action, subject) values (" + spaceA + ", " + orgB + ", 'a.b', 'a/a0000000-0000-4000-8000-000000000000')", rule: "aggregate-disagrees", object: "audit_logs.organization_id"},

	// What the application can do, tried
	{name: "tried: others are read", check: iso, as: owner, sql: "create policy open on datasets for select using (true)", rule: "probe-read", object: "datasets"},
	{name: "tried: a partition is read", check: iso, as: owner, sql: "alter table audit_logs_2026 disable row level security; grant select on audit_logs_2026 to seedbed_app", rule: "probe-read", object: "audit_logs_2026"},
	{name: "tried: a view is read", check: iso, as: owner, sql: "alter table datasets no force row level security; create view names as select * from datasets; grant select on names to seedbed_app", rule: "probe-read", object: "names"},
	{name: "tried: others are written", check: iso, as: owner, sql: "create policy open on datasets for update using (true) with check (true); create policy seen on datasets for select using (true)", rule: "probe-write", object: "datasets"},
	{name: "tried: rows move out", check: iso, as: owner, sql: "alter policy datasets_space on datasets with check (true)", rule: "probe-write", object: "datasets"},
	{name: "tried: rows are inserted", check: iso, as: owner, sql: "create policy adds on attachments for insert with check (filename <> '')", rule: "probe-write", object: "attachments"},
	{name: "tried: others are deleted", check: iso, as: owner, sql: "create policy open on annotations for delete using (true); create policy seen on annotations for select using (true)", rule: "probe-write", object: "annotations"},
	{name: "tried: truncate", check: iso, as: owner, sql: "grant truncate on check_results to seedbed_app", rule: "probe-write", object: "check_results"},
	{name: "tried: a key tells", check: iso, as: owner, sql: `create unique index datasets_id on datasets (id);
		alter table quality_checks drop constraint quality_checks_space_id_dataset_id_fkey, add constraint plain foreign key (dataset_id) references datasets (id)`, rule: "probe-oracle", object: "quality_checks.plain"},
	{name: "tried: a shadow's key tells", check: iso, as: owner, sql: `create unique index alerts_id on alerts (id);
		alter table annotations drop constraint annotations_space_id_alert_id_fkey, add constraint plain foreign key (alert_id) references alerts (id)`, rule: "probe-oracle", object: "annotations.plain"},
	{name: "tried: a unique key tells", check: iso, as: owner, sql: `set local role seedbed_seeder; update datasets set name = id::text; set local role seedbed_owner;
		create unique index global_name on datasets (name)`, rule: "probe-oracle", object: "datasets.global_name"},
	{name: "tried: open without setting", check: iso, as: owner, sql: "alter policy datasets_space on datasets using (" + setting + " is null or space_id = " + setting + ")", rule: "probe-setting", object: "datasets"},
	{name: "tried: an empty setting fails", check: iso, as: owner, sql: "create or replace function seedbed_space_id() returns uuid language sql stable as $$select current_setting('seedbed.space_id', true)::uuid$$", rule: "probe-setting", object: "comments"},
	{name: "tried: an administrator sees others", check: iso, as: owner, sql: "alter policy audit_logs_org_admin on audit_logs using (true)", rule: "probe-across", object: "audit_logs"},
	{name: "tried: an administrator names a space", check: iso, as: owner, sql: "alter policy alerts_space on alerts to public", rule: "probe-across", object: "alerts"},
	{name: "tried: an administrator sees nothing", check: iso, as: owner, sql: "alter policy alerts_org_admin on alerts using (organization_id = " + setting + ")", rule: "probe-across", object: "alerts"},
	{name: "tried: its own row is out of reach", check: iso, as: owner, sql: "create policy none on datasets as restrictive for delete using (false)", rule: "probe-control", object: "datasets"},

	// Polymorphic pairs
	{name: "orphan comment", check: whole, as: loader, sql: "delete from datasets where id = " + datA, rule: "pair-orphan", object: "comments.resource_id"},
	{name: "orphan attachment", check: whole, as: loader, sql: "update attachments set resource_id = " + nobody + " where space_id = " + spaceA + " and resource_type = 'comment'", rule: "pair-orphan", object: "attachments.resource_id"},
	{name: "orphan annotation", check: whole, as: loader, sql: "update annotations set resource_id = " + nobody + " where space_id = " + spaceA + " and id = 'a15170a0-0000-4000-8000-000000000000'", rule: "pair-orphan", object: "annotations.resource_id"},
	{name: "type changed", check: whole, as: loader, sql: "update annotations set resource_type = 'dataset' where space_id = " + spaceA + " and resource_type = 'alert'", rule: "pair-orphan", object: "annotations.resource_id"},
	{name: "annotation of another tenant", check: whole, as: loader, sql: "update annotations set resource_id = " + datB + " where space_id = " + spaceA + " and resource_type = 'dataset' and id = 'a13170a0-0000-4000-8000-000000000000'", rule: "pair-wrong-tenant", object: "annotations.resource_id"},
	{name: "unknown type", check: whole, as: owner, sql: `alter table comments drop constraint comments_resource_covered;
		set local role seedbed_seeder; insert into comments (space_id, resource_type, resource_id, author_id, body) select space_id, 'invoice', id, owner_id, 'x' from datasets where id = ` + datA, rule: "pair-unknown-type", object: "comments.resource_type"},
	{name: "half a pair", check: whole, as: owner, sql: `alter table attachments drop constraint attachments_resource_covered, alter resource_id drop not null;
		set local role seedbed_seeder; update attachments set resource_id = null where id::text like 'a1%-0000-4000-8000-000000000000'`, rule: "pair-half-null", object: "attachments.resource_id"},
	{name: "shadow that anybody writes", check: whole, as: owner, sql: `alter table comments alter dataset_id drop expression`, rule: "pair-shadow-generated", object: "comments.dataset_id"},
	{name: "shadow written by hand", check: whole, as: owner, sql: `alter table comments alter dataset_id drop expression; alter table comments no force row level security;
		set local role seedbed_seeder; update comments set dataset_id = 'a1320000-0000-4000-8000-000000000000' where id = ` + noteA, rule: "pair-shadow-disagrees", object: "comments.dataset_id"},
	{name: "shadow without key", check: whole, as: owner, sql: "alter table comments drop constraint comments_space_id_dataset_id_fkey", rule: "pair-shadow-foreign-key", object: "comments.dataset_id"},
	{name: "shadow with a plain key", check: whole, as: owner, sql: "alter table annotations drop constraint annotations_space_id_alert_id_fkey; create unique index alerts_id on alerts (id); alter table annotations add foreign key (alert_id) references alerts (id)", rule: "pair-shadow-foreign-key", object: "annotations.alert_id"},
	{name: "shadow missing", check: whole, as: owner, sql: "alter table comments drop column alert_id", rule: "pair-shadow-missing", object: "comments.resource_id"},
	{name: "not covered", check: whole, as: owner, sql: "alter table attachments drop constraint attachments_resource_covered", rule: "pair-not-covered", object: "attachments.resource_id"},
	{name: "covered too loosely", check: whole, as: owner, sql: "alter table attachments drop constraint attachments_resource_covered, add check (num_nonnulls(dataset_id, quality_check_id, check_run_id, source_system_id, alert_id, comment_id) <= 1)", rule: "pair-not-covered", object: "attachments.resource_id"},

	// Subtypes
	{name: "subtype row missing", check: whole, as: loader, sql: "delete from snowflake_systems where id = " + flakeA, rule: "subtype-missing", object: "source_systems"},
	{name: "subtype row without base", check: whole, as: loader, sql: "delete from source_systems where id = " + flakeA, rule: "subtype-orphan", object: "snowflake_systems"},
	{name: "base of another type", check: whole, as: loader, sql: "update source_systems set type = 'postgres' where id = " + flakeA, rule: "subtype-mismatch", object: "snowflake_systems"},
	{name: "subtype row in another tenant", check: whole, as: loader, sql: "update snowflake_systems set space_id = " + spaceB + " where id = " + flakeA, rule: "subtype-orphan", object: "snowflake_systems"},
	{name: "unknown discriminator", check: whole, as: owner, sql: "alter table source_systems drop constraint source_systems_type; set local role seedbed_seeder; update source_systems set type = 'ftp' where id = " + slackA, rule: "subtype-unknown", object: "source_systems.type"},
	{name: "settings missing", check: whole, as: owner, sql: "alter table source_systems drop constraint source_systems_config_or_subtype, drop constraint source_systems_slack; set local role seedbed_seeder; update source_systems set config = null where id = " + slackA, rule: "config-missing", object: "source_systems.config"},
	{name: "settings no object", check: whole, as: owner, sql: "alter table source_systems drop constraint source_systems_slack; set local role seedbed_seeder; update source_systems set config = '[]' where id = " + slackA, rule: "config-not-object", object: "source_systems.config"},
	{name: "settings of a complex type", check: whole, as: owner, sql: "alter table source_systems drop constraint source_systems_config_or_subtype; set local role seedbed_seeder; update source_systems set config = '{}' where id = " + flakeA, rule: "config-not-expected", object: "source_systems.config"},
	{name: "settings not pinned", check: whole, as: owner, sql: "alter table source_systems drop constraint source_systems_webhook", rule: "config-unchecked", object: "source_systems.config"},
	{name: "settings from before their check", check: whole, as: owner, sql: `alter table source_systems drop constraint source_systems_slack;
		set local role seedbed_seeder; update source_systems set config = '{"chanel": "#data"}' where id = ` + slackA + `; set local role seedbed_owner;
		alter table source_systems add constraint source_systems_slack check (type <> 'slack' or (config ? 'channel')) not valid`, rule: "constraint-broken", object: "source_systems.source_systems_slack"},

	// Constraints, sequences, partitions
	{name: "reference to nothing", check: whole, as: loader, sql: "delete from users where id = 'a1110000-0000-4000-8000-000000000000'", rule: "foreign-key-orphan", object: "space_memberships.space_memberships_user_id_fkey"},
	{name: "reference from a partition to nothing", check: whole, as: loader, sql: "insert into audit_logs (space_id, organization_id, actor_id, action, subject) values (" + spaceB + ", " + orgB + ", " + nobody + ", 'a.b', 'a/a0000000-0000-4000-8000-000000000000')", rule: "foreign-key-orphan", object: "audit_logs.audit_logs_space_id_actor_id_fkey"},
	{name: "foreign key not valid", check: whole, as: owner, sql: "alter table datasets drop constraint datasets_source_system_fkey, add constraint datasets_source_system_fkey foreign key (space_id, source_system_id) references source_systems (space_id, id) not valid", rule: "constraint-not-valid", object: "datasets.datasets_source_system_fkey"},
	{name: "check not valid", check: whole, as: owner, sql: "alter table datasets add constraint tagged check (cardinality(tags) < 100) not valid", rule: "constraint-not-valid", object: "datasets.tagged"},
	{name: "check not valid and broken", check: whole, as: owner, sql: "alter table datasets add constraint described check (description is not null) not valid", rule: "constraint-broken", object: "datasets.described"},
	{name: "domain check broken", check: whole, as: owner, sql: "create domain label as text; alter table check_runs add column label label default 'x'; alter domain label add constraint label_long check (length(value) > 3) not valid", rule: "constraint-broken", object: "check_runs.label"},
	{name: "foreign key triggers off", check: whole, as: super, sql: "alter table comments disable trigger all", rule: "constraint-off", object: "comments.comments_space_id_dataset_id_fkey"},
	{name: "foreign key not enforced", check: whole, as: owner, sql: "alter table datasets drop constraint datasets_source_system_fkey, add constraint datasets_source_system_fkey foreign key (space_id, source_system_id) references source_systems (space_id, id) not enforced", rule: "constraint-off", object: "datasets.datasets_source_system_fkey", since: 18},
	{name: "not null not valid and broken", check: whole, as: owner, sql: "alter table datasets add constraint described not null description not valid", rule: "constraint-broken", object: "datasets.described", since: 18},
	{name: "trigger off", check: whole, as: owner, sql: "create function touch() returns trigger language plpgsql as 'begin return new; end'; create trigger touch before update on datasets for each row execute function touch(); alter table datasets disable trigger touch", rule: "trigger-off", object: "datasets.touch"},
	{name: "deferred constraint pending", check: whole, as: loader, sql: "set local session_replication_role = origin; insert into source_systems (space_id, name, type, secret_ref) values (" + spaceA + ", 'pending', 'postgres', 'vault://x')", rule: "deferred-pending", object: "source_systems.source_systems_has_postgres"},
	{name: "index invalid", check: whole, as: super, sql: "update pg_index set indisvalid = false where indexrelid = 'datasets_owner'::regclass", rule: "index-invalid", object: "datasets.datasets_owner"},
	{name: "sequence behind", check: whole, as: owner, sql: "alter table datasets add column n bigint generated by default as identity; select setval('datasets_n_seq', 1)", rule: "sequence-behind", object: "datasets.n"},
	{name: "shared sequence behind", check: whole, as: owner, sql: "create sequence numbers; alter table datasets add column n bigint default nextval('numbers'); select setval('numbers', 2, false)", rule: "sequence-behind", object: "datasets.n"},
	{name: "sequence exhausted", check: whole, as: owner, sql: "alter table datasets add column n int generated by default as identity; select setval('datasets_n_seq', 2147000000)", rule: "sequence-exhausted", object: "datasets.n"},
	{name: "partition without index", check: whole, as: owner, sql: "create index half on only audit_logs (action)", rule: "partition-broken", object: "audit_logs.half"},
	{name: "row in the wrong partition", check: whole, as: owner, sql: `create function bucket(int) returns int language plpgsql immutable as 'begin return $1 % 2; end';
		create table buckets (n int) partition by list (bucket(n)); create table buckets_0 partition of buckets for values in (0); create table buckets_1 partition of buckets for values in (1);
		insert into buckets values (1), (2), (3); create or replace function bucket(int) returns int language plpgsql immutable as 'begin return ($1 + 1) % 2; end'`, rule: "partition-wrong", object: "buckets_1"},
}
