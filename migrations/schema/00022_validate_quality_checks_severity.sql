-- Review
--   locks   SHARE UPDATE EXCLUSIVE on quality_checks for one scan; reads and writes go on

-- +goose Up
alter table quality_checks validate constraint quality_checks_severity;

-- +goose Down
set local lock_timeout = '3s';
alter table quality_checks
    drop constraint quality_checks_severity,
    add constraint quality_checks_severity check (severity in ('info', 'warning', 'error', 'critical')) not valid;
