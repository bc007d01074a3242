-- Texts that name what another system keeps, in a table whose own rows are numbered: no pair is declared, each is a doubt.
create table tenants (id varchar primary key, name varchar not null);
create table relations (id bigserial primary key, tenant_id varchar not null default 't1',
  entity_type varchar not null, entity_id varchar not null, subject_type varchar not null, subject_id varchar not null);
create table traits (id bigserial primary key, tenant_id varchar not null default 't1', entity_type varchar not null, entity_id varchar not null, value jsonb);
create table rules (name varchar not null, tenant_id varchar not null default 't1', body text not null, primary key (name, tenant_id));
create index on relations (tenant_id, entity_type, entity_id);
