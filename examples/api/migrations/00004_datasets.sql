-- What a space watches over. sample is a piece of it as it came, in whatever
-- encoding: binary, so it never leaves as text.

-- +goose Up
set local lock_timeout = '3s';

create table datasets (
    space_id    uuid not null references spaces (id) on delete cascade,
    id          uuid not null default gen_random_uuid(),
    provider_id uuid not null,
    name        text not null,
    sample      bytea,
    primary key (space_id, id),
    unique (space_id, name),
    foreign key (space_id, provider_id) references providers (space_id, id) on delete cascade,
    constraint datasets_name_length check (length(name) between 1 and 200)
);

create index datasets_provider on datasets (space_id, provider_id);

alter table datasets enable row level security, force row level security;

create policy datasets_space on datasets
    using (space_id = (select desk_space()))
    with check (space_id = (select desk_space()));

grant select, insert, update, delete on datasets to desk_app;

-- +goose Down
set local lock_timeout = '3s';
drop table datasets;
