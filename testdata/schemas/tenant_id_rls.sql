-- The textbook: tenant_id on every table, composite keys, policies that read a setting.
create table tenants (id uuid primary key default gen_random_uuid(), name text not null unique);
create table users (
  tenant_id uuid not null references tenants, id uuid not null default gen_random_uuid(), email text not null,
  primary key (tenant_id, id), unique (tenant_id, email));
create table projects (
  tenant_id uuid not null references tenants, id uuid not null default gen_random_uuid(), owner_id uuid not null, name text not null,
  primary key (tenant_id, id), foreign key (tenant_id, owner_id) references users);
create table tasks (
  tenant_id uuid not null, id uuid not null default gen_random_uuid(), project_id uuid not null, parent_id uuid, title text not null,
  primary key (tenant_id, id),
  foreign key (tenant_id, project_id) references projects,
  foreign key (tenant_id, parent_id) references tasks);
create table currencies (code char(3) primary key, name text not null);
do $$ declare t text; begin
  foreach t in array array['users', 'projects', 'tasks'] loop
    execute format('alter table %I enable row level security, force row level security', t);
    execute format($p$create policy mine on %I using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)$p$, t);
  end loop;
end $$;
