-- Several schemas, one name in two of them, names that need quotes, references across.
create schema core; create schema billing; create schema "Odd.Name";
create table core.tenants (id uuid primary key);
create table core.events (id uuid primary key, tenant_id uuid not null references core.tenants);
create table billing.invoices (id uuid primary key, tenant_id uuid not null references core.tenants);
create table billing.events (id uuid primary key, tenant_id uuid not null references core.tenants, invoice_id uuid not null references billing.invoices);
create table "Odd.Name"."My Table" (id uuid primary key, "Tenant ID" uuid not null references core.tenants);
create table notes (id uuid primary key, tenant_id uuid not null references core.tenants, subject_type text not null
    check (subject_type in ('billing.invoices', 'core.event', 'Invoice', 'event')), subject_id uuid not null);
