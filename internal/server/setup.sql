-- What a server of ours holds beyond a fresh initdb: the roles that tests run
-- as, none of them a superuser, and the control database.

-- Owns every test database and runs its migrations, as an owner does in
-- production: it may create roles, and nothing more.
CREATE ROLE seedbed_owner LOGIN CREATEROLE;

-- Loads data and sees all of it. BYPASSRLS because COPY FROM is refused where
-- row-level security applies. Nobody is logged in as it; one steps up to it.
CREATE ROLE seedbed_seeder NOLOGIN BYPASSRLS;
GRANT pg_read_all_data, pg_write_all_data TO seedbed_seeder;

-- Reads and writes everything and owns nothing: tests run as this role where
-- the owner would pass row-level security that is enabled but not forced.
CREATE ROLE seedbed_tester LOGIN;
GRANT pg_read_all_data, pg_write_all_data TO seedbed_tester;

GRANT seedbed_seeder TO seedbed_owner, seedbed_tester;

-- The owner may step up to the seeder, and only by saying so: from Postgres 16
-- on a grant can leave inheritance out.
DO $$
BEGIN
    IF current_setting('server_version_num')::int >= 160000 THEN
        EXECUTE 'GRANT seedbed_seeder TO seedbed_owner, seedbed_tester WITH INHERIT FALSE';
    END IF;
    IF current_setting('server_version_num')::int >= 150000 THEN
        EXECUTE 'GRANT SET ON PARAMETER session_replication_role TO seedbed_seeder';
    END IF;
END
$$;
