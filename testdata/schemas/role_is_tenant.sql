-- The key of a tenant is the name of its database role. Beside it: a table whose rows say which role wrote them.
create table accounts (name text primary key, plan text);
create table sites (id uuid primary key, account text not null references accounts, host text, written_by text not null default current_user);
create table visits (id uuid primary key, account text not null references accounts, site_id uuid not null references sites, at timestamptz);
create table releases (id uuid primary key, written_by text not null default current_user, notes text);
alter table sites enable row level security; alter table visits enable row level security; alter table releases enable row level security;
create policy own on sites using (account = session_user);
create policy own on visits using (account = session_user);
create policy author on releases for update using (written_by = session_user);
create policy all_read on releases for select using (true);
