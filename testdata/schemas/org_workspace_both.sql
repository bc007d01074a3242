-- Organization and workspace, and every table carries both: no aggregate, for no index serves reads across.
create table organizations (id bigint primary key, name text not null);
create table workspaces (id bigint primary key, organization_id bigint not null references organizations, name text not null);
create table documents (id bigint primary key, organization_id bigint not null references organizations, workspace_id bigint not null references workspaces, title text);
create table folders (id bigint primary key, organization_id bigint not null references organizations, workspace_id bigint not null references workspaces, parent_id bigint references folders);
create table api_keys (id bigint primary key, organization_id bigint not null references organizations, hash bytea not null);
create table members (organization_id bigint not null references organizations, workspace_id bigint references workspaces, email text not null);
create index on documents (organization_id, workspace_id, title);
