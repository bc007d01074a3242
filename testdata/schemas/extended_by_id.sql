-- No tenancy: a base and its extensions share their key, which is called as every other table's is.
create table parts (id bigint primary key, kind text not null, name text not null);
create table screws (id bigint primary key references parts, thread text not null);
create table plates (id bigint primary key references parts, width numeric not null);
create table gears (id bigint primary key references parts, teeth int not null);
create table machines (id bigint primary key, name text not null);
create table orders (id bigint primary key, machine_id bigint not null references machines, placed_on date not null);
create table order_lines (id bigint primary key, order_id bigint not null references orders, quantity int not null);
create table suppliers (id bigint primary key, name text not null);
