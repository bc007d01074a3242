-- Runs of a check, and what each measured.
--
-- Review
--   locks   SHARE ROW EXCLUSIVE on spaces and quality_checks, for as long as it takes
--           to create empty tables that point at them
--   serves  check_runs_history: the latest runs of a check, and the cascade of its
--           deletion; check_results' key: the results of a run, and the cascade
-- seedbed: serves check_runs_history: select id, status from check_runs where space_id = '00000000-0000-0000-0000-000000000000' and quality_check_id = '00000000-0000-0000-0000-000000000000' order by queued_at desc limit 20

-- +goose Up
set local lock_timeout = '3s';

create table check_runs (
    space_id         uuid        not null references spaces (id) on delete cascade,
    id               uuid        not null default gen_random_uuid(),
    quality_check_id uuid        not null,
    status           text        not null default 'queued',
    queued_at        timestamptz not null default now(),
    started_at       timestamptz,
    finished_at      timestamptz,
    error            text,
    primary key (space_id, id),
    foreign key (space_id, quality_check_id) references quality_checks (space_id, id) on delete cascade,
    constraint check_runs_status check (status in ('queued', 'running', 'passed', 'failed', 'errored')),
    constraint check_runs_started check ((status = 'queued') = (started_at is null)),
    constraint check_runs_finished check ((status in ('queued', 'running')) = (finished_at is null)),
    constraint check_runs_order check (started_at >= queued_at and finished_at >= started_at),
    constraint check_runs_error check ((status = 'errored') = (error is not null))
);

create index check_runs_history on check_runs (space_id, quality_check_id, queued_at desc);

create table check_results (
    space_id     uuid    not null references spaces (id) on delete cascade,
    check_run_id uuid    not null,
    ordinal      integer not null,
    metric       text    not null,
    observed     numeric,
    expected     text,
    passed       boolean not null,
    sample       jsonb,
    primary key (space_id, check_run_id, ordinal),
    foreign key (space_id, check_run_id) references check_runs (space_id, id) on delete cascade,
    constraint check_results_ordinal_sign check (ordinal >= 0),
    constraint check_results_sample_is_array check (jsonb_typeof(sample) = 'array')
);

comment on column check_results.ordinal is 'Position among the results of the run, from 0.';
comment on column check_results.sample is 'Some offending rows, as an array of objects.';

alter table check_runs enable row level security, force row level security;
alter table check_results enable row level security, force row level security;

create policy check_runs_space on check_runs
    using (space_id = (select seedbed_space_id()))
    with check (space_id = (select seedbed_space_id()));
create policy check_results_space on check_results
    using (space_id = (select seedbed_space_id()))
    with check (space_id = (select seedbed_space_id()));

grant select, insert, update, delete on check_runs, check_results to seedbed_app, seedbed_seeder;

-- +goose Down
set local lock_timeout = '3s';
drop table check_results;
drop table check_runs;
