-- Attachments: binary content and what is known about it, on any resource or comment.
--
-- Size and digest are computed by Postgres, so they are those of the content.
--
-- Review
--   locks   SHARE ROW EXCLUSIVE on the tables pointed at, for as long as it takes to
--           create an empty table
--   serves  attachments_resource: the attachments of a resource; attachments_author: the
--           foreign key; one index per shadow: as in 00016
-- seedbed: serves attachments_resource: select id, filename from attachments where space_id = '00000000-0000-0000-0000-000000000000' and resource_type = 'comment' and resource_id = '00000000-0000-0000-0000-000000000000'

-- +goose Up
set local lock_timeout = '3s';

create table attachments (
    space_id         uuid        not null references spaces (id) on delete cascade,
    id               uuid        not null default gen_random_uuid(),
    resource_type    text        not null,
    resource_id      uuid        not null,
    filename         text        not null,
    content_type     text        not null default 'application/octet-stream',
    content          bytea       not null,
    byte_size        integer     not null generated always as (octet_length(content)) stored,
    sha256           bytea       not null generated always as (sha256(content)) stored,
    metadata         jsonb       not null default '{}',
    uploaded_by      uuid        not null,
    created_at       timestamptz not null default now(),
    dataset_id       uuid generated always as (case when resource_type = 'dataset' then resource_id end) stored,
    quality_check_id uuid generated always as (case when resource_type = 'quality_check' then resource_id end) stored,
    check_run_id     uuid generated always as (case when resource_type = 'check_run' then resource_id end) stored,
    source_system_id uuid generated always as (case when resource_type = 'source_system' then resource_id end) stored,
    alert_id         uuid generated always as (case when resource_type = 'alert' then resource_id end) stored,
    comment_id       uuid generated always as (case when resource_type = 'comment' then resource_id end) stored,
    primary key (space_id, id),
    foreign key (space_id, uploaded_by) references space_memberships (space_id, user_id),
    foreign key (space_id, dataset_id) references datasets (space_id, id) on delete cascade,
    foreign key (space_id, quality_check_id) references quality_checks (space_id, id) on delete cascade,
    foreign key (space_id, check_run_id) references check_runs (space_id, id) on delete cascade,
    foreign key (space_id, source_system_id) references source_systems (space_id, id) on delete cascade,
    foreign key (space_id, alert_id) references alerts (space_id, id) on delete cascade,
    foreign key (space_id, comment_id) references comments (space_id, id) on delete cascade,
    constraint attachments_resource_covered check
        (num_nonnulls(dataset_id, quality_check_id, check_run_id, source_system_id, alert_id, comment_id) = 1),
    constraint attachments_filename_length check (length(filename) between 1 and 255),
    constraint attachments_content_type_form check (content_type ~ '^[a-z0-9.+-]+/[a-z0-9.+-]+$'),
    constraint attachments_content_size check (octet_length(content) <= 10485760),
    constraint attachments_metadata_is_object check (jsonb_typeof(metadata) = 'object')
);

create index attachments_resource on attachments (space_id, resource_type, resource_id);
create index attachments_author on attachments (space_id, uploaded_by);
create index attachments_dataset on attachments (space_id, dataset_id) where dataset_id is not null;
create index attachments_quality_check on attachments (space_id, quality_check_id) where quality_check_id is not null;
create index attachments_check_run on attachments (space_id, check_run_id) where check_run_id is not null;
create index attachments_source_system on attachments (space_id, source_system_id) where source_system_id is not null;
create index attachments_alert on attachments (space_id, alert_id) where alert_id is not null;
create index attachments_comment on attachments (space_id, comment_id) where comment_id is not null;

comment on table attachments is 'Polymorphic: files on a dataset, quality check, check run, source system, alert or comment of the same space.';
comment on column attachments.content is 'Raw bytes, 10 MiB at most: to be sanitized before they leave in a response.';
comment on column attachments.content_type is 'MIME type as claimed by the uploader; no part of a polymorphic pair.';

alter table attachments enable row level security, force row level security;

create policy attachments_space on attachments
    using (space_id = (select seedbed_space_id()))
    with check (space_id = (select seedbed_space_id()));

grant select, insert, update, delete on attachments to seedbed_app, seedbed_seeder;

-- +goose Down
set local lock_timeout = '3s';
drop table attachments;
