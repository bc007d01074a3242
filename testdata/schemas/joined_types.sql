-- Views, functions and indexes say what the types of pairs mean. No row does.
create table companies (id uuid primary key, name text);
create table credit_slips (id uuid primary key, company_id uuid not null references companies, total numeric);
create table bills (id uuid primary key, company_id uuid not null references companies, total numeric);
create table demands (id uuid primary key, company_id uuid not null references companies, total numeric);
create table labels (id uuid primary key, company_id uuid not null references companies, owner_type text not null, owner_id uuid not null, value text);
create table faults (id uuid primary key, company_id uuid not null references companies, owner_type varchar not null, owner_id uuid not null, detail text);
create table payments (id uuid primary key, company_id uuid not null references companies, payable_type text not null default 'Bill', payable_id uuid, amount numeric);
create table stamps (id uuid primary key, company_id uuid not null references companies, sort text not null, thing uuid not null);
create table scans (id uuid primary key, company_id uuid not null references companies, record_type text not null, record_id uuid not null);
create index bill_scans on scans (record_id) where record_type = 'Bill';
create view slips_with_labels as select cs.id, (select string_agg(l.value, ',') from labels l where l.owner_type = 'CreditSlip' and l.owner_id = cs.id) as labels from credit_slips cs;
create view faulty as select b.id from bills b join faults f on f.owner_id = b.id and f.owner_type = 'Bill';
create function paid(d demands) returns numeric language sql stable as $$ select sum(p.amount) from payments p join demands x on p.payable_id = x.id and p.payable_type = 'PaymentDemand' where x.id = d.id $$;
create view stamped as select b.id from bills b join stamps s on s.thing = b.id and s.sort = 'b' union all select d.id from demands d join stamps s on s.thing = d.id and s.sort = 'd';
-- A column that is compared with literals and stands beside a reference is no type of a pair.
create table parcels (id uuid primary key, company_id uuid not null references companies, bill_id uuid not null references bills, status text not null);
create view sent as select b.id from bills b join parcels p on p.bill_id = b.id and p.status = 'sent' union all select c.id from companies c join parcels p on p.company_id = c.id and p.status = 'open';
