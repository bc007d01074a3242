-- Every key is a text that the application makes: a pair of texts is a pair, where its name says so.
create table organizations (id text primary key, name text not null);
create table projects (id text primary key, org_id text not null references organizations on delete cascade, home_board_id text);
create table boards (id text primary key, project_id text not null references projects, title text not null);
create table cards (id text primary key, project_id text not null references projects, board_id text not null references boards, plan_ref text not null);
alter table projects add foreign key (home_board_id) references boards;
-- Names alone speak for these; nothing says what they point at.
create table history (id text primary key, project_id text references projects, org_id text not null references organizations, resource_type text not null, resource_id text not null, action text not null);
create table erasures (id text primary key, project_id text not null references projects, object text not null, object_id text not null, is_done boolean not null default false);
create table switches (id text primary key, owner_type text not null, owner_id text not null, enabled boolean not null);
-- The type lists what is kept elsewhere, and what looks like a table in capitals.
create type remark_on as enum ('SPAN', 'BOARD');
create table remarks (id text primary key, project_id text not null references projects, object_type remark_on not null, object_id text not null);
-- No pairs: a step of a plan, a template that is of a kind, a file in a store, an event that is a row.
create table events (id text primary key, project_id text not null references projects, event_type text not null);
create table deliveries (id text primary key, project_id text not null references projects, event_type text not null, event_id text not null references events);
create table step_logs (id text primary key, card_id text not null references cards, step_type text not null, step_id text not null);
