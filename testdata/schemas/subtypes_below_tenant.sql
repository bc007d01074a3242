-- Subtypes below a tenant: each shares the key of its event, and has the tenant through that.
create table orgs (id uuid primary key, name text);
create table events (id uuid primary key, org_id uuid not null references orgs, kind text not null check (kind in ('login','purchase','refund','visit')));
create table login_events (id uuid primary key references events, ip inet);
create table purchase_events (id uuid primary key references events, total int);
create table refund_events (id uuid primary key references events, total int);
create table visit_events (id uuid primary key references events, url text);
create table customers (id uuid primary key, org_id uuid not null references orgs);
create table comments (id uuid primary key, customer_id uuid not null references customers, body text);
create table prices (id uuid primary key, amount int);
