-- A claim in the settings of one session; a pair over class names that a check lists, one of which is the tenant's own table.
create table companies (id serial primary key, name text);
create table departments (id serial primary key, company_id int not null references companies, name text);
create table employees (id serial primary key, company_id int not null references companies, department_id int references departments, manager_id int references employees);
create table payslips (id serial primary key, employee_id int not null references employees on delete cascade, company_id int not null references companies);
create table holidays (id serial primary key, country text);
create table documents (id serial primary key, owner_type text not null check (owner_type in ('Company','Employee','Department')), owner_id int not null);
alter table employees enable row level security; alter table departments enable row level security;
create policy p on employees using (company_id = ((current_setting('request.jwt.claims', true)::json) ->> 'company_id')::int);
create policy p on departments using (company_id = ((current_setting('request.jwt.claims', true)::json) ->> 'company_id')::int);
