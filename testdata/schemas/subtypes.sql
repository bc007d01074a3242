-- Subtypes by name only, without a check on settings; a 1-to-1 table that is no subtype.
create table companies (id int primary key, name text);
create table vehicles (id int primary key, company_id int not null references companies, kind text not null check (kind in ('car', 'truck', 'bike')), settings jsonb);
create table cars (vehicle_id int primary key references vehicles, doors int);
create table truck_details (vehicle_id int primary key references vehicles on delete cascade, axles int);
create table registrations (vehicle_id int primary key references vehicles, plate text);
create table services (id int primary key, company_id int not null references companies, vehicle_id int not null references vehicles);
