-- Where a dataset comes from: the column. Its index and its foreign key follow, each
-- in a file of its own, because the table is in use.
--
-- Review
--   locks   ACCESS EXCLUSIVE on datasets for one catalog change: a nullable column
--           without default rewrites and reads nothing

-- +goose Up
set local lock_timeout = '3s';
alter table datasets add column source_system_id uuid;
comment on column datasets.source_system_id is 'The system that the dataset is read from; NULL for uploads.';

-- +goose Down
set local lock_timeout = '3s';
alter table datasets drop column source_system_id;
