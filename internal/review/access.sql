-- Who reaches what: one line for each command of each role on each object, with what it
-- reaches; one for each table that row-level security guards; one for each function that its
-- policies call; and what each function is, where any table is guarded.
with tables as materialized (
    select c.oid, c.relkind, c.relowner, c.relrowsecurity, c.relforcerowsecurity, n.nspname || '.' || c.relname as name, c.reloptions
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p', 'v') and n.nspname not in ('pg_catalog', 'information_schema', 'seedbed_review') and n.nspname !~ '^pg_'
), guarded as materialized (
    select * from tables where relrowsecurity
), who as materialized (
    select oid, rolname, rolsuper or rolbypassrls as past from pg_roles where not rolsuper
    union all select 0, 'public', false
), commands (word, letter) as (values ('SELECT', 'r'), ('INSERT', 'a'), ('UPDATE', 'w'), ('DELETE', 'd')),
cells as (
    select t.oid, t.name, t.relkind, w.oid as role, w.rolname, c.word, c.letter,
        not t.relrowsecurity or w.past or w.oid = t.relowner and not t.relforcerowsecurity as past
    from tables t cross join who w cross join commands c
    where t.relkind in ('r', 'p')
      and (w.oid = t.relowner or exists (select from aclexplode((select relacl from pg_class where oid = t.oid)) x where x.grantee = w.oid))
      and has_table_privilege(w.rolname, t.oid, c.word)
), reach as (
    select s.name, s.rolname, s.word, case when s.past then 'every row' else coalesce((
        select '(' || string_agg(coalesce(case s.letter when 'a' then coalesce(pg_get_expr(p.polwithcheck, p.polrelid), pg_get_expr(p.polqual, p.polrelid))
                                 else pg_get_expr(p.polqual, p.polrelid) end, 'true'), ' OR ' order by p.polname) filter (where p.polpermissive) || ')'
            || coalesce(string_agg(' AND (' || coalesce(case s.letter when 'a' then coalesce(pg_get_expr(p.polwithcheck, p.polrelid), pg_get_expr(p.polqual, p.polrelid))
                                 else pg_get_expr(p.polqual, p.polrelid) end, 'true') || ')', '' order by p.polname) filter (where not p.polpermissive), '')
        from pg_policy p where p.polrelid = s.oid and p.polcmd in ('*', s.letter)
          and (0 = any (p.polroles) or s.role <> 0 and exists (select from unnest(p.polroles) r where r <> 0 and pg_has_role(s.role, r, 'USAGE')))), 'no row') end as what
    from cells s
)
select concat_ws(chr(10), 'table', name, rolname, word, what) from reach
union all
select concat_ws(chr(10), 'guard', name, '', case when relforcerowsecurity then 'forced' else 'on' end, '') from guarded
union all
select concat_ws(chr(10), 'function', n.nspname || '.' || p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')', w.rolname, 'EXECUTE', 'as ' || p.proowner::regrole)
from pg_proc p join pg_namespace n on n.oid = p.pronamespace cross join who w
where p.prosecdef and n.nspname not in ('pg_catalog', 'information_schema', 'seedbed_review') and w.oid = 0
  and has_function_privilege(w.rolname, p.oid, 'EXECUTE')
  and not exists (select from pg_depend d where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e')
  and p.prorettype not in ('trigger'::regtype, 'event_trigger'::regtype)
union all
select concat_ws(chr(10), 'view', v.name, w.rolname, 'SELECT', 'past the policies of ' || string_agg(distinct g.name, ', '))
from tables v join pg_rewrite r on r.ev_class = v.oid join pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = r.oid and d.refclassid = 'pg_class'::regclass
join guarded g on g.oid = d.refobjid cross join who w
where v.relkind = 'v' and not coalesce(v.reloptions::text ~ 'security_invoker=(true|on|1)', false) and w.oid <> v.relowner
  and (v.relowner <> g.relowner or not g.relforcerowsecurity)
  and exists (select from aclexplode((select relacl from pg_class where oid = v.oid)) x where x.grantee = w.oid and x.privilege_type = 'SELECT')
group by v.name, w.rolname
union all
select distinct concat_ws(chr(10), 'helper', g.name, n.nspname || '.' || f.proname || '(' || pg_get_function_identity_arguments(f.oid) || ')', '', '')
from guarded g join pg_policy p on p.polrelid = g.oid join pg_depend d on d.classid = 'pg_policy'::regclass and d.objid = p.oid and d.refclassid = 'pg_proc'::regclass
join pg_proc f on f.oid = d.refobjid join pg_namespace n on n.oid = f.pronamespace
where n.nspname not in ('pg_catalog', 'information_schema')
union all
select concat_ws(chr(10), 'code', n.nspname || '.' || f.proname || '(' || pg_get_function_identity_arguments(f.oid) || ')', '', '',
    md5(concat_ws(' ', f.prosrc, pg_get_function_sqlbody(f.oid), f.proconfig, f.prosecdef, f.proowner)))
from pg_proc f join pg_namespace n on n.oid = f.pronamespace
where exists (select from guarded) and n.nspname not in ('pg_catalog', 'information_schema', 'seedbed_review')
  and not exists (select from pg_depend d where d.classid = 'pg_proc'::regclass and d.objid = f.oid and d.deptype = 'e')
