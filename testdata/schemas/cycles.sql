-- References that go round: in one table, between two, and through the tenant itself.
create table accounts (id int primary key, parent_account_id int references accounts, primary_contact_id int);
create table contacts (id int primary key, account_id int not null references accounts, manager_id int references contacts);
alter table accounts add foreign key (primary_contact_id) references contacts;
create table departments (id int primary key, account_id int not null references accounts, head_id int);
create table employees (id int primary key, account_id int not null references accounts, department_id int not null references departments);
alter table departments add foreign key (head_id) references employees;
create table chicken (id int primary key, egg_id int not null);
create table egg (id int primary key, chicken_id int not null references chicken deferrable);
alter table chicken add foreign key (egg_id) references egg deferrable;
