-- Third step: the partition is made beside its parent (PARTITION OF would lock that
-- against all) and attached. Its own CHECK proves the bound, as does the promise of
-- the default partition; both have then done their work.
--
-- Review
--   locks   SHARE UPDATE EXCLUSIVE on audit_logs, SHARE ROW EXCLUSIVE on spaces and
--           space_memberships for the foreign keys, ACCESS EXCLUSIVE on
--           audit_logs_default: all for catalog changes only, no row is read. Inserts
--           that fall into the default partition wait that long.
--   serves  the indexes are those of the parent

-- +goose Up
set local lock_timeout = '3s';

create table audit_logs_2027 (
    like audit_logs including all,
    constraint audit_logs_2027_bound
        check (occurred_at >= '2027-01-01 00:00:00+00' and occurred_at < '2028-01-01 00:00:00+00')
);

alter table audit_logs_2027 enable row level security, force row level security;
revoke delete, truncate on audit_logs_2027 from current_user;

alter table audit_logs attach partition audit_logs_2027
    for values from ('2027-01-01 00:00:00+00') to ('2028-01-01 00:00:00+00');

alter table audit_logs_2027 drop constraint audit_logs_2027_bound;
alter table audit_logs_default drop constraint audit_logs_default_not_2027;

-- +goose Down
set local lock_timeout = '3s';
alter table audit_logs detach partition audit_logs_2027;
drop table audit_logs_2027;
alter table audit_logs_default add constraint audit_logs_default_not_2027
    check (occurred_at < '2027-01-01 00:00:00+00' or occurred_at >= '2028-01-01 00:00:00+00');
