-- Review
--   locks   SHARE UPDATE EXCLUSIVE on datasets while the index is built in two scans;
--           reads and writes go on. If it fails it leaves an invalid index: drop that
--           and run again.
--   serves  the datasets of a source system, and the foreign key to come
-- seedbed: serves datasets_source_system: select id, name from datasets where space_id = '00000000-0000-0000-0000-000000000000' and source_system_id = '00000000-0000-0000-0000-000000000000'

-- +goose NO TRANSACTION
-- +goose Up
create index concurrently datasets_source_system on datasets (space_id, source_system_id);

-- +goose Down
drop index concurrently datasets_source_system;
