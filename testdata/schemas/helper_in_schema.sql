-- Memberships asked for by a helper in another schema, which compares to true; policies of the owner beside them.
create schema auth; create schema app;
create table auth.users (id uuid primary key);
create function auth.uid() returns uuid language sql stable as $$ select coalesce(nullif(current_setting('jwt.sub', true), ''), (nullif(current_setting('jwt.claims', true), '')::jsonb ->> 'sub'))::uuid $$;
create table app.accounts (id uuid primary key, founder uuid not null references auth.users, name text);
create table app.account_members (account_id uuid not null references app.accounts, user_id uuid not null references auth.users, role text not null, primary key (account_id, user_id));
create table app.invoices (id uuid primary key, account_id uuid not null references app.accounts, total numeric);
create function app.has_role(account_id uuid, wanted text default null) returns boolean language sql stable security definer as
  $$ select exists (select 1 from app.account_members am where am.user_id = auth.uid() and am.account_id = has_role.account_id and (am.role = wanted or wanted is null)) $$;
alter table app.accounts enable row level security; alter table app.account_members enable row level security; alter table app.invoices enable row level security;
create policy seen on app.accounts using (app.has_role(id) = true);
create policy founder on app.accounts using (founder = auth.uid());
create policy mine on app.account_members using (user_id = auth.uid());
create policy seen on app.invoices using (app.has_role(account_id, 'billing') = true);
