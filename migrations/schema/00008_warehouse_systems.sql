-- The complex providers: a table for each, 1-to-1 with its row in source_systems.
--
-- type is a constant, and part of the reference: a row of another type, another space
-- or without base is refused, the key refuses a second one, and once it is there
-- the base row's type is pinned. The way back, that a base row has its subtype row, is
-- the base table's to require, which exists already: the next files.
--
-- Review
--   locks   SHARE ROW EXCLUSIVE on spaces and source_systems, for as long as it takes
--           to create empty tables that point at them
--   serves  the keys (space_id, id): joins with the base, and its cascade (at most one
--           row has them, so type needs no place in the index)

-- +goose Up
set local lock_timeout = '3s';

create table snowflake_systems (
    space_id      uuid not null references spaces (id) on delete cascade,
    id            uuid not null,
    type          text not null generated always as ('snowflake') stored,
    account       text not null,
    warehouse     text not null,
    database_name text not null,
    username      text not null,
    role_name     text,
    primary key (space_id, id),
    foreign key (space_id, id, type) references source_systems (space_id, id, type) on delete cascade,
    constraint snowflake_systems_account_form check (account ~ '^[A-Za-z0-9_.-]{1,100}$')
);

create table bigquery_systems (
    space_id     uuid not null references spaces (id) on delete cascade,
    id           uuid not null,
    type         text not null generated always as ('bigquery') stored,
    project      text not null,
    dataset_name text not null,
    location     text not null default 'EU',
    primary key (space_id, id),
    foreign key (space_id, id, type) references source_systems (space_id, id, type) on delete cascade,
    constraint bigquery_systems_project_form check (project ~ '^[a-z][a-z0-9-]{4,28}[a-z0-9]$')
);

create table databricks_systems (
    space_id      uuid not null references spaces (id) on delete cascade,
    id            uuid not null,
    type          text not null generated always as ('databricks') stored,
    workspace_url text not null,
    http_path     text not null,
    catalog_name  text not null default 'main',
    primary key (space_id, id),
    foreign key (space_id, id, type) references source_systems (space_id, id, type) on delete cascade,
    constraint databricks_systems_url_form check (workspace_url ~ '^https://[^/?#@[:space:]]+$'),
    constraint databricks_systems_path_form check (http_path ~ '^/[^?#[:space:]]*$')
);

create table postgres_systems (
    space_id      uuid    not null references spaces (id) on delete cascade,
    id            uuid    not null,
    type          text    not null generated always as ('postgres') stored,
    host          text    not null,
    port          integer not null default 5432,
    database_name text    not null,
    username      text    not null,
    sslmode       text    not null default 'require',
    primary key (space_id, id),
    foreign key (space_id, id, type) references source_systems (space_id, id, type) on delete cascade,
    constraint postgres_systems_host_form check (host ~ '^[A-Za-z0-9_.:-]{1,253}$'),
    constraint postgres_systems_port_range check (port between 1 and 65535),
    constraint postgres_systems_sslmode check (sslmode in ('require', 'verify-ca', 'verify-full'))
);

comment on table snowflake_systems is 'Subtype of source_systems.';
comment on table bigquery_systems is 'Subtype of source_systems.';
comment on table databricks_systems is 'Subtype of source_systems.';
comment on table postgres_systems is 'Subtype of source_systems.';

alter table snowflake_systems enable row level security, force row level security;
alter table bigquery_systems enable row level security, force row level security;
alter table databricks_systems enable row level security, force row level security;
alter table postgres_systems enable row level security, force row level security;

create policy snowflake_systems_space on snowflake_systems
    using (space_id = (select seedbed_space_id()))
    with check (space_id = (select seedbed_space_id()));
create policy bigquery_systems_space on bigquery_systems
    using (space_id = (select seedbed_space_id()))
    with check (space_id = (select seedbed_space_id()));
create policy databricks_systems_space on databricks_systems
    using (space_id = (select seedbed_space_id()))
    with check (space_id = (select seedbed_space_id()));
create policy postgres_systems_space on postgres_systems
    using (space_id = (select seedbed_space_id()))
    with check (space_id = (select seedbed_space_id()));

grant select, insert, update, delete on snowflake_systems, bigquery_systems, databricks_systems, postgres_systems
    to seedbed_app, seedbed_seeder;

-- +goose Down
set local lock_timeout = '3s';
drop table postgres_systems;
drop table databricks_systems;
drop table bigquery_systems;
drop table snowflake_systems;
