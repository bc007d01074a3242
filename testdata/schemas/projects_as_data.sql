-- Projects, customers and accounts beside an organization that every table carries: rows of a tenant, no levels.
create table organizations (id uuid primary key, name text);
create table accounts (id uuid primary key, email text not null unique);
create table account_passwords (id uuid primary key, account_id uuid not null references accounts, hash text not null);
create table users (id uuid primary key, organization_id uuid not null references organizations, account_id uuid references accounts);
create table projects (id uuid primary key, organization_id uuid not null references organizations, name text);
create table customers (id uuid primary key, organization_id uuid not null references organizations, external_id text);
create table paths (id uuid primary key, organization_id uuid not null references organizations, project_id uuid not null references projects);
create table mappings (id uuid primary key, organization_id uuid not null references organizations, project_id uuid not null references projects);
create table invoices (id uuid primary key, organization_id uuid not null references organizations, customer_id uuid not null references customers);
create table fees (id uuid primary key, organization_id uuid not null references organizations, invoice_id uuid references invoices, chargeable_type varchar, chargeable_id uuid);
create table events (id uuid not null, organization_id uuid not null, code text not null, at timestamptz not null) partition by range (at);
create table settings (domain_type varchar(50) not null, domain_id varchar(255) not null, value text);
