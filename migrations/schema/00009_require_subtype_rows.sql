-- A base row of a complex type must have its subtype row, by the end of the
-- transaction: the base is written first, hence deferred.
--
-- Review
--   locks   SHARE ROW EXCLUSIVE on source_systems and the four subtype tables, for the
--           time of four catalog changes: NOT VALID reads no row. Writes wait, reads
--           do not. From here on new rows are checked.
--   serves  nothing new; the indexes of the shadows are there

-- +goose Up
set local lock_timeout = '3s';

alter table source_systems add constraint source_systems_has_snowflake
    foreign key (space_id, snowflake_id) references snowflake_systems (space_id, id)
    deferrable initially deferred not valid;
alter table source_systems add constraint source_systems_has_bigquery
    foreign key (space_id, bigquery_id) references bigquery_systems (space_id, id)
    deferrable initially deferred not valid;
alter table source_systems add constraint source_systems_has_databricks
    foreign key (space_id, databricks_id) references databricks_systems (space_id, id)
    deferrable initially deferred not valid;
alter table source_systems add constraint source_systems_has_postgres
    foreign key (space_id, postgres_id) references postgres_systems (space_id, id)
    deferrable initially deferred not valid;

-- +goose Down
set local lock_timeout = '3s';
alter table source_systems
    drop constraint source_systems_has_postgres,
    drop constraint source_systems_has_databricks,
    drop constraint source_systems_has_bigquery,
    drop constraint source_systems_has_snowflake;
