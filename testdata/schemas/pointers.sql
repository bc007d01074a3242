-- Global tables that point into tenants without belonging to one; two ways to one tenant; a bare tenant column.
create table organizations (id uuid primary key);
create table users (id uuid primary key, email text, default_organization_id uuid references organizations);
create table memberships (organization_id uuid not null references organizations, user_id uuid not null references users, primary key (organization_id, user_id));
create table files (id uuid primary key, organization_id uuid not null references organizations, uploader_id uuid references users);
create table shares (file_id uuid not null references files, organization_id uuid not null references organizations, target_organization_id uuid not null references organizations);
create table transfers (id uuid primary key, from_organization_id uuid not null references organizations, to_organization_id uuid not null references organizations);
create table user_settings (user_id uuid primary key references users, last_file_id uuid references files);
create table sessions (id uuid primary key, user_id uuid not null references users);
create table folders (id uuid primary key, organization_id uuid not null references organizations, cover_id uuid references files);
