-- Review
--   locks   SHARE UPDATE EXCLUSIVE on datasets and ROW SHARE on source_systems for one
--           anti-join; reads and writes go on

-- +goose Up
alter table datasets validate constraint datasets_source_system_fkey;

-- +goose Down
set local lock_timeout = '3s';
alter table datasets
    drop constraint datasets_source_system_fkey,
    add constraint datasets_source_system_fkey
        foreign key (space_id, source_system_id) references source_systems (space_id, id) not valid;
