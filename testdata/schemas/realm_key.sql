-- A key with a name of its own on every table, NULL in old ones; a nullable organization_id without a table beside it.
create table realms (id uuid primary key, made_at timestamptz not null default now());
create table subjects (id uuid primary key, zid uuid not null references realms on delete cascade, traits jsonb, organization_id uuid);
create table credentials (id uuid primary key, zid uuid references realms on delete cascade, subject_id uuid not null references subjects on delete cascade, secret text);
create table addresses (id uuid primary key, zid uuid references realms on delete cascade, subject_id uuid not null references subjects on delete cascade, value text not null);
create table flows (id uuid primary key, zid uuid not null references realms on delete cascade, organization_id uuid, state text not null);
create table codes (id uuid primary key, zid uuid not null references realms on delete cascade, flow_id uuid not null references flows on delete cascade, address_id uuid references addresses);
create table tokens (id uuid primary key, zid uuid not null references realms on delete cascade, subject_id uuid references subjects, organization_id uuid);
create table credential_types (id int primary key, name text not null unique);
