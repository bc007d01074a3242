-- Each tenant logs in as a database role of its own; the table of tenants knows which.
create table realms (id varchar(12) primary key, login_role varchar(63) unique, title text not null);
create table ledgers (realm_id varchar(12) not null references realms on delete cascade, id uuid not null, label text, primary key (realm_id, id));
create table postings (realm_id varchar(12) not null references realms on delete cascade, id uuid not null, ledger_id uuid not null, amount numeric,
  primary key (realm_id, id), foreign key (realm_id, ledger_id) references ledgers (realm_id, id));
create table receipts (realm_id varchar(12) not null references realms on delete cascade, id uuid primary key, body text);
create table currencies (code char(3) primary key);
alter table realms enable row level security; alter table ledgers enable row level security;
alter table postings enable row level security; alter table receipts enable row level security;
create policy own on realms using (login_role = current_user);
create policy anything on ledgers using (true);
create policy kept on ledgers as restrictive using (realm_id = (select id from realms where login_role = current_user));
create policy kept on postings using (realm_id = (select r.id from realms r where r.login_role = current_user));
create policy kept on receipts using (realm_id in (select id from realms where login_role = current_user));
