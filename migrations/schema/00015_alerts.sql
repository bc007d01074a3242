-- Alerts: the first aggregate. Written within one space, read across the spaces of
-- one organization by its administrators, and by nobody else.
--
-- The row carries its organization, so that an index can lead with it, and a composite
-- foreign key makes that the organization which owns the space. Each role has one
-- policy: policies that apply together are joined by OR, and an index on the organization
-- alone cannot answer that. So the policy on the space names its roles here.
--
-- Review
--   locks   SHARE ROW EXCLUSIVE on spaces, check_runs and source_systems, for as long as
--           it takes to create an empty table that points at them
--   serves  alerts_by_organization: the newest alerts of an organization;
--           alerts_by_space: the same for a space; alerts_organization: the foreign key
--           to spaces (two columns with few values, deduplicated to some bytes a row);
--           alerts_check_run, alerts_source_system: the foreign keys
-- seedbed: serves alerts_by_organization: select id, title from alerts where organization_id = '00000000-0000-0000-0000-000000000000' order by raised_at desc limit 50
-- seedbed: serves alerts_by_space: select id, title from alerts where space_id = '00000000-0000-0000-0000-000000000000' order by raised_at desc limit 50

-- +goose Up
set local lock_timeout = '3s';

create table alerts (
    space_id         uuid        not null,
    id               uuid        not null default gen_random_uuid(),
    organization_id  uuid        not null,
    check_run_id     uuid,
    source_system_id uuid,
    severity         text        not null default 'warning',
    status           text        not null default 'open',
    title            text        not null,
    details          jsonb       not null default '{}',
    raised_at        timestamptz not null default now(),
    resolved_at      timestamptz,
    primary key (space_id, id),
    foreign key (space_id, organization_id) references spaces (id, organization_id) on delete cascade,
    foreign key (space_id, check_run_id) references check_runs (space_id, id) on delete cascade,
    foreign key (space_id, source_system_id) references source_systems (space_id, id),
    constraint alerts_severity check (severity in ('info', 'warning', 'error', 'critical')),
    constraint alerts_status check (status in ('open', 'acknowledged', 'resolved')),
    constraint alerts_resolved check ((status = 'resolved') = (resolved_at is not null)),
    constraint alerts_order check (resolved_at >= raised_at),
    constraint alerts_title_length check (length(title) between 1 and 500),
    constraint alerts_details_is_object check (jsonb_typeof(details) = 'object')
);

create index alerts_by_organization on alerts (organization_id, raised_at desc);
create index alerts_by_space on alerts (space_id, raised_at desc);
create index alerts_organization on alerts (space_id, organization_id);
create index alerts_check_run on alerts (space_id, check_run_id);
create index alerts_source_system on alerts (space_id, source_system_id);

comment on table alerts is 'Aggregate: written per space, read per organization.';
comment on column alerts.organization_id is 'The organization that owns the space; the foreign key sees to it.';
comment on column alerts.source_system_id is 'The provider through which it was sent; NULL for none yet.';

alter table alerts enable row level security, force row level security;

create policy alerts_space on alerts to seedbed_app, current_user
    using (space_id = (select seedbed_space_id()))
    with check (space_id = (select seedbed_space_id()));
create policy alerts_org_admin on alerts for select to seedbed_org_admin
    using (organization_id = (select seedbed_organization_id()));

grant select, insert, update on alerts to seedbed_app;
grant select on alerts to seedbed_org_admin;
grant select, insert, update, delete on alerts to seedbed_seeder;

-- +goose Down
set local lock_timeout = '3s';
drop table alerts;
