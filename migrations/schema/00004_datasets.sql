-- Datasets: the first scoped table, and the pattern of all others.
--
-- The key leads with space_id, so the table distributes by tenant and every
-- reference to it can carry the space. Row-level security is forced: the owner is
-- bound by it too.
--
-- Review
--   locks   SHARE ROW EXCLUSIVE on spaces and space_memberships, for as long as it
--           takes to create an empty table that points at them
--   serves  datasets_space_id_name_key: find by name; datasets_owner: what does this
--           person own, and the foreign key
-- seedbed: serves datasets_owner: select id, name from datasets where space_id = '00000000-0000-0000-0000-000000000000' and owner_id = '00000000-0000-0000-0000-000000000000'

-- +goose Up
set local lock_timeout = '3s';

create table datasets (
    space_id    uuid        not null references spaces (id) on delete cascade,
    id          uuid        not null default gen_random_uuid(),
    name        text        not null,
    description text,
    tags        text[]      not null default '{}',
    row_count   bigint,
    owner_id    uuid,
    created_at  timestamptz not null default now(),
    updated_at  timestamptz not null default now(),
    primary key (space_id, id),
    unique (space_id, name),
    foreign key (space_id, owner_id) references space_memberships (space_id, user_id),
    constraint datasets_name_length check (length(name) between 1 and 200),
    constraint datasets_row_count_sign check (row_count >= 0)
);

create index datasets_owner on datasets (space_id, owner_id);

comment on column datasets.row_count is 'Rows at the last profiling; NULL before the first.';

alter table datasets enable row level security, force row level security;

create policy datasets_space on datasets
    using (space_id = (select seedbed_space_id()))
    with check (space_id = (select seedbed_space_id()));

grant select, insert, update, delete on datasets to seedbed_app, seedbed_seeder;

-- +goose Down
set local lock_timeout = '3s';
drop table datasets;
