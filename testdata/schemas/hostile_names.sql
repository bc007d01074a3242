-- Names that break whoever pastes them into SQL, HTML or Mermaid.
create table "<script>alert(1)</script>" (id uuid primary key);
create table "tenants" ("Key ""quoted""" text primary key);
create table "a.b" ("tenant id" text not null references tenants, "x' or '1'='1" int primary key, "select" int);
create table "ünïcødé 表 🐘" ("tenant id" text not null references tenants, id int primary key, "from" int references "a.b");
create table "a_name_that_takes_all_of_the_sixty_three_bytes_that_postgres_has" (tenant_id text not null references tenants,
  "another_name_that_takes_all_of_the_sixty_three_bytes_there_are__" int references "ünïcødé 表 🐘");
create table "[end]; graph" ("tenant_id" text not null references tenants, "entity-type" text not null check ("entity-type" in ('a.b', '"]', 'ünïcødé 表 🐘')), "entity-id" int not null);
comment on table "a.b" is E'has <b>markup</b> & "quotes" and \x01 a control character';
