-- Annotations: named values on any resource or comment, one of each name.
--
-- Review
--   locks   SHARE ROW EXCLUSIVE on the tables pointed at, for as long as it takes to
--           create an empty table
--   serves  annotations_resource_key: the annotations of a resource;
--           annotations_author: the foreign key; one index per shadow: as in 00016
-- seedbed: serves annotations_resource_key: select name, value from annotations where space_id = '00000000-0000-0000-0000-000000000000' and resource_type = 'alert' and resource_id = '00000000-0000-0000-0000-000000000000'

-- +goose Up
set local lock_timeout = '3s';

create table annotations (
    space_id         uuid        not null references spaces (id) on delete cascade,
    id               uuid        not null default gen_random_uuid(),
    resource_type    text        not null,
    resource_id      uuid        not null,
    name             text        not null,
    value            jsonb       not null default 'null',
    annotated_by     uuid        not null,
    created_at       timestamptz not null default now(),
    dataset_id       uuid generated always as (case when resource_type = 'dataset' then resource_id end) stored,
    quality_check_id uuid generated always as (case when resource_type = 'quality_check' then resource_id end) stored,
    check_run_id     uuid generated always as (case when resource_type = 'check_run' then resource_id end) stored,
    source_system_id uuid generated always as (case when resource_type = 'source_system' then resource_id end) stored,
    alert_id         uuid generated always as (case when resource_type = 'alert' then resource_id end) stored,
    comment_id       uuid generated always as (case when resource_type = 'comment' then resource_id end) stored,
    primary key (space_id, id),
    constraint annotations_resource_key unique (space_id, resource_type, resource_id, name),
    foreign key (space_id, annotated_by) references space_memberships (space_id, user_id),
    foreign key (space_id, dataset_id) references datasets (space_id, id) on delete cascade,
    foreign key (space_id, quality_check_id) references quality_checks (space_id, id) on delete cascade,
    foreign key (space_id, check_run_id) references check_runs (space_id, id) on delete cascade,
    foreign key (space_id, source_system_id) references source_systems (space_id, id) on delete cascade,
    foreign key (space_id, alert_id) references alerts (space_id, id) on delete cascade,
    foreign key (space_id, comment_id) references comments (space_id, id) on delete cascade,
    constraint annotations_resource_covered check
        (num_nonnulls(dataset_id, quality_check_id, check_run_id, source_system_id, alert_id, comment_id) = 1),
    constraint annotations_name_form check (name ~ '^[a-z][a-z0-9_.-]{0,99}$')
);

create index annotations_author on annotations (space_id, annotated_by);
create index annotations_dataset on annotations (space_id, dataset_id) where dataset_id is not null;
create index annotations_quality_check on annotations (space_id, quality_check_id) where quality_check_id is not null;
create index annotations_check_run on annotations (space_id, check_run_id) where check_run_id is not null;
create index annotations_source_system on annotations (space_id, source_system_id) where source_system_id is not null;
create index annotations_alert on annotations (space_id, alert_id) where alert_id is not null;
create index annotations_comment on annotations (space_id, comment_id) where comment_id is not null;

comment on table annotations is 'Polymorphic: named values on a dataset, quality check, check run, source system, alert or comment of the same space.';

alter table annotations enable row level security, force row level security;

create policy annotations_space on annotations
    using (space_id = (select seedbed_space_id()))
    with check (space_id = (select seedbed_space_id()));

grant select, insert, update, delete on annotations to seedbed_app, seedbed_seeder;

-- +goose Down
set local lock_timeout = '3s';
drop table annotations;
