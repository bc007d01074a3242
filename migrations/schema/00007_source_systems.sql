-- Providers: source_systems is the base of an inheritance told apart by type.
--
-- Simple providers (alerting) keep their settings in config, whose shape each type
-- pins with a CHECK of its own. A CHECK passes on NULL, hence IS TRUE; CASE comes
-- first because AND promises no order, and operators on a non-object raise.
-- Complex providers have no config and one row in their own table (next file), under the
-- key (space_id, id, type). The columns named after the complex types are shadows of
-- id, filled only for that type: through them the base row will require its
-- subtype row.
--
-- Secrets never lie in plain text: secret_ref names an entry of a secret store, or
-- secret_ciphertext holds an envelope of one version byte (1), a 12-byte nonce, the
-- ciphertext and a 16-byte tag, under the key that secret_key_id names. config has no
-- key that could hold one.
--
-- Review
--   locks   SHARE ROW EXCLUSIVE on spaces, for as long as it takes to create an empty
--           table that points at it
--   serves  source_systems_space_id_name_key: find by name;
--           source_systems_space_id_id_type_key: the foreign keys of the subtypes; the
--           indexes of the shadows: the foreign keys to the subtypes. Partial, as
--           each row fills at most one; equality implies IS NOT NULL, so the
--           planner may use them.

-- +goose Up
set local lock_timeout = '3s';

create table source_systems (
    space_id          uuid        not null references spaces (id) on delete cascade,
    id                uuid        not null default gen_random_uuid(),
    name              text        not null,
    type              text        not null,
    active            boolean     not null default true,
    config            jsonb,
    secret_ref        text,
    secret_ciphertext bytea,
    secret_key_id     text,
    created_at        timestamptz not null default now(),
    snowflake_id      uuid        generated always as (case when type = 'snowflake' then id end) stored,
    bigquery_id       uuid        generated always as (case when type = 'bigquery' then id end) stored,
    databricks_id     uuid        generated always as (case when type = 'databricks' then id end) stored,
    postgres_id       uuid        generated always as (case when type = 'postgres' then id end) stored,
    primary key (space_id, id),
    unique (space_id, name),
    unique (space_id, id, type),
    constraint source_systems_name_length check (length(name) between 1 and 200),
    constraint source_systems_type check (type in
        ('slack', 'pagerduty', 'email', 'webhook', 'snowflake', 'bigquery', 'databricks', 'postgres')),
    constraint source_systems_config_or_subtype check
        (num_nonnulls(snowflake_id, bigquery_id, databricks_id, postgres_id) = (config is null)::int),
    constraint source_systems_slack check (type <> 'slack' or case when jsonb_typeof(config) = 'object' then
        config - '{channel,username}'::text[] = '{}'
        and jsonb_typeof(config -> 'channel') = 'string'
        and config ->> 'channel' ~ '^#[a-z0-9_-]{1,80}$'
        and (not config ? 'username' or jsonb_typeof(config -> 'username') = 'string')
        end is true),
    constraint source_systems_pagerduty check (type <> 'pagerduty' or case when jsonb_typeof(config) = 'object' then
        config - '{service_id,severity}'::text[] = '{}'
        and jsonb_typeof(config -> 'service_id') = 'string'
        and config ->> 'service_id' ~ '^P[A-Z0-9]{6,13}$'
        and config -> 'severity' in ('"critical"', '"error"', '"warning"', '"info"')
        end is true),
    constraint source_systems_email check (type <> 'email' or case when jsonb_typeof(config) = 'object' then
        config - '{recipients,subject_prefix}'::text[] = '{}'
        and case when jsonb_typeof(config -> 'recipients') = 'array' then
            jsonb_array_length(config -> 'recipients') between 1 and 50
            and not jsonb_path_exists(config -> 'recipients',
                'strict $[*] ? (!(@.type() == "string" && @ like_regex "^[^@[:space:]]+@[^@[:space:]]+$"))') end
        and (not config ? 'subject_prefix' or jsonb_typeof(config -> 'subject_prefix') = 'string')
        end is true),
    constraint source_systems_webhook check (type <> 'webhook' or case when jsonb_typeof(config) = 'object' then
        config - '{url,method,timeout_seconds}'::text[] = '{}'
        and jsonb_typeof(config -> 'url') = 'string'
        and config ->> 'url' ~ '^https://[^/?#@[:space:]]+(/[^?#@[:space:]]*)?$'
        and (not config ? 'method' or config -> 'method' in ('"POST"', '"PUT"'))
        and (not config ? 'timeout_seconds' or case when jsonb_typeof(config -> 'timeout_seconds') = 'number'
            then (config ->> 'timeout_seconds')::numeric between 1 and 60 end)
        end is true),
    constraint source_systems_secret check (case
        when type in ('email', 'webhook') then num_nonnulls(secret_ref, secret_ciphertext) <= 1
        else num_nonnulls(secret_ref, secret_ciphertext) = 1 end),
    constraint source_systems_secret_ref_form check
        (secret_ref ~ '^(vault|aws-sm|gcp-sm|azure-kv|env)://[A-Za-z0-9_./#-]+$' and length(secret_ref) <= 500),
    constraint source_systems_secret_envelope check (case
        when secret_ciphertext is null then secret_key_id is null
        when octet_length(secret_ciphertext) between 30 and 65536 then
            get_byte(secret_ciphertext, 0) = 1 and length(secret_key_id) between 1 and 200
        end is true)
);

create index source_systems_snowflake on source_systems (space_id, snowflake_id) where snowflake_id is not null;
create index source_systems_bigquery on source_systems (space_id, bigquery_id) where bigquery_id is not null;
create index source_systems_databricks on source_systems (space_id, databricks_id) where databricks_id is not null;
create index source_systems_postgres on source_systems (space_id, postgres_id) where postgres_id is not null;

comment on table source_systems is 'What a space reads from and notifies: simple providers with a config, complex ones with a row in the table of their type.';
comment on column source_systems.type is 'The discriminator. It cannot be changed once a subtype row exists.';
comment on column source_systems.config is 'Settings of a simple provider, checked per type; NULL for the complex ones.';
comment on column source_systems.secret_ref is 'Where the secret is kept, as store://path; never the secret.';
comment on column source_systems.secret_ciphertext is 'Envelope: version byte 1, 12-byte nonce, ciphertext, 16-byte tag.';
comment on column source_systems.snowflake_id is 'The id of a Snowflake system, NULL for others: the shadow that requires its subtype row.';

alter table source_systems enable row level security, force row level security;

create policy source_systems_space on source_systems
    using (space_id = (select seedbed_space_id()))
    with check (space_id = (select seedbed_space_id()));

grant select, insert, update, delete on source_systems to seedbed_app, seedbed_seeder;

-- +goose Down
set local lock_timeout = '3s';
drop table source_systems;
