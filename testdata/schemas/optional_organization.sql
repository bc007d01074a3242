-- An organization that most rows may do without, and one that a single table requires: the key that all tables require, in their own keys, is the tenant.
create table organizations (id uuid primary key, name text);
create table staff_accounts (id uuid primary key, organization_id uuid not null references organizations, email text);
create table sites (id int primary key, organization_id uuid references organizations, host text not null);
create table pages (site_id int not null references sites, id int not null, organization_id uuid references organizations, title text, primary key (site_id, id));
create table blocks (site_id int not null references sites, id int not null, organization_id uuid references organizations, body text, primary key (site_id, id));
create table menus (site_id int not null references sites, id int not null, organization_id uuid references organizations, label text, primary key (site_id, id));
create table visits (site_id int not null references sites, id bigint not null, at timestamptz not null, primary key (site_id, id));
