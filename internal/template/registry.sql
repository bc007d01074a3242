-- What processes that share this server agree on. Everything is idempotent:
-- whoever opens the server first makes it.
CREATE SCHEMA IF NOT EXISTS seedbed;

CREATE TABLE IF NOT EXISTS seedbed.template (
    name       text PRIMARY KEY, -- the database
    layers     text NOT NULL,    -- what shaped it, for people
    replay     text[] NOT NULL,  -- ALTER DATABASE and GRANT, which a clone does not inherit
    unforced   boolean NOT NULL, -- has a table whose row-level security its owner would pass
    unlogged   boolean NOT NULL, -- has relations that a crash of the server empties
    layout     jsonb,            -- what is in it, as the first process that looked has found (form 3)
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    used_at    timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE IF NOT EXISTS seedbed.clone (
    name     text PRIMARY KEY, -- the database
    template text NOT NULL,
    origin   oid NOT NULL,     -- that database: a template that is built again is another one
    state    text NOT NULL CHECK (state IN ('making', 'held', 'used', 'kept')),
    holder   int,              -- advisory lock (presence, holder) of the process that has it
    base     jsonb,            -- what the server had counted in it when it was as the template
    who      text NOT NULL DEFAULT '',
    since    timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE SEQUENCE IF NOT EXISTS seedbed.clone_number;
CREATE SEQUENCE IF NOT EXISTS seedbed.holder_number MAXVALUE 2147483647 CYCLE;

-- The processes that are alive.
CREATE OR REPLACE VIEW seedbed.presence AS
    SELECT objid::bigint::int AS holder, pid
    FROM pg_locks
    WHERE locktype = 'advisory' AND classid = 1592712941 AND objsubid = 2 AND granted
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database());
