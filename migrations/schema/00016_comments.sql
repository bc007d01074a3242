-- Comments, the first polymorphic table: resource_type and resource_id point at any
-- resource of the space.
--
-- Each covered type has a shadow: a stored column that carries the id for that type
-- only, and a real foreign key on it. The CHECK closes what is not covered: a
-- type without shadow has no place to be checked, and would be a silent orphan.
-- A reply is bound to its parent's resource, so that a thread cannot wander off.
--
-- Review
--   locks   SHARE ROW EXCLUSIVE on spaces, space_memberships, datasets, quality_checks,
--           check_runs, source_systems and alerts, for as long as it takes to create an
--           empty table that points at them
--   serves  comments_resource_key: the comments of a resource, and the target of
--           replies; comments_parent: the replies of a comment; comments_author: what
--           somebody wrote; one index per shadow: the cascade of that resource's
--           deletion, 0.05 ms instead of a scan of the space. Partial, as each row fills
--           exactly one of them; equality implies IS NOT NULL, so the planner may use them.
-- seedbed: serves comments_resource_key: select id, body from comments where space_id = '00000000-0000-0000-0000-000000000000' and resource_type = 'dataset' and resource_id = '00000000-0000-0000-0000-000000000000'
-- seedbed: serves comments_dataset: delete from comments where space_id = '00000000-0000-0000-0000-000000000000' and dataset_id = '00000000-0000-0000-0000-000000000000'

-- +goose Up
set local lock_timeout = '3s';

create table comments (
    space_id         uuid        not null references spaces (id) on delete cascade,
    id               uuid        not null default gen_random_uuid(),
    resource_type    text        not null,
    resource_id      uuid        not null,
    parent_id        uuid,
    author_id        uuid        not null,
    body             text        not null,
    created_at       timestamptz not null default now(),
    edited_at        timestamptz,
    dataset_id       uuid generated always as (case when resource_type = 'dataset' then resource_id end) stored,
    quality_check_id uuid generated always as (case when resource_type = 'quality_check' then resource_id end) stored,
    check_run_id     uuid generated always as (case when resource_type = 'check_run' then resource_id end) stored,
    source_system_id uuid generated always as (case when resource_type = 'source_system' then resource_id end) stored,
    alert_id         uuid generated always as (case when resource_type = 'alert' then resource_id end) stored,
    primary key (space_id, id),
    constraint comments_resource_key unique (space_id, resource_type, resource_id, id),
    constraint comments_parent_fkey foreign key (space_id, resource_type, resource_id, parent_id)
        references comments (space_id, resource_type, resource_id, id) on delete cascade,
    foreign key (space_id, author_id) references space_memberships (space_id, user_id),
    foreign key (space_id, dataset_id) references datasets (space_id, id) on delete cascade,
    foreign key (space_id, quality_check_id) references quality_checks (space_id, id) on delete cascade,
    foreign key (space_id, check_run_id) references check_runs (space_id, id) on delete cascade,
    foreign key (space_id, source_system_id) references source_systems (space_id, id) on delete cascade,
    foreign key (space_id, alert_id) references alerts (space_id, id) on delete cascade,
    constraint comments_resource_covered check
        (num_nonnulls(dataset_id, quality_check_id, check_run_id, source_system_id, alert_id) = 1),
    constraint comments_not_own_parent check (parent_id <> id),
    constraint comments_body_length check (length(body) between 1 and 20000)
);

create index comments_parent on comments (space_id, parent_id, resource_type, resource_id) where parent_id is not null;
create index comments_author on comments (space_id, author_id);
create index comments_dataset on comments (space_id, dataset_id) where dataset_id is not null;
create index comments_quality_check on comments (space_id, quality_check_id) where quality_check_id is not null;
create index comments_check_run on comments (space_id, check_run_id) where check_run_id is not null;
create index comments_source_system on comments (space_id, source_system_id) where source_system_id is not null;
create index comments_alert on comments (space_id, alert_id) where alert_id is not null;

comment on table comments is 'Polymorphic: resource_type and resource_id point at a dataset, quality check, check run, source system or alert of the same space.';
comment on column comments.parent_id is 'The comment this one replies to, on the same resource; NULL starts a thread.';
comment on column comments.dataset_id is 'Shadow of resource_id for datasets, there for its foreign key; written by Postgres only.';

alter table comments enable row level security, force row level security;

create policy comments_space on comments
    using (space_id = (select seedbed_space_id()))
    with check (space_id = (select seedbed_space_id()));

grant select, insert, update, delete on comments to seedbed_app, seedbed_seeder;

-- +goose Down
set local lock_timeout = '3s';
drop table comments;
