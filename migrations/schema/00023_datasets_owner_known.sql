-- Every dataset has an owner: required of new rows from here on. Those without one are
-- given the administrator of their space before 00024, space by space, as row-level
-- security binds the owner of the table too:
--     set seedbed.space_id = '…'; update datasets set owner_id = … where owner_id is null
--
-- Review
--   locks   ACCESS EXCLUSIVE on datasets for one catalog change: NOT VALID reads nothing

-- +goose Up
set local lock_timeout = '3s';
alter table datasets add constraint datasets_owner_known check (owner_id is not null) not valid;

-- +goose Down
set local lock_timeout = '3s';
alter table datasets drop constraint datasets_owner_known;
