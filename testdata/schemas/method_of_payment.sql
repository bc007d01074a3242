-- Columns named like pairs that are references, and lists that name tables beside amounts: no pair, no doubt.
create table accounts (id uuid primary key, name text not null);
create type method as enum ('provider', 'manual');
create table payment_methods (id uuid primary key, account_id uuid not null references accounts, provider_method_type varchar not null, provider_method_id varchar not null);
create table payments (id uuid primary key, account_id uuid not null references accounts, payment_method_type method not null, payment_method_id uuid references payment_methods, amount_cents bigint not null);
create table credit_notes (id uuid primary key, account_id uuid not null references accounts, number bigint not null unique);
create type settled_by as enum ('payment', 'credit_note');
create table settlements (id uuid primary key, account_id uuid not null references accounts, settlement_type settled_by not null, amount_cents bigint not null,
  payment_id uuid references payments, credit_note_id uuid references credit_notes, previous_settlement_id uuid);
-- Two types beside one id: the one that is named like it is its type, the other sorts.
create table links (id uuid primary key, account_id uuid not null references accounts, owner_type varchar not null, owner_id uuid not null,
  category varchar not null check (category in ('payment', 'credit_note')));
