-- Tables without a tenant whose rows are a tenant's all the same: settings that each team points at, a hook that may have an installation.
create table organisations (id uuid primary key, settings_id uuid not null);
create table organisation_settings (id uuid primary key, theme text);
alter table organisations add foreign key (settings_id) references organisation_settings;
create unique index on organisations (settings_id);
create table teams (id int primary key, organisation_id uuid not null references organisations, team_settings_id uuid not null unique);
create table team_settings (id uuid primary key, theme text);
alter table teams add foreign key (team_settings_id) references team_settings;
create table envelopes (id uuid primary key, team_id int not null references teams, data_id uuid not null);
create table envelope_data (id uuid primary key, body bytea);
create unique index on envelopes (data_id);
alter table envelopes add foreign key (data_id) references envelope_data;
create table envelope_log (id uuid primary key, envelope_id uuid references envelopes on delete set null, what text not null);
-- Shared: several teams name the same plan, and nobody's row is at the other end of a currency.
create table plans (id int primary key, name text not null);
create table subscriptions (id uuid primary key, organisation_id uuid not null references organisations, plan_id int not null references plans);
create table currencies (code char(3) primary key);
