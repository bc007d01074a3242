-- A namespace without a table. Apps come in types that nothing lists: two tables have a row for some of them, which is a doubt; so is what a charge is of.
create table apps (id char(26) primary key, namespace varchar not null, type varchar not null, name varchar not null, unique (namespace, id));
create table app_mailer (id char(26) primary key references apps on delete cascade, namespace varchar not null, sender varchar not null);
create table app_ledger (id char(26) primary key references apps on delete cascade, namespace varchar not null, book varchar not null);
create table customers (id char(26) primary key, namespace varchar not null, key varchar, unique (namespace, key));
create table flat_fees (id char(26) primary key, namespace varchar not null, amount numeric not null, unique (namespace, id));
create table usage_fees (id char(26) primary key, namespace varchar not null, meter varchar not null, unique (namespace, id));
create table charges (id char(26) primary key, namespace varchar not null, type varchar not null, customer_id char(26) not null references customers,
  flat_fee_id char(26) unique references flat_fees, usage_fee_id char(26) unique references usage_fees);
-- Not a pair: an account and what kind of account it is. Shared rows: prices of everybody have no namespace.
create table ledger_accounts (id char(26) primary key, namespace varchar not null, account_type varchar not null);
create table customer_accounts (id char(26) primary key, namespace varchar not null, account_type varchar not null, account_id char(26) not null references ledger_accounts);
create table model_prices (id char(26) primary key, namespace varchar, model varchar not null, price numeric not null);
create table locks (name varchar primary key, owner varchar);
