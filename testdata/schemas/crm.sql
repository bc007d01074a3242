-- tenant_id is the tenant; an account is a customer of a tenant, and only named like one.
create table tenants (id int primary key);
create table accounts (id int primary key, tenant_id int not null references tenants, name text);
create table contacts (id int primary key, tenant_id int not null references tenants, account_id int not null references accounts);
create table deals (id int primary key, tenant_id int not null references tenants, account_id int references accounts, stage text);
create table calls (id int primary key, tenant_id int not null references tenants, contact_id int references contacts);
create table mails (id int primary key, tenant_id int not null references tenants, contact_id int references contacts);
create table pipelines (id int primary key, tenant_id int not null references tenants);
create table users (id int primary key, tenant_id int not null references tenants, default_account_id int references accounts);
