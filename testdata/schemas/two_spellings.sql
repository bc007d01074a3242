-- tenantId in the old half, tenant_id in the new one; few of either are foreign keys, and new tables are partitioned.
create table "Tenant" (id uuid primary key, name text not null);
create table "Job" (id uuid primary key, "tenantId" uuid not null references "Tenant", kind text not null);
create table "JobRun" (id uuid primary key, "tenantId" uuid not null, "jobId" uuid not null);
create table "_JobToWorker" ("A" uuid not null references "Job", "B" uuid not null);
create unique index on "_JobToWorker" ("A", "B");
create type actor as enum ('USER', 'INTERNAL');
create table "User" (id uuid primary key, email text not null);
create table v1_task (id bigint not null, tenant_id uuid not null, at timestamptz not null, primary key (id, at)) partition by range (at);
create table v1_wait (id bigint primary key, tenant_id uuid not null, event_type actor not null, event_key text not null);
create table v1_step_config (step_id uuid primary key, size int not null);
