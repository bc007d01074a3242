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

-- Builds are numbered: the roles that one made are those of its databases, and no
-- others'. See roles.go.
ALTER TABLE seedbed.development ADD COLUMN IF NOT EXISTS build integer NOT NULL DEFAULT 0;
-- The corrections of the model that it was filled by, '' is none.
ALTER TABLE seedbed.development ADD COLUMN IF NOT EXISTS model text NOT NULL DEFAULT '';
-- The checksums of the migrations that it has, by version; '{}' where they are not known.
ALTER TABLE seedbed.development ADD COLUMN IF NOT EXISTS checksums jsonb NOT NULL DEFAULT '{}';
CREATE TABLE IF NOT EXISTS seedbed.development_role (
    role  oid PRIMARY KEY,
    build integer NOT NULL,
    name  text NOT NULL                   -- what the migration called it
);
CREATE TABLE IF NOT EXISTS seedbed.development_build ( -- a row while one is under way
    one      boolean PRIMARY KEY DEFAULT true CHECK (one),
    roles    oid[] NOT NULL,               -- those that were there before
    settings text[] NOT NULL               -- of the owner, before: name=value
);
