-- The tenant is a text without a table, in three tables; what hangs below an application has it through that one.
create table application (id varchar primary key, org_id varchar not null, uid varchar, name varchar not null, unique (org_id, uid));
create table endpoint (id varchar primary key, app_id varchar not null references application, url varchar not null);
create table eventtype (id varchar primary key, org_id varchar not null, name varchar not null, unique (org_id, name));
create table message (id varchar primary key, org_id varchar not null, app_id varchar not null references application, event_type varchar not null);
create table destination (id varchar primary key, msg_id varchar not null references message, endp_id varchar not null references endpoint);
-- Keys without foreign keys: what they belong to is not said.
create table attempt (id varchar primary key, msg_id varchar not null, endp_id varchar not null, status smallint not null);
