-- The tenants, and who works in them. The owner provisions spaces; the service sees
-- the one that it serves.

-- +goose Up
create table spaces (
    id   uuid primary key default gen_random_uuid(),
    name text not null,
    constraint spaces_name_length check (length(name) between 1 and 200)
);

create table members (
    space_id uuid not null references spaces (id) on delete cascade,
    id       uuid not null default gen_random_uuid(),
    name     text not null,
    email    text not null,
    primary key (space_id, id),
    unique (space_id, email),
    constraint members_name_length check (length(name) between 1 and 200)
);

alter table spaces enable row level security, force row level security;
alter table members enable row level security, force row level security;

create policy spaces_provisioning on spaces to current_user
    using (true) with check (true);
create policy spaces_own on spaces for select to desk_app
    using (id = (select desk_space()));
create policy members_space on members
    using (space_id = (select desk_space()))
    with check (space_id = (select desk_space()));

grant select on spaces to desk_app;
grant select, insert, update, delete on members to desk_app;

-- +goose Down
drop table members;
drop table spaces;
