-- Rows belong to a user, and policies ask a function who that is.
create schema auth;
create table auth.users (id uuid primary key, email text);
create function auth.uid() returns uuid language sql stable as $$ select nullif(current_setting('request.jwt.claim.sub', true), '')::uuid $$;
create table todos (id bigint generated always as identity primary key, user_id uuid not null references auth.users, task text);
create table lists (id bigint generated always as identity primary key, user_id uuid not null references auth.users, name text);
alter table todos enable row level security; alter table lists enable row level security;
create policy own on todos using ((select auth.uid()) = user_id);
create policy own on lists using (auth.uid() = user_id);
