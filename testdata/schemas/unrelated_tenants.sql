-- A market: most rows belong to a merchant, and the policies of some speak of customers too. Neither is above the other.
create table merchants (id uuid primary key, name text not null);
create table customers (id uuid primary key, email text not null);
create table products (id uuid primary key, merchant_id uuid not null references merchants, name text not null);
create table orders (id uuid primary key, merchant_id uuid not null references merchants, customer_id uuid not null references customers);
create table order_lines (order_id uuid not null references orders on delete cascade, n int not null, product_id uuid not null references products, primary key (order_id, n));
create table reviews (id uuid primary key, merchant_id uuid not null references merchants, customer_id uuid not null references customers, body text);
create table addresses (id uuid primary key, customer_id uuid not null references customers, city text);
alter table orders enable row level security;
create policy by_merchant on orders using (merchant_id = current_setting('shop.merchant_id')::uuid);
create policy by_customer on orders using (customer_id = current_setting('shop.customer_id')::uuid);
alter table reviews enable row level security;
create policy by_merchant on reviews using (merchant_id = current_setting('shop.merchant_id')::uuid);
create policy by_customer on reviews using (customer_id = current_setting('shop.customer_id')::uuid);
