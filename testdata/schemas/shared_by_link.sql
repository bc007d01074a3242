-- Members of an organization, by policies; whoever has the link sees a session's plans; a service sees everything. Projects are no level.
create schema auth;
create table auth.users (id uuid primary key);
create function auth.uid() returns uuid language sql stable as $$ select nullif(current_setting('request.jwt.sub', true), '')::uuid $$;
create table organizations (id uuid primary key, name text not null);
create table members (id uuid primary key, organization_id uuid not null references organizations, user_id uuid not null references auth.users, unique (organization_id, user_id));
create table projects (id uuid primary key, organization_id uuid not null references organizations, name text not null);
create table sessions (id uuid primary key, organization_id uuid not null references organizations, project_id uuid references projects, parent_session_id uuid references sessions);
create table share_links (session_id uuid primary key references sessions on delete cascade, created_at timestamptz not null default now());
create table plans (id uuid primary key, organization_id uuid not null references organizations, session_id uuid not null references sessions);
create table checkpoints (id uuid primary key, organization_id uuid not null references organizations, thread_id text not null, type text);
do $$ declare t text; begin
  foreach t in array array['members', 'projects', 'sessions', 'plans', 'checkpoints'] loop
    execute format('alter table %I enable row level security', t);
    execute format('create policy members on %I using (organization_id in (select m.organization_id from members m where m.user_id = auth.uid()))', t);
    execute format('create policy service on %I to current_user using (true) with check (true)', t);
  end loop;
end $$;
alter table organizations enable row level security; alter table share_links enable row level security;
create policy members on organizations using (id in (select m.organization_id from members m where m.user_id = auth.uid()));
create policy by_link on plans for select using (session_id in (select l.session_id from share_links l));
create policy members on share_links using (session_id in (select s.id from sessions s where s.organization_id in (select m.organization_id from members m where m.user_id = auth.uid())));
