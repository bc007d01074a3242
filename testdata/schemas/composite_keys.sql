-- Keys of keys: an organization's workspaces are numbered, so their key is composite, and all below it.
create table organizations (id int primary key);
create table workspaces (org_id int not null references organizations, id int not null, name text, primary key (org_id, id));
create table pages (org_id int not null, workspace_id int not null, id int not null, title text, primary key (org_id, workspace_id, id),
  foreign key (org_id, workspace_id) references workspaces);
create table blocks (org_id int not null, workspace_id int not null, page_id int not null, n int not null, body text, primary key (org_id, workspace_id, page_id, n),
  foreign key (org_id, workspace_id, page_id) references pages);
create table invoices (org_id int not null references organizations, id int not null, primary key (org_id, id));
