-- The role that the service connects as, and the setting that says for whom.
--
-- Roles belong to the whole server: another database, migrated at the same moment,
-- may be faster, and Down leaves the role to it.

-- +goose Up
-- +goose StatementBegin
do $$
begin
    if not exists (select from pg_roles where rolname = 'desk_app') then
        create role desk_app nologin;
    end if;
exception
    when duplicate_object or unique_violation then
        null;
end $$;
-- +goose StatementEnd

-- NULL where no request has said so yet, and NULL equals no space. The setting is ''
-- and not unset after the first transaction that had it.
create function desk_space() returns uuid
    language sql stable parallel safe
    return nullif(current_setting('desk.space', true), '')::uuid;

-- +goose Down
drop function desk_space();
