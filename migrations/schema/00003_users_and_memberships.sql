-- People, and what they may do where.
--
-- A user is global: one login, however many organizations. What a space sees of a
-- person is the membership, and scoped tables refer to people through it, by
-- (space_id, user_id): nobody can be named as author in a space they are not in, and
-- the existence of a user elsewhere cannot be probed. Who leaves keeps the row, with
-- left_at set, for what they wrote stays theirs.
--
-- The application may only read here. Were it allowed to add members, it could add
-- anybody's user to its own space and read the address.
--
-- Review
--   locks   SHARE ROW EXCLUSIVE on organizations and spaces, for as long as it takes
--           to create empty tables that point at them; writes to them wait that long
--   serves  users_email_key: login, and one user per address, whatever its case;
--           organization_memberships_user_id: the organizations of a user, and the
--           foreign key; space_memberships_user_id: the foreign key, which looks across
--           spaces when a user is deleted
-- seedbed: serves organization_memberships_user_id: select organization_id, role from organization_memberships where user_id = '00000000-0000-0000-0000-000000000000'
-- seedbed: serves users_email_key: select id from users where lower(email) = 'somebody@example.org'

-- +goose Up
set local lock_timeout = '3s';

create table users (
    id         uuid        primary key default gen_random_uuid(),
    email      text        not null,
    name       text        not null,
    created_at timestamptz not null default now(),
    constraint users_email_form check (email ~ '^[^@[:space:]]+@[^@[:space:]]+$' and length(email) <= 320),
    constraint users_name_length check (length(name) between 1 and 200)
);

create unique index users_email_key on users (lower(email));

create table organization_memberships (
    organization_id uuid        not null references organizations (id) on delete cascade,
    user_id         uuid        not null references users (id) on delete cascade,
    role            text        not null default 'member',
    created_at      timestamptz not null default now(),
    primary key (organization_id, user_id),
    constraint organization_memberships_role check (role in ('owner', 'admin', 'member'))
);

create index organization_memberships_user_id on organization_memberships (user_id);

create table space_memberships (
    space_id  uuid        not null references spaces (id) on delete cascade,
    user_id   uuid        not null references users (id),
    role      text        not null default 'viewer',
    joined_at timestamptz not null default now(),
    left_at   timestamptz,
    primary key (space_id, user_id),
    constraint space_memberships_role check (role in ('admin', 'editor', 'viewer')),
    constraint space_memberships_order check (left_at >= joined_at)
);

create index space_memberships_user_id on space_memberships (user_id);

comment on table users is 'People, across all organizations.';
comment on table organization_memberships is 'Organization-level roles; admin and owner read the aggregates.';
comment on table space_memberships is 'Space-level roles. Scoped rows name people by (space_id, user_id), so only who is or was a member can be named.';

alter table users enable row level security, force row level security;
alter table organization_memberships enable row level security, force row level security;
alter table space_memberships enable row level security, force row level security;

create policy space_memberships_space on space_memberships
    using (space_id = (select seedbed_space_id()))
    with check (space_id = (select seedbed_space_id()));
create policy users_provisioning on users to current_user
    using (true) with check (true);
create policy organization_memberships_provisioning on organization_memberships to current_user
    using (true) with check (true);
create policy users_fellow_members on users for select to seedbed_app
    using (exists (select from space_memberships m where m.space_id = (select seedbed_space_id()) and m.user_id = users.id));
create policy organization_memberships_org_admin on organization_memberships for select to seedbed_org_admin
    using (organization_id = (select seedbed_organization_id()));

grant select on users, space_memberships to seedbed_app;
grant select on organization_memberships to seedbed_org_admin;
grant select, insert, update, delete on users, organization_memberships, space_memberships to seedbed_seeder;

-- +goose Down
set local lock_timeout = '3s';
drop policy users_fellow_members on users;
drop table space_memberships;
drop table organization_memberships;
drop table users;
