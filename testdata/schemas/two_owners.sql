-- Rows that two tenants share: a transfer between accounts, an invitation from one to another. Which is a row's is a doubt, not a guess.
create table workspaces (id uuid primary key, name text not null);
create table documents (id uuid primary key, workspace_id uuid not null references workspaces, title text);
create table folders (id uuid primary key, workspace_id uuid not null references workspaces);
create table grants (id uuid primary key, workspace_id uuid not null references workspaces, guest_workspace_id uuid not null references workspaces, document_id uuid not null references documents);
create table transfers (id uuid primary key, from_workspace_id uuid not null references workspaces, to_workspace_id uuid not null references workspaces, document_id uuid not null references documents);
