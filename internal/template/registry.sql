-- What processes that share this server agree on. Every statement is idempotent: the
-- process that opens the server first makes it.
CREATE SCHEMA IF NOT EXISTS seedbed;

CREATE TABLE IF NOT EXISTS seedbed.template (
    name       text PRIMARY KEY, -- the database
    layers     text NOT NULL,    -- what shaped it, for people
    settings   text[] NOT NULL,  -- ALTER DATABASE and GRANT, which a clone does not inherit
    unforced   boolean NOT NULL, -- has a table whose row-level security its owner would pass
    unlogged   boolean NOT NULL, -- has relations that a crash of the server empties
    plan       jsonb NOT NULL,   -- how its databases are reset (form 4)
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    used_at    timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE IF NOT EXISTS seedbed.clone (
    name     text PRIMARY KEY, -- the database
    template text NOT NULL,
    origin   oid NOT NULL,     -- the template's database: one that is built again is another
    state    text NOT NULL CHECK (state IN ('making', 'held', 'used', 'kept')),
    holder   int,              -- advisory lock (presence, holder) of the process that has it
    baseline jsonb,            -- what the server said of it when it was identical to the template
    who      text NOT NULL DEFAULT '',
    since    timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- The root of the project whose failed test left the database; '' before that.
ALTER TABLE seedbed.clone ADD COLUMN IF NOT EXISTS project text NOT NULL DEFAULT '';

-- What all databases shared before any test ran: kind, name, of what, state.
CREATE TABLE IF NOT EXISTS seedbed.shared (
    one  boolean PRIMARY KEY DEFAULT true CHECK (one),
    base jsonb NOT NULL
);

CREATE SEQUENCE IF NOT EXISTS seedbed.clone_number;
CREATE SEQUENCE IF NOT EXISTS seedbed.holder_number MAXVALUE 2147483647 CYCLE;

-- The processes that are alive.
CREATE OR REPLACE VIEW seedbed.presence AS
    SELECT objid::bigint::int AS holder, pid
    FROM pg_locks
    WHERE locktype = 'advisory' AND classid = 1592712941 AND objsubid = 2 AND granted
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database());
