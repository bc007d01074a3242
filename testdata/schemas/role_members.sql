-- A table says which database role works for which tenant.
create table companies (id int primary key, title text);
create table company_roles (company_id int not null references companies, db_role name not null, primary key (company_id, db_role));
create table orders (id int primary key, company_id int not null references companies, total numeric);
create table parcels (id int primary key, company_id int not null references companies, weight numeric);
create function my_companies() returns setof int language sql stable security definer as $$ select company_id from company_roles where db_role = session_user $$;
create function stamp() returns trigger language plpgsql as $$ begin raise notice 'written by %', current_user; return new; end $$;
create trigger stamp before insert on orders for each row execute function stamp();
alter table orders enable row level security; alter table parcels enable row level security;
create policy ours on orders using (company_id in (select my_companies()));
create policy ours on parcels using (company_id in (select my_companies()));
