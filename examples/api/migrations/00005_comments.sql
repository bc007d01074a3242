-- Comments on anything: resource_type and resource_id point at a dataset or a
-- provider of the same space. Each type has a shadow, a stored column that carries the
-- id for that type only, and on it a real foreign key; the CHECK closes every
-- type that has none.
-- seedbed: serves comments_thread: select id, body from comments where space_id = '00000000-0000-0000-0000-000000000000' and resource_type = 'dataset' and resource_id = '00000000-0000-0000-0000-000000000000' order by created_at, id

-- +goose Up
set local lock_timeout = '3s';

create table comments (
    space_id      uuid        not null references spaces (id) on delete cascade,
    id            uuid        not null default gen_random_uuid(),
    resource_type text        not null,
    resource_id   uuid        not null,
    author_id     uuid        not null,
    body          text        not null,
    created_at    timestamptz not null default now(),
    dataset_id    uuid generated always as (case when resource_type = 'dataset' then resource_id end) stored,
    provider_id   uuid generated always as (case when resource_type = 'provider' then resource_id end) stored,
    primary key (space_id, id),
    foreign key (space_id, author_id) references members (space_id, id),
    foreign key (space_id, dataset_id) references datasets (space_id, id) on delete cascade,
    foreign key (space_id, provider_id) references providers (space_id, id) on delete cascade,
    constraint comments_resource_covered check (num_nonnulls(dataset_id, provider_id) = 1),
    constraint comments_body_length check (length(body) between 1 and 20000)
);

create index comments_thread on comments (space_id, resource_type, resource_id, created_at, id);
create index comments_author on comments (space_id, author_id);
create index comments_dataset on comments (space_id, dataset_id) where dataset_id is not null;
create index comments_provider on comments (space_id, provider_id) where provider_id is not null;

alter table comments enable row level security, force row level security;

create policy comments_space on comments
    using (space_id = (select desk_space()))
    with check (space_id = (select desk_space()));

grant select, insert, update, delete on comments to desk_app;

-- +goose Down
set local lock_timeout = '3s';
drop table comments;
