-- Rows are a user's; they are in workspaces as well, in as many as the user likes.
create schema auth;
create table auth.users (id uuid primary key);
create function auth.uid() returns uuid language sql stable as $$ select (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid $$;
create table workspaces (id uuid primary key, user_id uuid not null references auth.users, name text);
create table prompts (id uuid primary key, user_id uuid not null references auth.users, body text, shared text not null default 'no');
create table chats (id uuid primary key, user_id uuid not null references auth.users, workspace_id uuid not null references workspaces, title text);
create table folders (id uuid primary key, user_id uuid not null references auth.users, workspace_id uuid not null references workspaces, title text);
create table prompt_workspaces (user_id uuid not null references auth.users, prompt_id uuid not null references prompts, workspace_id uuid not null references workspaces, primary key (prompt_id, workspace_id));
do $$ declare t text; begin
  foreach t in array array['workspaces', 'prompts', 'chats', 'folders', 'prompt_workspaces'] loop
    execute format('alter table %I enable row level security', t);
    execute format('create policy own on %I using (user_id = auth.uid())', t);
  end loop;
end $$;
create policy shared on prompts for select using (shared <> 'no');
