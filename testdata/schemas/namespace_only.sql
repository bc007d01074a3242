-- A namespace in every key, and no table of namespaces; customers are rows of one, not tenants.
create table customers (id char(26) primary key, namespace varchar not null, key varchar, unique (namespace, key));
create table plans (id char(26) primary key, namespace varchar not null, key varchar not null, version int not null, unique (namespace, key, version));
create table subscriptions (id char(26) primary key, namespace varchar not null, customer_id char(26) not null references customers, plan_id char(26) references plans, unique (namespace, id));
create table ledger_accounts (id char(26) primary key, namespace varchar not null, kind varchar not null);
create table ledger_routes (id char(26) primary key, namespace varchar not null, account_id char(26) not null references ledger_accounts);
create table ledger_entries (id char(26) primary key, namespace varchar not null, account_id char(26) not null references ledger_accounts, route_id char(26) not null references ledger_routes);
create table prices (id char(26) primary key, namespace varchar, model_name varchar not null, model_id varchar not null);
create table locks (name text primary key, owner text);
