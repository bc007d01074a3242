-- What the review keeps in its scratch database: a function that tells the state of
-- the relations this transaction has locked, and an event trigger that calls it
-- after each DDL command of a DO block or function.

create schema seedbed_review;
grant usage on schema seedbed_review to public;

-- snapshot: as JSON, the locks that this session holds, and in detail each table
-- that it holds a lock on that DDL would take, or every one. Relations above base
-- are those that the migration made: they are told of once, in brief, when they are
-- above seen, the highest that was told of before. also are relations, or indexes of
-- relations, to tell of in detail besides, with which comes the list of all there are.
create function seedbed_review.snapshot(base oid, seen oid, everything boolean, also oid[] default null) returns text
    language sql stable security definer
    set search_path = pg_catalog
    set auto_explain.log_min_duration = -1
as $$
with mine as materialized (
    select relation as oid, array_agg(mode) as modes
    from pg_locks
    where pid = pg_backend_pid() and locktype = 'relation' and granted
      and database = (select d.oid from pg_database d where d.datname = current_database())
    group by relation
), rel as materialized (
    select c.oid, n.nspname, c.relname, c.relkind, c.relfilenode, c.relpersistence, c.relispartition, c.relam
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p', 'm', 'v', 'f')
      and n.nspname not in ('pg_catalog', 'information_schema', 'seedbed_review')
      and n.nspname !~ '^pg_(temp|toast)'
), focus as materialized (
    select rel.oid from rel
    where everything or rel.oid = any (also) or rel.oid in (select indrelid from pg_index where indexrelid = any (also)) or rel.oid <= base and exists (
        select from mine where mine.oid = rel.oid and mine.modes && array[
            'ShareUpdateExclusiveLock', 'ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock'])
)
select json_build_object(
'locks', (select coalesce(json_agg(json_build_array(oid::bigint, modes)), '[]') from mine where oid >= 16384 and (everything or oid <= base)),
'lock_timeout', current_setting('lock_timeout'),
'statement_timeout', current_setting('statement_timeout'),
'all', case when also is not null then (select json_agg(rel.oid::bigint) from rel) end,
'rels', (select coalesce(json_agg(json_build_object(
        'oid', rel.oid::bigint, 'schema', nspname, 'name', relname, 'kind', relkind, 'file', relfilenode::bigint,
        'persistence', relpersistence, 'partition', relispartition,
        'parents', (select coalesce(json_agg(inhparent::bigint), '[]') from pg_inherits where inhrelid = rel.oid),
        'default', relispartition and exists (select from pg_partitioned_table where partdefid = rel.oid),
        'ext', exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = rel.oid and d.deptype = 'e'),
        'detail', rel.oid in (select oid from focus),
        'scans', pg_stat_get_xact_numscans(rel.oid))), '[]')
    from rel where rel.oid > seen or rel.oid > base and rel.relispartition or rel.oid in (select oid from focus)),
'cols', (select coalesce(json_agg(json_build_object(
        'rel', a.attrelid::bigint, 'num', a.attnum, 'name', a.attname,
        'type', format_type(a.atttypid, a.atttypmod), 'typid', a.atttypid::bigint, 'typmod', a.atttypmod, 'coll', a.attcollation::bigint,
        'notnull', a.attnotnull and not exists (select from pg_constraint k
            where k.conrelid = a.attrelid and k.contype = 'n' and k.conkey[1] = a.attnum and not k.convalidated),
        'default', case when a.atthasdef then (select pg_get_expr(d.adbin, d.adrelid) from pg_attrdef d
            where d.adrelid = a.attrelid and d.adnum = a.attnum) end,
        'identity', a.attidentity, 'generated', a.attgenerated, 'inherited', a.attinhcount > 0 and not a.attislocal)), '[]')
    from pg_attribute a where a.attrelid in (select oid from focus) and a.attnum > 0 and not a.attisdropped),
'cons', (select coalesce(json_agg(json_build_object(
        'oid', k.oid::bigint, 'name', k.conname, 'type', k.contype, 'rel', k.conrelid::bigint, 'domain', k.contypid::bigint,
        'frel', k.confrelid::bigint, 'valid', k.convalidated, 'index', k.conindid::bigint, 'parent', k.conparentid::bigint,
        'local', k.conislocal, 'key', k.conkey, 'def', case when k.contype in ('c', 'f') then pg_get_constraintdef(k.oid) end,
        'enforced', coalesce((to_jsonb(k) ->> 'conenforced')::boolean, true), 'period', coalesce((to_jsonb(k) ->> 'conperiod')::boolean, false))), '[]')
    from pg_constraint k
    where k.conrelid in (select oid from focus)
       or k.contypid <> 0 and k.contypid >= 16384),
'idx', (select coalesce(json_agg(json_build_object(
        'oid', i.indexrelid::bigint, 'rel', i.indrelid::bigint, 'name', c.relname, 'file', c.relfilenode::bigint,
        'valid', i.indisvalid, 'unique', i.indisunique, 'primary', i.indisprimary,
        'parent', coalesce((select inhparent::bigint from pg_inherits where inhrelid = i.indexrelid), 0),
        'key', i.indkey::int2[], 'keys', i.indnkeyatts,
        'am', m.amname, 'class', i.indclass::oid[]::bigint[], 'coll', i.indcollation::oid[]::bigint[], 'opt', i.indoption::int2[],
        'pred', pg_get_expr(i.indpred, i.indrelid), 'expr', pg_get_expr(i.indexprs, i.indrelid))), '[]')
    from pg_index i join pg_class c on c.oid = i.indexrelid join pg_am m on m.oid = c.relam where i.indrelid in (select oid from focus)),
'trg', (select coalesce(json_agg(json_build_object(
        'oid', t.oid::bigint, 'rel', t.tgrelid::bigint, 'name', t.tgname, 'def', md5(pg_get_triggerdef(t.oid)))), '[]')
    from pg_trigger t where t.tgrelid in (select oid from focus) and not t.tgisinternal and t.tgparentid = 0),
'enums', (select coalesce(json_agg(json_build_object('oid', e.oid::bigint, 'type', e.enumtypid::bigint, 'label', e.enumlabel, 'order', e.enumsortorder,
        'name', n.nspname || '.' || t.typname)), '[]')
    from pg_enum e join pg_type t on t.oid = e.enumtypid join pg_namespace n on n.oid = t.typnamespace),
'schemas', (select json_agg(json_build_array(oid::bigint, nspname)) from pg_namespace where oid >= 16384 or nspname = 'public'),
'domains', (select coalesce(json_agg(json_build_object('oid', t.oid::bigint, 'name', n.nspname || '.' || t.typname, 'notnull', t.typnotnull,
        'base', t.typbasetype::bigint, 'default', t.typdefault is not null)), '[]')
    from pg_type t join pg_namespace n on n.oid = t.typnamespace
    where t.typtype = 'd' and n.nspname not in ('pg_catalog', 'information_schema'))
)::text
$$;

create function seedbed_review.tick() returns event_trigger
    language plpgsql security definer
    set search_path = pg_catalog
    set auto_explain.log_min_duration = -1
as $$
begin
    if coalesce(current_setting('seedbed_review.base', true), '') = '' then
        return;
    end if;
    if tg_event = 'ddl_command_end'
       and not exists (select from pg_event_trigger_ddl_commands() where not in_extension)
       and exists (select from pg_event_trigger_ddl_commands()) then
        return; -- a command of an extension's script
    end if;
    raise info 'seedbed_review %', seedbed_review.snapshot(split_part(current_setting('seedbed_review.base'), ' ', 1)::oid, split_part(current_setting('seedbed_review.base'), ' ', 2)::oid, false)
        using detail = tg_tag;
end $$;

create event trigger seedbed_review_tick on ddl_command_end execute function seedbed_review.tick();

-- The structure of a database as pairs of an object and its definition, without OIDs
-- and without the order of columns: what Up followed by Down must bring back. Left
-- out is what is no structure: rows, comments, privileges, statistics, whether a
-- constraint has been validated and an index is valid, and roles, which other
-- databases share.
create function seedbed_review.structure() returns table (object text, definition text)
    language sql stable security definer
    set search_path = pg_catalog
    set auto_explain.log_min_duration = -1
as $$
with schemas as (
    select oid, nspname from pg_namespace
    where nspname not in ('pg_catalog', 'information_schema', 'pg_toast', 'seedbed_review') and nspname !~ '^pg_(temp|toast)'
), ext as (
    select classid, objid from pg_depend where deptype = 'e'
), rel as (
    select c.*, n.nspname, n.nspname || '.' || c.relname as name from pg_class c join schemas n on n.oid = c.relnamespace
    where not exists (select from ext where classid = 'pg_class'::regclass and objid = c.oid)
      and c.relname not in ('goose_db_version', 'goose_db_version_id_seq', 'goose_db_version_pkey')
)
select 'schema ' || nspname, '' from schemas
union all
select 'extension ' || extname, '' from pg_extension
union all
select case relkind when 'r' then 'table ' when 'p' then 'table ' when 'v' then 'view ' when 'm' then 'materialized view '
            when 'S' then 'sequence ' when 'f' then 'foreign table ' else 'type ' end || name,
    concat_ws(', ', case relkind when 'p' then 'partitioned' end, case relpersistence when 'u' then 'unlogged' when 't' then 'temporary' end,
        reloptions::text, case when relrowsecurity then 'row-level security' end, case when relforcerowsecurity then 'forced on the owner' end,
        case when relkind in ('v', 'm') then pg_get_viewdef(oid) end,
        case when relkind = 'p' then pg_get_partkeydef(oid) end,
        case when relispartition then pg_get_expr(relpartbound, oid) end,
        (select string_agg(inhparent::regclass::text, ',') from pg_inherits where inhrelid = rel.oid),
        (select concat_ws(',', s.seqtypid::regtype, s.seqstart, s.seqincrement, s.seqmax, s.seqmin, s.seqcycle) from pg_sequence s where s.seqrelid = rel.oid))
from rel where relkind in ('r', 'p', 'v', 'm', 'S', 'f')
union all
select 'column ' || rel.name || '.' || a.attname,
    concat_ws(' ', format_type(a.atttypid, a.atttypmod), case when a.attnotnull then 'not null' end,
        (select pg_get_expr(d.adbin, d.adrelid) from pg_attrdef d where d.adrelid = a.attrelid and d.adnum = a.attnum),
        nullif(a.attidentity, ''), nullif(a.attgenerated, ''),
        (select collname from pg_collation where oid = a.attcollation and collname <> 'default'))
from rel join pg_attribute a on a.attrelid = rel.oid
where relkind in ('r', 'p', 'f', 'c') and a.attnum > 0 and not a.attisdropped
union all
select 'constraint ' || coalesce(rel.name, t.typname) || '.' || k.conname, replace(pg_get_constraintdef(k.oid), ' NOT VALID', '')
from pg_constraint k left join rel on rel.oid = k.conrelid left join pg_type t on t.oid = k.contypid and t.typtype = 'd'
where (rel.oid is not null or t.oid is not null and t.typnamespace in (select oid from schemas)) and k.contype <> 'n'
  and not exists (select from ext where classid = 'pg_constraint'::regclass and objid = k.oid)
union all
select 'index ' || rel.name, pg_get_indexdef(rel.oid) from rel where relkind in ('i', 'I')
union all
select 'trigger ' || rel.name || '.' || t.tgname, pg_get_triggerdef(t.oid) || ' ' || t.tgenabled::text
from pg_trigger t join rel on rel.oid = t.tgrelid where not t.tgisinternal
union all
select 'policy ' || rel.name || '.' || p.polname,
    concat_ws(' ', case when not p.polpermissive then 'restrictive' end,
        'for', case p.polcmd when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update' when 'd' then 'delete' else 'all' end,
        'to', (select string_agg(case role when 0 then 'public' else role::regrole::text end, ', ' order by role) from unnest(p.polroles) role),
        'using ' || pg_get_expr(p.polqual, p.polrelid), 'with check ' || pg_get_expr(p.polwithcheck, p.polrelid))
from pg_policy p join rel on rel.oid = p.polrelid
union all
select 'rule ' || rel.name || '.' || r.rulename, pg_get_ruledef(r.oid)
from pg_rewrite r join rel on rel.oid = r.ev_class where r.rulename <> '_RETURN'
union all
select 'function ' || n.nspname || '.' || p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')',
    case when p.prokind in ('f', 'p') then pg_get_functiondef(p.oid) else p.prokind::text end
from pg_proc p join schemas n on n.oid = p.pronamespace
where not exists (select from ext where classid = 'pg_proc'::regclass and objid = p.oid)
union all
select 'type ' || n.nspname || '.' || t.typname,
    concat_ws(' ', t.typtype::text, case when t.typtype = 'd' then format_type(t.typbasetype, t.typtypmod) end,
        case when t.typnotnull then 'not null' end, t.typdefault)
from pg_type t join schemas n on n.oid = t.typnamespace
where t.typtype in ('e', 'd', 'r', 'c') and (t.typrelid = 0 or exists (select from rel where rel.oid = t.typrelid and relkind = 'c'))
  and not exists (select from ext where classid = 'pg_type'::regclass and objid = t.oid)
union all
select 'enum value ' || n.nspname || '.' || t.typname || '.' || e.enumlabel, ''
from pg_enum e join pg_type t on t.oid = e.enumtypid join schemas n on n.oid = t.typnamespace
where not exists (select from ext where classid = 'pg_type'::regclass and objid = t.oid)
union all
select 'event trigger ' || evtname, concat_ws(' ', evtevent, evtfoid::regproc::text, evtenabled::text)
from pg_event_trigger where evtname <> 'seedbed_review_tick'
union all
select 'statistics ' || n.nspname || '.' || s.stxname, pg_get_statisticsobjdef(s.oid)
from pg_statistic_ext s join schemas n on n.oid = s.stxnamespace
order by 1, 2
$$;
