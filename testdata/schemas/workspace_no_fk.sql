-- workspace_id everywhere, without one foreign key, and with no table of workspaces: they live in another service.
create table boards (id uuid primary key, workspace_id uuid not null, name text not null);
create table cards (id uuid primary key, workspace_id uuid not null, board_id uuid not null references boards, title text);
create table labels (id uuid primary key, workspace_id uuid, name text);
create table card_labels (card_id uuid not null references cards, label_id uuid not null references labels, primary key (card_id, label_id));
create index on boards (workspace_id);
