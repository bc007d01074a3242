-- Two organizations; the first has two spaces. Every table has rows of space
-- a1 and b1, so that every check has something to look at.
insert into organizations (id, slug, name) values
    ('a0000000-0000-4000-8000-000000000000', 'acme', 'Acme'), ('b0000000-0000-4000-8000-000000000000', 'bolt', 'Bolt');
insert into spaces (id, organization_id, slug, name) values
    ('a1000000-0000-4000-8000-000000000000', 'a0000000-0000-4000-8000-000000000000', 'one', 'One'),
    ('a2000000-0000-4000-8000-000000000000', 'a0000000-0000-4000-8000-000000000000', 'two', 'Two'),
    ('b1000000-0000-4000-8000-000000000000', 'b0000000-0000-4000-8000-000000000000', 'one', 'One');
insert into users (id, email, name)
    select overlay(id::text placing '11' from 3 for 2)::uuid, 'user-' || left(id::text, 2) || '@example.com', 'User of ' || name from spaces;
insert into organization_memberships (organization_id, user_id, role)
    select organization_id, overlay(id::text placing '11' from 3 for 2)::uuid, 'admin' from spaces;
insert into space_memberships (space_id, user_id, role)
    select id, overlay(id::text placing '11' from 3 for 2)::uuid, 'admin' from spaces;
insert into source_systems (space_id, id, name, type, config, secret_ref)
    select s.id, overlay(s.id::text placing k.n from 3 for 2)::uuid, k.type, k.type, k.config::jsonb, 'vault://secret/' || k.type
    from spaces s, (values
        ('21', 'slack', '{"channel": "#data"}'), ('22', 'pagerduty', '{"service_id": "PABC123", "severity": "error"}'),
        ('23', 'email', '{"recipients": ["ops@example.com"]}'), ('24', 'webhook', '{"url": "https://example.com/hook"}'),
        ('25', 'snowflake', null), ('26', 'bigquery', null), ('27', 'databricks', null), ('28', 'postgres', null)) k(n, type, config);
insert into snowflake_systems (space_id, id, account, warehouse, database_name, username)
    select space_id, id, 'acct', 'wh', 'db', 'etl' from source_systems where type = 'snowflake';
insert into bigquery_systems (space_id, id, project, dataset_name)
    select space_id, id, 'project-one', 'ds' from source_systems where type = 'bigquery';
insert into databricks_systems (space_id, id, workspace_url, http_path)
    select space_id, id, 'https://adb.example.com', '/sql/1.0' from source_systems where type = 'databricks';
insert into postgres_systems (space_id, id, host, database_name, username)
    select space_id, id, 'db.example.com', 'app', 'reader' from source_systems where type = 'postgres';
insert into datasets (space_id, id, name, owner_id, source_system_id, tags)
    select m.space_id, overlay(m.space_id::text placing n from 3 for 2)::uuid, 'dataset ' || n, m.user_id,
           overlay(m.space_id::text placing '25' from 3 for 2)::uuid, '{gold}'
    from space_memberships m, (values ('31'), ('32')) k(n);
insert into quality_checks (space_id, id, dataset_id, name, kind, created_by)
    select space_id, overlay(id::text placing '4' from 3 for 1)::uuid, id, 'rows', 'row_count', owner_id from datasets;
insert into check_runs (space_id, id, quality_check_id, status, queued_at, started_at, finished_at)
    select space_id, overlay(id::text placing '5' from 3 for 1)::uuid, id, 'passed', now(), now(), now() from quality_checks;
insert into check_results (space_id, check_run_id, ordinal, metric, passed, sample)
    select space_id, id, 0, 'row_count', true, '[]' from check_runs;
insert into alerts (space_id, id, organization_id, check_run_id, source_system_id, title)
    select r.space_id, overlay(r.id::text placing '6' from 3 for 1)::uuid, s.organization_id, r.id,
           overlay(r.space_id::text placing '21' from 3 for 2)::uuid, 'Row count fell'
    from check_runs r join spaces s on s.id = r.space_id;
insert into comments (space_id, id, resource_type, resource_id, author_id, body)
    select r.space_id, overlay(r.id::text placing '7' from 5 for 1)::uuid, r.type, r.id, m.user_id, 'About this ' || r.type
    from (select space_id, id, 'dataset' type from datasets union all select space_id, id, 'quality_check' from quality_checks
          union all select space_id, id, 'check_run' from check_runs union all select space_id, id, 'alert' from alerts
          union all select space_id, id, 'source_system' from source_systems where type = 'slack') r
    join space_memberships m on m.space_id = r.space_id;
insert into comments (space_id, id, resource_type, resource_id, parent_id, author_id, body)
    select space_id, overlay(id::text placing '8' from 6 for 1)::uuid, resource_type, resource_id, id, author_id, 'Agreed'
    from comments where resource_type = 'dataset';
insert into attachments (space_id, id, resource_type, resource_id, filename, content, uploaded_by)
    select space_id, overlay(id::text placing '9' from 7 for 1)::uuid, 'comment', id, 'notes.bin', '\x00ff0102030405060708', author_id from comments;
insert into attachments (space_id, id, resource_type, resource_id, filename, content, uploaded_by)
    select space_id, overlay(id::text placing 'b' from 7 for 1)::uuid, resource_type, resource_id, 'more.bin', '\x00ff', author_id from comments where parent_id is null;
insert into annotations (space_id, id, resource_type, resource_id, name, value, annotated_by)
    select space_id, overlay(id::text placing 'a' from 7 for 1)::uuid, resource_type, resource_id, 'review.state', '"good"', author_id
    from comments where parent_id is null;
insert into annotations (space_id, id, resource_type, resource_id, name, value, annotated_by)
    select space_id, overlay(id::text placing 'c' from 7 for 1)::uuid, 'comment', id, 'review.state', '{"by": "somebody"}', author_id from comments where parent_id is null;
insert into audit_logs (space_id, organization_id, occurred_at, actor_id, action, subject)
    select m.space_id, s.organization_id, k.at::timestamptz, m.user_id, 'dataset.create', 'dataset/' || m.space_id
    from space_memberships m join spaces s on s.id = m.space_id,
         (values ('2024-06-01Z'), ('2025-06-01Z'), ('2026-06-01Z'), ('2027-06-01Z')) k(at);
