-- Keys of a type and an id together: the id may be another table's. Beside them, keys that only look so.
create table tenants (id uuid primary key, name text);
create type holder as enum ('runner', 'queue', 'batch');
create table locks (id bigserial primary key, tenant_id uuid not null references tenants, kind holder not null, subject_id text not null, unique (tenant_id, kind, subject_id));
create type part as enum ('input', 'output');
create table app_blobs (tenant_id uuid not null references tenants, id bigint not null, written_at timestamptz not null, type part not null, body jsonb, primary key (tenant_id, written_at, id, type));
create table app_jobs (id bigint not null, written_at timestamptz not null, tenant_id uuid not null references tenants, primary key (id, written_at));
create table app_graphs (id bigint not null, written_at timestamptz not null, tenant_id uuid not null references tenants, primary key (id, written_at));
create type run as enum ('JOB', 'GRAPH');
create table app_runs (tenant_id uuid not null references tenants, id bigint not null, written_at timestamptz not null, kind run not null, primary key (written_at, id));
create table chosen_layouts (id uuid primary key, tenant_id uuid not null references tenants, layout_name text not null, layout_id text not null);
create unique index chosen_layouts_one on chosen_layouts (tenant_id, layout_name);
create table app_graph_data (graph_id bigint not null, graph_written_at timestamptz not null, data jsonb, primary key (graph_id, graph_written_at));
-- An id of this table's own; one that names a table; a copied name.
create table rules (id bigserial, tenant_id uuid not null references tenants, type part not null, primary key (id, type));
create table app_evaluations (tenant_id uuid not null references tenants, job_id bigint not null, kind part not null, score int, primary key (job_id, kind));
create table orders (id uuid primary key, tenant_id uuid not null references tenants, buyer_name text, buyer_id text);
