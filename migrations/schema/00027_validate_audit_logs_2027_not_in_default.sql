-- Second step: the promise is checked.
--
-- Review
--   locks   SHARE UPDATE EXCLUSIVE on audit_logs_default for one scan; reads and writes
--           go on

-- +goose Up
alter table audit_logs_default validate constraint audit_logs_default_not_2027;

-- +goose Down
set local lock_timeout = '3s';
alter table audit_logs_default
    drop constraint audit_logs_default_not_2027,
    add constraint audit_logs_default_not_2027
        check (occurred_at < '2027-01-01 00:00:00+00' or occurred_at >= '2028-01-01 00:00:00+00') not valid;
