-- Targets without a row to learn from: by check, by enum, by shadow key, by comment, by lookup table, by nothing.
create table tenants (id uuid primary key);
create table posts (tenant_id uuid not null references tenants, id uuid not null, primary key (tenant_id, id));
create table photos (tenant_id uuid not null references tenants, id uuid not null, primary key (tenant_id, id));
create table by_check (tenant_id uuid not null references tenants, entity_type text not null, entity_id uuid not null,
  check (entity_type = any (array['post', 'photo', 'poll'])));
create type kind as enum ('Post', 'Photo');
create table by_enum (tenant_id uuid not null references tenants, subject_type kind not null, subject_id uuid not null);
create table by_shadow (tenant_id uuid not null references tenants, resource_kind text not null, resource_id uuid not null,
  post_id uuid generated always as (case resource_kind when 'P' then resource_id end) stored,
  photo_id uuid generated always as (case when resource_kind in ('F', 'f') then resource_id end) stored,
  foreign key (tenant_id, post_id) references posts);
create table by_comment (tenant_id uuid not null references tenants, object_type text not null, object_id uuid not null);
comment on column by_comment.object_type is 'What it is about: post, or photo.';
create table content_types (id int primary key, app_label text not null, model text not null);
insert into content_types values (7, 'blog', 'post'), (8, 'blog', 'photo'), (9, 'auth', 'permission');
create table by_lookup (tenant_id uuid not null references tenants, content_type_id int not null references content_types, object_id uuid not null);
create table by_nothing (tenant_id uuid not null references tenants, likeable_type text not null, likeable_id uuid not null);
create table audit (tenant_id uuid not null references tenants, id int primary key, table_name text not null, record_id text not null);
insert into tenants values ('00000000-0000-0000-0000-000000000001');
insert into posts values ('00000000-0000-0000-0000-000000000001', '00000000-0000-0000-0000-00000000000a');
insert into photos values ('00000000-0000-0000-0000-000000000001', '00000000-0000-0000-0000-00000000000b');
insert into audit values ('00000000-0000-0000-0000-000000000001', 1, 'posts', '00000000-0000-0000-0000-00000000000a'), ('00000000-0000-0000-0000-000000000001', 2, 'public.photos', '00000000-0000-0000-0000-00000000000b');
