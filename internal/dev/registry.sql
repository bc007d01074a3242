-- The databases of a development server: those of branches and their snapshots.
CREATE TABLE IF NOT EXISTS seedbed.development (
    name        text PRIMARY KEY,        -- the database
    branch      text NOT NULL,
    snapshot    text NOT NULL DEFAULT '', -- '' is the branch's database itself
    source      text NOT NULL,           -- of the migrations, a path a line: '' is the reference schema
    fingerprint text NOT NULL,           -- of the migrations it was built with
    seeded      text NOT NULL,           -- what it was filled with, '' is nothing
    created_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE (branch, snapshot)
);
