-- A setting holds the key of a login session; its row knows the user, and memberships the clubs of the user.
create schema hidden;
create table users (id uuid primary key, name text);
create table hidden.logins (token uuid primary key, user_id uuid not null references users, seen_at timestamptz);
create table workspaces (id uuid primary key, slug text not null unique);
create table workspace_people (id uuid primary key, workspace_id uuid not null references workspaces, user_id uuid not null references users, is_owner boolean not null, unique (workspace_id, user_id));
create table boards (id uuid primary key, workspace_id uuid not null references workspaces, title text);
create table devices (id uuid primary key, user_id uuid not null references users, model text);
create table emails (id uuid primary key, user_id uuid not null references users, address text);
create function login() returns uuid language sql stable as $$ select nullif(pg_catalog.current_setting('app.login', true), '')::uuid $$;
create function me() returns uuid language sql stable security definer as $$ select user_id from hidden.logins where token = login() $$;
create function my_workspaces() returns setof uuid language sql stable security definer as $$ select workspace_id from workspace_people where user_id = me() $$;
alter table workspaces enable row level security; alter table workspace_people enable row level security; alter table boards enable row level security;
alter table devices enable row level security; alter table emails enable row level security;
create policy members on workspaces using (id in (select my_workspaces()));
create policy members on workspace_people using (workspace_id in (select my_workspaces()));
create policy members on boards using (workspace_id in (select my_workspaces()));
create policy own on devices using (user_id = me());
create policy own on emails using (user_id = me());
