-- As Prisma writes it: capitals, camel case, text keys, no policies; "tenantId" on most tables.
create table "Tenant" (id text primary key, slug text not null unique);
create table "User" (id text primary key, "tenantId" text not null references "Tenant" (id), email text not null);
create table "BlogPost" (id text primary key, "tenantId" text not null references "Tenant" (id), "authorId" text not null references "User" (id), title text);
create table "PostTag" ("postId" text not null references "BlogPost" (id) on delete cascade, tag text not null, primary key ("postId", tag));
create table "Reaction" (id text primary key, "tenantId" text not null references "Tenant" (id), "entityType" text not null, "entityId" text not null, emoji text not null);
create table "_prisma_migrations" (id varchar(36) primary key, checksum varchar(64) not null);
insert into "Tenant" values ('t1', 'one');
insert into "Reaction" values ('r1', 't1', 'BlogPost', 'p1', '+1'), ('r2', 't1', 'User', 'u1', '!');
