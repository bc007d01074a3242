-- Accounts of a ledger are called as tenants are: what is found says how little speaks for it.
create table accounts (id uuid primary key, code text not null unique, kind text not null);
create table transactions (id uuid primary key, at timestamptz not null);
create table entries (id uuid primary key, transaction_id uuid not null references transactions, account_id uuid not null references accounts, amount numeric not null);
create table balances (account_id uuid primary key references accounts, amount numeric not null);
create table statements (id uuid primary key, account_id uuid not null references accounts, month date not null);
