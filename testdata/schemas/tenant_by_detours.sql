-- Tables whose tenant is not where one looks for it, or not there at all.
create table teams (id uuid primary key, name text);
create table engines (team_id uuid not null references teams, engine uuid primary key, title text);
-- A level within teams by nothing but keys: a table of no tenant's name.
create table engine_parts (engine uuid not null references engines, part text, primary key (engine, part));
create table engine_verbs (engine uuid not null references engines, verb text, primary key (engine, verb));
create table engine_runs (engine uuid not null references engines, part text not null, verb text not null, run uuid, primary key (engine, run),
  foreign key (engine, part) references engine_parts (engine, part), foreign key (engine, verb) references engine_verbs (engine, verb));
create table engine_notes (engine uuid not null references engines, run uuid not null, note text, id uuid primary key, foreign key (engine, run) references engine_runs (engine, run));
-- One of two ways to a tenant; and rows without a tenant that are everyone's.
create table alarms (id uuid primary key, team_id uuid references teams, engine uuid references engines, text text, check ((team_id is null) <> (engine is null)));
create table themes (id uuid primary key, team_id uuid references teams, builtin boolean not null, check (builtin = (team_id is null)));
-- Tenants that are gone; and those that are there.
create table burials (team_id uuid primary key, at timestamptz not null default now());
create table visits (team_id uuid primary key, at timestamptz not null default now());
create function bury() returns trigger language plpgsql as $$ begin insert into public.burials (team_id) values (old.id); delete from visits where team_id = old.id; return null; end $$;
create trigger bury after delete on teams for each row execute function bury();
-- A key within the tenant beside a type; and a type with an id of something.
create table blobs (id uuid primary key, team_id uuid not null references teams, picture_type text, picture_id text not null, unique (team_id, picture_id));
create table marks (id uuid primary key, team_id uuid not null references teams, picture_type text, picture_id text not null);
-- A tenant's keys that no column of its own name carries.
create table keys (id uuid primary key, role_engine uuid references engines, role_team uuid references teams, hash text);
create table team_settings (id uuid primary key, mail_id uuid references marks, color text);
alter table teams add settings_id uuid not null unique references team_settings;
create table grants (id uuid primary key, realm_type text not null, realm_id text not null, verb text, unique (realm_type, realm_id, verb));
-- Inherited rows, and one table for several classes.
create table hooks (id uuid primary key, team_id uuid not null references teams, kind text);
create table http_hooks (url text not null, primary key (id)) inherits (hooks);
create table posts (id uuid primary key, team_id uuid not null references teams, type text, title text);
create table mails (id uuid primary key, team_id uuid not null references teams, type text, title text);
insert into team_settings values ('00000000-0000-0000-0000-000000000001');
insert into teams values ('00000000-0000-0000-0000-000000000001', 'one', '00000000-0000-0000-0000-000000000001');
insert into posts select gen_random_uuid(), id, type, '' from teams, unnest(array['Offer', 'WantedItem']) type;
insert into mails select gen_random_uuid(), id, type, '' from teams, unnest(array['plain', 'Rich']) type;
