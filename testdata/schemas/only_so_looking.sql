-- Pairs that are none: a MIME type, a real foreign key beside a type, an id that is the tenant's, types that name no table.
create table accounts (id int primary key, account_type text not null);
create table documents (id int primary key, account_id int not null references accounts, account_type text, content_type text not null, mime_type text);
create table document_links (id int primary key, account_id int not null references accounts, document_type text not null, document_id int not null references documents);
create table signatures (id int primary key, account_id int not null references accounts, document_type text not null check (document_type in ('nda', 'invoice')), document_id int not null);
create table imports (id int primary key, account_id int not null references accounts, external_type text not null, external_id text not null);
create table meters (id int primary key, account_id int not null references accounts, device_type int not null, device_id int not null);
insert into accounts values (1, 'a');
insert into imports values (1, 1, 'salesforce', 'x');
