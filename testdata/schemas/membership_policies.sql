-- Policies ask a table of memberships, so no one setting says who the tenant is.
create table teams (id uuid primary key, name text);
create table memberships (team_id uuid not null references teams, user_id uuid not null, primary key (team_id, user_id));
create table documents (id uuid primary key, team_id uuid not null references teams, body text);
create table drawings (id uuid primary key, team_id uuid not null references teams, body text);
alter table documents enable row level security; alter table drawings enable row level security;
create policy of_team on documents using (team_id in (select m.team_id from memberships m where m.user_id = current_setting('app.user_id')::uuid));
create policy of_team on drawings using (exists (select from memberships m where m.team_id = drawings.team_id and m.user_id = current_setting('app.user_id')::uuid));
