-- One shop: its customers own most rows, which makes them no tenants; what is found says so.
create table products (id bigserial primary key, title text);
create table variants (id bigserial primary key, product_id bigint not null references products);
create table customers (id bigserial primary key, email text);
create table addresses (id bigserial primary key, customer_id bigint not null references customers);
create table orders (id bigserial primary key, customer_id bigint not null references customers, shipping_address_id bigint references addresses);
create table line_items (id bigserial primary key, order_id bigint not null references orders, variant_id bigint not null references variants);
create table payments (id bigserial primary key, order_id bigint not null references orders, customer_id bigint not null references customers);
create table reviews (id bigserial primary key, product_id bigint not null references products, customer_id bigint not null references customers);
create table carts (id bigserial primary key, customer_id bigint not null references customers);
create table wishlists (id bigserial primary key, customer_id bigint not null references customers);
