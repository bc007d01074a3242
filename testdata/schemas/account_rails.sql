-- As Rails writes it: account_id, class names in pairs, and a pair that is scoped by what it points at.
create table accounts (id bigserial primary key, name varchar not null);
create table users (id bigserial primary key, account_id bigint not null references accounts, email varchar not null);
create table datasets (id bigserial primary key, account_id bigint not null references accounts, name varchar not null);
create table quality_checks (id bigserial primary key, account_id bigint not null references accounts, dataset_id bigint not null references datasets);
create table comments (id bigserial primary key, commentable_type varchar not null, commentable_id bigint not null, body text);
create table comment_likes (id bigserial primary key, comment_id bigint not null references comments, user_id bigint references users);
create table taggings (id bigserial primary key, account_id bigint not null references accounts, taggable_type varchar, taggable_id bigint, tag varchar not null);
create table active_storage_attachments (id bigserial primary key, name varchar not null, record_type varchar not null, record_id bigint not null, content_type varchar);
create table schema_migrations (version varchar primary key);
create table ar_internal_metadata (key varchar primary key, value varchar);
insert into comments (commentable_type, commentable_id) values ('Dataset', 1), ('Quality::Check', 1);
insert into accounts (name) values ('a');
insert into taggings (account_id, taggable_type, taggable_id, tag) select id, t, 1, 'x' from accounts, unnest(array['Dataset', 'LegacyThing']) t;
