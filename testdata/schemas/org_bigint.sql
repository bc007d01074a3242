-- org_id of bigint, surrogate keys, and a table that only its parent ties to the organization.
create table organizations (id bigint generated always as identity primary key, name text not null);
create table members (id bigserial primary key, org_id bigint not null references organizations, email text not null);
create table invoices (id bigserial primary key, org_id bigint not null references organizations, number text not null, unique (org_id, number));
create table invoice_lines (id bigserial primary key, invoice_id bigint not null references invoices on delete cascade, amount numeric(12, 2) not null);
create table invoice_line_taxes (line_id bigint not null references invoice_lines on delete cascade, rate numeric(5, 4) not null, primary key (line_id, rate));
create table payments (id bigserial primary key, org_id bigint not null references organizations, invoice_id bigint references invoices);
create table tax_rates (country char(2) primary key, rate numeric(5, 4) not null);
