-- The audit trail: the second aggregate, append-only, partitioned by time.
--
-- Append-only is held three times over: nobody is granted UPDATE, no policy allows it
-- (and row-level security is forced, so the owner changes no row either), and the owner
-- gives up DELETE and TRUNCATE. No trigger: COPY under replication role skips them, and
-- a distributed table may have none. Expiring is dropping a partition.
--
-- A space with a trail cannot be deleted, only archived: no cascade here. What an entry
-- speaks of is text, because the log outlives it.
--
-- Partitions are closed: row-level security without a policy, and no grant, so that
-- nobody reads around the parent's policies. The default partition catches what no
-- other takes; a coming year is made as in 00026 to 00028.
--
-- Review
--   locks   SHARE ROW EXCLUSIVE on spaces and space_memberships, for as long as it takes
--           to create empty tables that point at them
--   serves  audit_logs_by_organization: the newest entries of an organization;
--           audit_logs_pkey: those of a space; audit_logs_actor: what somebody did, and
--           the foreign key; audit_logs_organization: the foreign key to spaces (two
--           columns with few values, deduplicated to some bytes a row)
-- seedbed: serves audit_logs_by_organization: select id, action from audit_logs where organization_id = '00000000-0000-0000-0000-000000000000' order by occurred_at desc limit 50
-- seedbed: serves audit_logs_pkey: select id, action from audit_logs where space_id = '00000000-0000-0000-0000-000000000000' order by occurred_at desc limit 50
-- seedbed: serves audit_logs_actor: select id, action from audit_logs where space_id = '00000000-0000-0000-0000-000000000000' and actor_id = '00000000-0000-0000-0000-000000000000'

-- +goose Up
set local lock_timeout = '3s';

create table audit_logs (
    space_id        uuid        not null,
    occurred_at     timestamptz not null default now(),
    id              uuid        not null default gen_random_uuid(),
    organization_id uuid        not null,
    actor_id        uuid,
    action          text        not null,
    subject         text        not null,
    details         jsonb       not null default '{}',
    primary key (space_id, occurred_at, id),
    foreign key (space_id, organization_id) references spaces (id, organization_id),
    foreign key (space_id, actor_id) references space_memberships (space_id, user_id),
    constraint audit_logs_action_form check (action ~ '^[a-z_]+\.[a-z_]+$'),
    constraint audit_logs_subject_form check (subject ~ '^[a-z_]+/[0-9a-f-]{36}$'),
    constraint audit_logs_details_is_object check (jsonb_typeof(details) = 'object')
) partition by range (occurred_at);

create index audit_logs_by_organization on audit_logs (organization_id, occurred_at desc);
create index audit_logs_actor on audit_logs (space_id, actor_id);
create index audit_logs_organization on audit_logs (space_id, organization_id);

create table audit_logs_2025 partition of audit_logs for values from ('2025-01-01 00:00:00+00') to ('2026-01-01 00:00:00+00');
create table audit_logs_2026 partition of audit_logs for values from ('2026-01-01 00:00:00+00') to ('2027-01-01 00:00:00+00');
create table audit_logs_default partition of audit_logs default;

comment on table audit_logs is 'Aggregate: written per space, read per organization. Append-only, partitioned by year (UTC).';
comment on column audit_logs.actor_id is 'The member who did it; NULL for the system.';
comment on column audit_logs.action is 'noun.verb, such as dataset.create.';
comment on column audit_logs.subject is 'kind/uuid of what it was done to; no reference, for the log outlives it.';

alter table audit_logs enable row level security, force row level security;
alter table audit_logs_2025 enable row level security, force row level security;
alter table audit_logs_2026 enable row level security, force row level security;
alter table audit_logs_default enable row level security, force row level security;

create policy audit_logs_space on audit_logs for select to seedbed_app, current_user
    using (space_id = (select seedbed_space_id()));
create policy audit_logs_append on audit_logs for insert to seedbed_app, current_user
    with check (space_id = (select seedbed_space_id()));
create policy audit_logs_org_admin on audit_logs for select to seedbed_org_admin
    using (organization_id = (select seedbed_organization_id()));

grant select, insert on audit_logs to seedbed_app, seedbed_seeder;
grant select on audit_logs to seedbed_org_admin;
revoke delete, truncate on audit_logs, audit_logs_2025, audit_logs_2026, audit_logs_default from current_user;

-- +goose Down
set local lock_timeout = '3s';
drop table audit_logs;
