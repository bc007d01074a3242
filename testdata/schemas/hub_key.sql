-- Nothing is named for a tenant: the keys say it, for tables carry the hub's key beside a parent that carries it.
create table circuits (id bigint primary key, label text not null);
create table relays (id bigint primary key, cid bigint not null references circuits, label text);
create table probes (id bigint primary key, cid bigint not null references circuits, relay_id bigint not null references relays);
create table readings (id bigint primary key, cid bigint not null references circuits, probe_id bigint not null references probes, at timestamptz not null);
create table alarms (id bigint primary key, cid bigint not null references circuits, reading_id bigint references readings, severity int not null);
create table units (code text primary key);
create table thresholds (id bigint primary key, cid bigint not null references circuits, relay_id bigint not null references relays, unit text not null references units);
