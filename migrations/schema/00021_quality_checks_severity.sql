-- How bad it is when a check fails: old checks become warnings.
--
-- Review
--   locks   ACCESS EXCLUSIVE on quality_checks for two catalog changes: a constant
--           default rewrites nothing, and NOT VALID reads nothing. Running code that
--           does not name the column gets the default.

-- +goose Up
set local lock_timeout = '3s';
alter table quality_checks
    add column severity text not null default 'warning',
    add constraint quality_checks_severity check (severity in ('info', 'warning', 'error', 'critical')) not valid;
comment on column quality_checks.severity is 'Becomes the severity of the alert that a failing run raises.';

-- +goose Down
set local lock_timeout = '3s';
alter table quality_checks drop column severity;
