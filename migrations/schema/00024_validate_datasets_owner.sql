-- Review
--   locks   SHARE UPDATE EXCLUSIVE on datasets for one scan; reads and writes go on

-- +goose Up
alter table datasets validate constraint datasets_owner_known;

-- +goose Down
set local lock_timeout = '3s';
alter table datasets
    drop constraint datasets_owner_known,
    add constraint datasets_owner_known check (owner_id is not null) not valid;
