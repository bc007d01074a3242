-- A year's partition, first of three steps: the default partition promises that it
-- holds nothing of 2027, so that attaching need not look. Made while it holds nothing
-- indeed: before the year begins.
--
-- Review
--   locks   ACCESS EXCLUSIVE on audit_logs_default for one catalog change: NOT VALID
--           reads nothing

-- +goose Up
set local lock_timeout = '3s';
alter table audit_logs_default add constraint audit_logs_default_not_2027
    check (occurred_at < '2027-01-01 00:00:00+00' or occurred_at >= '2028-01-01 00:00:00+00') not valid;

-- +goose Down
set local lock_timeout = '3s';
alter table audit_logs_default drop constraint audit_logs_default_not_2027;
