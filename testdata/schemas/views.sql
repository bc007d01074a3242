-- Views and materialized views carry the tenant's column, and are no tables.
create table tenants (id int primary key);
create table sales (id int primary key, tenant_id int not null references tenants, amount int);
create view big_sales with (security_invoker) as select * from sales where amount > 100;
create materialized view totals as select tenant_id, sum(amount) from sales group by 1;
create view entity_view as select 'sale' as entity_type, id as entity_id from sales;
