-- Source systems: where a space's datasets come from. All have a name and a type; a
-- webhook keeps its settings in config, a warehouse in a table of its own, tied
-- by (space_id, id, type) so that neither type nor space can lie. The shadow
-- warehouse_id makes the base row require its half, by the end of the transaction.

-- +goose Up
set local lock_timeout = '3s';

create table providers (
    space_id     uuid    not null references spaces (id) on delete cascade,
    id           uuid    not null default gen_random_uuid(),
    name         text    not null,
    type         text    not null,
    active       boolean not null default true,
    config       jsonb,
    warehouse_id uuid    generated always as (case when type = 'warehouse' then id end) stored,
    primary key (space_id, id),
    unique (space_id, id, type),
    unique (space_id, name),
    constraint providers_name_length check (length(name) between 1 and 200),
    constraint providers_type check (type in ('webhook', 'warehouse')),
    constraint providers_config check (case type
        when 'webhook' then case when jsonb_typeof(config) = 'object' then
            config - '{url,title}'::text[] = '{}'
            and config ->> 'url' ~ '^https://[^/?#@[:space:]]+(/[^?#@[:space:]]*)?$' end
        when 'warehouse' then config is null
        end is true)
);

create table warehouse_providers (
    space_id uuid not null references spaces (id) on delete cascade,
    id       uuid not null,
    type     text not null generated always as ('warehouse') stored,
    account  text not null,
    database text not null,
    primary key (space_id, id),
    foreign key (space_id, id, type) references providers (space_id, id, type) on delete cascade
);

alter table providers add constraint providers_has_warehouse
    foreign key (space_id, warehouse_id) references warehouse_providers (space_id, id)
    deferrable initially deferred;
create index providers_warehouse on providers (space_id, warehouse_id) where warehouse_id is not null;

alter table providers enable row level security, force row level security;
alter table warehouse_providers enable row level security, force row level security;

create policy providers_space on providers
    using (space_id = (select desk_space()))
    with check (space_id = (select desk_space()));
create policy warehouse_providers_space on warehouse_providers
    using (space_id = (select desk_space()))
    with check (space_id = (select desk_space()));

grant select, insert, update, delete on providers, warehouse_providers to desk_app;

-- +goose Down
set local lock_timeout = '3s';
alter table providers drop constraint providers_has_warehouse;
drop table warehouse_providers;
drop table providers;
