-- The clock of a test database. All that calls now() and its like follows it, whatever its
-- search path: the planner puts the bodies of these functions, which are in SQL, in the
-- place of each call in a statement, a default, a check, a policy, a view, a trigger or a
-- function, that is there now or comes later. The keywords (CURRENT_TIMESTAMP, …) are no
-- functions and do not follow.
CREATE SCHEMA seedbed_clock;
GRANT USAGE ON SCHEMA seedbed_clock TO PUBLIC;

-- The state is a sequence, because all sessions see a setval at once, in the middle of their
-- transactions, and a reset puts it back. Called: the clock stands at so many microseconds
-- since 1970. Not called: it is the real one.
CREATE SEQUENCE seedbed_clock.state MINVALUE -9223372036854775808 START 0;
GRANT SELECT ON SEQUENCE seedbed_clock.state TO PUBLIC;

CREATE FUNCTION seedbed_clock.real_now() RETURNS timestamptz STABLE STRICT PARALLEL SAFE LANGUAGE internal AS 'now';
CREATE FUNCTION seedbed_clock.real_statement_timestamp() RETURNS timestamptz STABLE STRICT PARALLEL SAFE LANGUAGE internal AS 'statement_timestamp';
CREATE FUNCTION seedbed_clock.real_clock_timestamp() RETURNS timestamptz VOLATILE STRICT PARALLEL SAFE LANGUAGE internal AS 'clock_timestamp';

CREATE FUNCTION seedbed_clock.tell(actual timestamptz) RETURNS timestamptz STABLE PARALLEL SAFE LANGUAGE plpgsql AS $$
DECLARE
	microseconds bigint;
	frozen boolean;
BEGIN
	SELECT last_value, is_called INTO microseconds, frozen FROM seedbed_clock.state;
	IF NOT frozen THEN
		RETURN actual;
	END IF;
	RETURN timestamptz 'epoch' OPERATOR(pg_catalog.+) (microseconds OPERATOR(pg_catalog.*) interval '1 microsecond');
END $$;

CREATE OR REPLACE FUNCTION pg_catalog.now() RETURNS timestamptz STABLE PARALLEL SAFE LANGUAGE sql
	AS 'SELECT seedbed_clock.tell(seedbed_clock.real_now())';
CREATE OR REPLACE FUNCTION pg_catalog.transaction_timestamp() RETURNS timestamptz STABLE PARALLEL SAFE LANGUAGE sql
	AS 'SELECT seedbed_clock.tell(seedbed_clock.real_now())';
CREATE OR REPLACE FUNCTION pg_catalog.statement_timestamp() RETURNS timestamptz STABLE PARALLEL SAFE LANGUAGE sql
	AS 'SELECT seedbed_clock.tell(seedbed_clock.real_statement_timestamp())';
CREATE OR REPLACE FUNCTION pg_catalog.clock_timestamp() RETURNS timestamptz VOLATILE PARALLEL SAFE LANGUAGE sql
	AS 'SELECT seedbed_clock.tell(seedbed_clock.real_clock_timestamp())';
CREATE OR REPLACE FUNCTION pg_catalog.age(timestamp) RETURNS interval STABLE PARALLEL SAFE LANGUAGE sql
	AS 'SELECT pg_catalog.age(pg_catalog.date(pg_catalog.now())::timestamp, $1)';
CREATE OR REPLACE FUNCTION pg_catalog.age(timestamptz) RETURNS interval STABLE PARALLEL SAFE LANGUAGE sql
	AS 'SELECT pg_catalog.age(pg_catalog.date(pg_catalog.now())::timestamptz, $1)';
