-- The tenants: organizations own spaces, and everything critical is scoped to one
-- space.
--
-- Both are registries: small, global, and reference tables where the schema is
-- distributed. The application sees its own space and organization; the owner, who
-- provisions tenants, has a policy that says so: row-level security is forced here as
-- everywhere, nobody is exempt in silence.
--
-- Review
--   locks   new tables only
--   serves  spaces_id_organization_id_key: the composite foreign keys by which an
--           aggregate's organization cannot lie; spaces_organization_id_slug_key: the
--           spaces of an organization, and its foreign key

-- +goose Up
create table organizations (
    id         uuid        primary key default gen_random_uuid(),
    slug       text        not null unique,
    name       text        not null,
    created_at timestamptz not null default now(),
    constraint organizations_slug_form check (slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$' and length(slug) <= 60),
    constraint organizations_name_length check (length(name) between 1 and 200)
);

create table spaces (
    id              uuid        primary key default gen_random_uuid(),
    organization_id uuid        not null references organizations (id) on delete cascade,
    slug            text        not null,
    name            text        not null,
    archived_at     timestamptz,
    created_at      timestamptz not null default now(),
    unique (id, organization_id),
    unique (organization_id, slug),
    constraint spaces_slug_form check (slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$' and length(slug) <= 60),
    constraint spaces_name_length check (length(name) between 1 and 200)
);

comment on table organizations is 'Customers. An organization owns spaces; its administrators read the aggregates of all of them.';
comment on table spaces is 'Tenants. Every scoped table leads its keys with space_id, which points here.';
comment on column spaces.archived_at is 'Set when a space is closed. A space with an audit trail is archived, never deleted.';

alter table organizations enable row level security, force row level security;
alter table spaces enable row level security, force row level security;

create policy organizations_provisioning on organizations to current_user
    using (true) with check (true);
create policy spaces_provisioning on spaces to current_user
    using (true) with check (true);
create policy spaces_own on spaces for select to seedbed_app
    using (id = (select seedbed_space_id()));
create policy spaces_org_admin on spaces for select to seedbed_org_admin
    using (organization_id = (select seedbed_organization_id()));
create policy organizations_own on organizations for select to seedbed_app
    using (id = (select s.organization_id from spaces s where s.id = (select seedbed_space_id())));
create policy organizations_org_admin on organizations for select to seedbed_org_admin
    using (id = (select seedbed_organization_id()));

grant select on organizations, spaces to seedbed_app, seedbed_org_admin;
grant select, insert, update, delete on organizations, spaces to seedbed_seeder;

-- +goose Down
drop policy organizations_own on organizations;
drop table spaces;
drop table organizations;
