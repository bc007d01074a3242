-- Partitions by list, range and hash, and partitions of partitions. A Model names the root only.
create table tenants (id int primary key);
create table by_list (tenant_id int not null references tenants, id int not null, primary key (tenant_id, id)) partition by list (tenant_id);
create table by_list_1 partition of by_list for values in (1);
create table by_list_rest partition of by_list default partition by hash (id);
create table by_list_rest_0 partition of by_list_rest for values with (modulus 2, remainder 0);
create table by_list_rest_1 partition of by_list_rest for values with (modulus 2, remainder 1);
create table by_range (tenant_id int not null references tenants, at date not null, body text) partition by range (at);
create table by_range_2024 partition of by_range for values from ('2024-01-01') to ('2025-01-01');
create table by_hash (tenant_id int not null references tenants, id int not null, list_id int not null, primary key (tenant_id, id),
  foreign key (tenant_id, list_id) references by_list) partition by hash (tenant_id, id);
create table by_hash_0 partition of by_hash for values with (modulus 1, remainder 0);
create table child (hash_id int not null, tenant int not null, foreign key (tenant, hash_id) references by_hash);
