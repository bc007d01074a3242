-- Review
--   locks   SHARE UPDATE EXCLUSIVE on alerts while the index is built in two scans;
--           reads and writes go on. If it fails it leaves an invalid index: drop that
--           and run again.
--   serves  the administrator's board of open alerts, which are few beside the resolved
-- seedbed: serves alerts_open: select id, title from alerts where organization_id = '00000000-0000-0000-0000-000000000000' and status <> 'resolved' order by raised_at desc limit 50

-- +goose NO TRANSACTION
-- +goose Up
create index concurrently alerts_open on alerts (organization_id, raised_at desc) where status <> 'resolved';

-- +goose Down
drop index concurrently alerts_open;
