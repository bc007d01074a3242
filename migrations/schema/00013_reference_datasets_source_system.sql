-- A source system that datasets come from cannot be deleted; it is made inactive.
--
-- Review
--   locks   SHARE ROW EXCLUSIVE on datasets and source_systems for one catalog change:
--           NOT VALID reads no row

-- +goose Up
set local lock_timeout = '3s';
alter table datasets add constraint datasets_source_system_fkey
    foreign key (space_id, source_system_id) references source_systems (space_id, id) not valid;

-- +goose Down
set local lock_timeout = '3s';
alter table datasets drop constraint datasets_source_system_fkey;
