-- The control database of a server: what its clients need to agree on. One row.
CREATE SCHEMA seedbed;
REVOKE CONNECT ON DATABASE seedbed FROM PUBLIC;
CREATE TABLE seedbed.server (
    one          boolean PRIMARY KEY DEFAULT true CHECK (one),
    ready        boolean NOT NULL DEFAULT false, -- the base is complete
    idle_seconds double precision                -- NULL: never stop
);
INSERT INTO seedbed.server DEFAULT VALUES;
