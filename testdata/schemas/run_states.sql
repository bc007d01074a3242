-- A tenant under two spellings, half of its tables without a key; kinds beside keys, spans and leases that are no pairs.
create table "Tenant" (id uuid primary key, name text not null);
create table "Worker" (id uuid primary key, "tenantId" uuid not null, type text not null);
create table "Flow" (id uuid primary key, "tenantId" uuid not null references "Tenant", name text not null);
create table "Step" (id uuid primary key, "tenantId" uuid not null, "flowId" uuid not null references "Flow");
create type lease_kind as enum ('WORKER', 'QUEUE', 'BATCH');
create table "Lease" (id bigserial primary key, "tenantId" uuid not null, kind lease_kind not null, "resourceId" text not null, unique ("tenantId", kind, "resourceId"));
create type run_kind as enum ('TASK', 'GRAPH');
create table v1_run (tenant_id uuid not null, inserted_at timestamptz not null, id bigint not null, kind run_kind not null, external_id uuid not null,
  primary key (inserted_at, id, kind)) partition by range (inserted_at);
create table v1_run_2024 partition of v1_run for values from ('2024-01-01') to ('2025-01-01');
create type payload_kind as enum ('TASK_INPUT', 'TASK_OUTPUT');
create table v1_payload (tenant_id uuid not null, id bigint not null, type payload_kind not null, content jsonb, primary key (tenant_id, id, type));
create table v1_span (tenant_id uuid not null, trace_id bytea not null, span_id bytea not null, span_kind text not null check (span_kind in ('SERVER', 'CLIENT')), primary key (tenant_id, trace_id, span_id));
create table v1_condition (tenant_id uuid not null, id bigint generated always as identity, event_type text not null, event_key text, primary key (tenant_id, id));
create table "User" (id uuid primary key, email text not null);
create table "TenantMember" (id uuid primary key, "tenantId" uuid not null references "Tenant", "userId" uuid not null references "User");
