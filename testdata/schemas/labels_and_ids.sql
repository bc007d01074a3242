-- Types in capitals that are called like a table which is something else; the ids of the rows say what is meant.
create table tenants (id uuid primary key);
create table users (id uuid primary key);
create table sessions (id text primary key, user_id uuid not null references users);
create table trace_sessions (id text primary key, tenant_id uuid not null references tenants);
create table prompts (id text primary key, tenant_id uuid not null references tenants);
create type object as enum ('TRACE', 'SESSION', 'PROMPT');
create table remarks (id uuid primary key, tenant_id uuid not null references tenants, object_type object not null, object_id text not null);
create table facts (id uuid primary key, tenant_id uuid not null references tenants, entity_type text not null, entity_id text not null);
create table marks (id uuid primary key, tenant_id uuid not null references tenants, markable_type smallint not null, markable_id uuid not null,
  user_id uuid generated always as (case markable_type when 1 then markable_id end) stored references users);
insert into tenants values ('00000000-0000-0000-0000-000000000001');
insert into trace_sessions select 'tr-' || i, id from tenants, generate_series(1, 3) i;
insert into prompts select 'pr-' || i, id from tenants, generate_series(1, 3) i;
insert into remarks select gen_random_uuid(), id, 'SESSION', 'tr-' || i from tenants, generate_series(1, 2) i;
insert into remarks select gen_random_uuid(), id, 'PROMPT', 'pr-1' from tenants;
insert into remarks select gen_random_uuid(), id, 'TRACE', 'elsewhere' from tenants;
