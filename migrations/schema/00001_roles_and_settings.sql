-- The group roles and the two settings that row-level security reads.
--
-- Roles belong to the whole cluster, and several databases of it may be migrated
-- at the same moment: each role is created by whoever comes first, and Down leaves
-- them alone, because other databases use them. All are NOLOGIN; logins are granted
-- one of them. None is a superuser or bypasses row-level security, with one
-- exception that is not ours to make: seedbed_seeder loads with COPY, which Postgres
-- refuses under row-level security. Where seeding is wanted (never in production), a
-- superuser runs  ALTER ROLE seedbed_seeder BYPASSRLS  once.
--
-- The owner, who runs these migrations, needs CREATEROLE only for this file, and not
-- even that where a DBA has made the three roles beforehand.
--
-- Review
--   locks   none on any table. No lock_timeout: a race for a role waits for the
--           other transaction's end.
--   serves  the policies of every later file

-- +goose Up
-- +goose StatementBegin
do $$
declare
    wanted text;
begin
    foreach wanted in array array['seedbed_app', 'seedbed_org_admin', 'seedbed_seeder'] loop
        continue when exists (select from pg_roles where rolname = wanted);
        begin
            execute format('create role %I nologin', wanted);
        exception
            when duplicate_object or unique_violation then
                null; -- another database's migration was faster
            when insufficient_privilege then
                raise insufficient_privilege using
                    message = format('role %I does not exist, and %I may not create it', wanted, current_user),
                    hint = format('Have an administrator run: CREATE ROLE %I NOLOGIN', wanted);
        end;
    end loop;
end $$;
-- +goose StatementEnd

-- A setting that is unset, empty (which is what a transaction-local one becomes at
-- COMMIT) or garbage is NULL, which equals no space: nothing is seen, nothing
-- written, and no query fails. The pattern is tested before the cast, for
-- otherwise planning would raise what executing avoids.
create function seedbed_space_id() returns uuid
    language sql stable parallel safe
    return case
        when current_setting('seedbed.space_id', true) ~ '^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$'
        then current_setting('seedbed.space_id', true)::uuid
    end;

create function seedbed_organization_id() returns uuid
    language sql stable parallel safe
    return case
        when current_setting('seedbed.organization_id', true) ~ '^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$'
        then current_setting('seedbed.organization_id', true)::uuid
    end;

comment on function seedbed_space_id() is
    'The space of this session or transaction, from the setting seedbed.space_id; NULL where that is no uuid. Policies call it as (select seedbed_space_id()), once per query.';
comment on function seedbed_organization_id() is
    'The organization that an administrator looks at, from the setting seedbed.organization_id; NULL where that is no uuid.';

-- +goose Down
drop function seedbed_organization_id();
drop function seedbed_space_id();
