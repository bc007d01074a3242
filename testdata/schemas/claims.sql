-- The tenant is a claim in the session's token, two steps down.
create schema auth;
create function auth.jwt() returns jsonb language sql stable as $$ select nullif(current_setting('request.jwt.claims', true), '')::jsonb $$;
create table companies (id uuid primary key, name text not null);
create table contracts (id uuid primary key, company_id uuid not null references companies, title text);
create table clauses (id uuid primary key, contract_id uuid not null references contracts on delete cascade, body text);
create table holidays (day date primary key);
alter table companies enable row level security; alter table contracts enable row level security;
create policy own on companies using (id = (auth.jwt() -> 'app_metadata' ->> 'company')::uuid);
create policy own on contracts using (company_id = (auth.jwt() -> 'app_metadata' ->> 'company')::uuid);
