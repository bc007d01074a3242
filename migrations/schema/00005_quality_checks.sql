-- Quality checks: what must hold of a dataset.
--
-- Review
--   locks   SHARE ROW EXCLUSIVE on spaces, space_memberships and datasets, for as long
--           as it takes to create an empty table that points at them
--   serves  quality_checks_space_id_dataset_id_name_key: the checks of a dataset, and the
--           cascade of its
--           deletion; quality_checks_author: the foreign key
-- seedbed: serves quality_checks_space_id_dataset_id_name_key: select id, name from quality_checks where space_id = '00000000-0000-0000-0000-000000000000' and dataset_id = '00000000-0000-0000-0000-000000000000'

-- +goose Up
set local lock_timeout = '3s';

create table quality_checks (
    space_id   uuid        not null references spaces (id) on delete cascade,
    id         uuid        not null default gen_random_uuid(),
    dataset_id uuid        not null,
    name       text        not null,
    kind       text        not null,
    expression text,
    schedule   text,
    enabled    boolean     not null default true,
    created_by uuid        not null,
    created_at timestamptz not null default now(),
    primary key (space_id, id),
    unique (space_id, dataset_id, name),
    foreign key (space_id, dataset_id) references datasets (space_id, id) on delete cascade,
    foreign key (space_id, created_by) references space_memberships (space_id, user_id),
    constraint quality_checks_name_length check (length(name) between 1 and 200),
    constraint quality_checks_kind check (kind in ('freshness', 'row_count', 'not_null', 'unique', 'range', 'sql')),
    constraint quality_checks_sql_has_expression check (kind <> 'sql' or expression is not null),
    constraint quality_checks_schedule_form check (schedule ~ '^(\S+ ){4}\S+$')
);

create index quality_checks_author on quality_checks (space_id, created_by);

comment on column quality_checks.expression is 'The SQL of a check of kind sql; a column or a threshold for the others.';
comment on column quality_checks.schedule is 'Five cron fields; NULL runs on demand only.';

alter table quality_checks enable row level security, force row level security;

create policy quality_checks_space on quality_checks
    using (space_id = (select seedbed_space_id()))
    with check (space_id = (select seedbed_space_id()));

grant select, insert, update, delete on quality_checks to seedbed_app, seedbed_seeder;

-- +goose Down
set local lock_timeout = '3s';
drop table quality_checks;
