-- Two levels, aggregates, shadow keys, subtypes: everything at once, named as the reference schema names it.
create table organizations (id uuid primary key, name text not null);
create table spaces (id uuid primary key, organization_id uuid not null references organizations, name text not null, unique (organization_id, id));
create table users (id uuid primary key, email text not null unique);
create table memberships (
  id uuid primary key, organization_id uuid not null references organizations, space_id uuid,
  user_id uuid not null references users, role text not null, foreign key (organization_id, space_id) references spaces (organization_id, id));
create type resource_type as enum ('dataset', 'quality_check');
create table datasets (space_id uuid not null references spaces, id uuid not null, name text not null, primary key (space_id, id));
create table quality_checks (
  space_id uuid not null references spaces, id uuid not null, dataset_id uuid not null, primary key (space_id, id),
  foreign key (space_id, dataset_id) references datasets);
create table comments (
  space_id uuid not null references spaces, id uuid not null, author_id uuid references users, resource_type resource_type not null, resource_id uuid not null,
  parent_id uuid,
  dataset_id uuid generated always as (case when resource_type = 'dataset' then resource_id end) stored,
  quality_check_id uuid generated always as (case when resource_type = 'quality_check' then resource_id end) stored,
  primary key (space_id, id),
  unique (space_id, resource_type, resource_id, id),
  foreign key (space_id, resource_type, resource_id, parent_id) references comments (space_id, resource_type, resource_id, id),
  foreign key (space_id, dataset_id) references datasets on delete cascade,
  foreign key (space_id, quality_check_id) references quality_checks on delete cascade,
  check (num_nonnulls(dataset_id, quality_check_id) = 1));
create table audit_logs (
  organization_id uuid not null, space_id uuid not null, id uuid not null, at timestamptz not null, action text not null,
  primary key (space_id, id, at), foreign key (organization_id, space_id) references spaces (organization_id, id)) partition by range (at);
create index audit_logs_across on audit_logs (organization_id, at desc);
create table audit_logs_old partition of audit_logs for values from (minvalue) to ('2024-01-01');
create table audit_logs_new partition of audit_logs default;
create table source_systems (
  space_id uuid not null references spaces, id uuid not null, name text not null, type text not null, active boolean not null default true,
  config jsonb not null default '{}',
  primary key (space_id, id), unique (space_id, id, type),
  constraint known_type check (type in ('slack', 'email', 'snowflake', 'bigquery')),
  constraint config_fits check (case type when 'slack' then config ? 'channel' when 'email' then config ? 'to' else config = '{}' end is true));
create table snowflake_connections (
  space_id uuid not null, source_system_id uuid not null, type text not null generated always as ('snowflake') stored, account text not null,
  primary key (space_id, source_system_id), foreign key (space_id, source_system_id, type) references source_systems (space_id, id, type));
create table bigquery_connections (
  space_id uuid not null, source_system_id uuid not null, type text not null default 'bigquery' check (type = 'bigquery'), project text not null,
  primary key (space_id, source_system_id), foreign key (space_id, source_system_id, type) references source_systems (space_id, id, type));
create function current_space() returns uuid language sql stable as $$ select nullif(current_setting('seedbed.space_id', true), '')::uuid $$;
do $$ declare t text; begin
  foreach t in array array['datasets', 'quality_checks', 'comments', 'audit_logs', 'source_systems', 'snowflake_connections', 'bigquery_connections'] loop
    execute format('alter table %I enable row level security, force row level security', t);
    execute format('create policy in_space on %I using (space_id = current_space()) with check (space_id = current_space())', t);
  end loop;
end $$;
create policy across on audit_logs for select using (organization_id = (select nullif(current_setting('seedbed.organization_id', true), '')::uuid));
create policy self on spaces using (id = current_space());
