-- The rows that were there before 00009 are checked.
--
-- Review
--   locks   SHARE UPDATE EXCLUSIVE on source_systems and ROW SHARE on the subtypes, for
--           one anti-join each: seconds for millions of rows. Nobody waits, reads and
--           writes go on. Down goes back to NOT VALID.

-- +goose Up
alter table source_systems validate constraint source_systems_has_snowflake;
alter table source_systems validate constraint source_systems_has_bigquery;
alter table source_systems validate constraint source_systems_has_databricks;
alter table source_systems validate constraint source_systems_has_postgres;

-- +goose Down
set local lock_timeout = '3s';
alter table source_systems
    drop constraint source_systems_has_snowflake,
    drop constraint source_systems_has_bigquery,
    drop constraint source_systems_has_databricks,
    drop constraint source_systems_has_postgres,
    add constraint source_systems_has_snowflake
        foreign key (space_id, snowflake_id) references snowflake_systems (space_id, id)
        deferrable initially deferred not valid,
    add constraint source_systems_has_bigquery
        foreign key (space_id, bigquery_id) references bigquery_systems (space_id, id)
        deferrable initially deferred not valid,
    add constraint source_systems_has_databricks
        foreign key (space_id, databricks_id) references databricks_systems (space_id, id)
        deferrable initially deferred not valid,
    add constraint source_systems_has_postgres
        foreign key (space_id, postgres_id) references postgres_systems (space_id, id)
        deferrable initially deferred not valid;
