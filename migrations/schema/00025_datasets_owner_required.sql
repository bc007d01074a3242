-- Review
--   locks   ACCESS EXCLUSIVE on datasets for two catalog changes: the valid CHECK proves
--           NOT NULL, so no row is read; then the CHECK has done its work and goes.
--           Down validates it again, in a scan under that lock: not for a large table.

-- +goose Up
set local lock_timeout = '3s';
alter table datasets alter column owner_id set not null;
alter table datasets drop constraint datasets_owner_known;

-- +goose Down
set local lock_timeout = '3s';
alter table datasets
    add constraint datasets_owner_known check (owner_id is not null),
    alter column owner_id drop not null;
