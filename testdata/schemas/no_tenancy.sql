-- A shop for one: nothing belongs to a tenant, though customers, users and stores are referenced.
create table stores (id int primary key, city text);
create table staff (id int primary key, store_id int not null references stores);
create table customers (id int primary key, name text);
create table products (id int primary key, name text);
create table orders (id int primary key, customer_id int not null references customers, staff_id int references staff);
create table order_lines (order_id int not null references orders, product_id int not null references products, primary key (order_id, product_id));
create table users (id int primary key);
create table posts (id int primary key, user_id int not null references users, body text);
create table likes (id int primary key, user_id int not null references users, likeable_type text not null check (likeable_type in ('post', 'product')), likeable_id int not null);
create table loaves (id int primary key, weight int);
create table shelves (id int primary key, product_id int not null references products);
create table tastings (id int primary key, subject_type text not null check (subject_type in ('loaf', 'shelf', 'order')), subject_id int not null);
