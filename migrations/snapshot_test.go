package migrations_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qarion/seedbed"
)

// snapshotSQL returns all that a migration can change in the catalog, as lines of text
// without OIDs: relations, columns, constraints, indexes, policies, triggers, functions,
// types, grants, comments.
const snapshotSQL = `
with ns as (select oid from pg_namespace where nspname = 'public'),
rel as (select c.* from pg_class c join ns on ns.oid = c.relnamespace where c.relname not like 'goose_db_version%')
select concat_ws(' ', 'relation', relname, relkind, relpersistence, 'rls', relrowsecurity, relforcerowsecurity, 'owner', pg_get_userbyid(relowner),
	reloptions, pg_get_expr(relpartbound, oid), pg_get_partkeydef(oid)) from rel
union all
select concat_ws(' ', 'grant', relname, coalesce(r.rolname, 'public'), privilege_type, is_grantable)
	from rel, aclexplode(coalesce(relacl, acldefault('r', relowner))) x left join pg_roles r on r.oid = x.grantee where relkind in ('r', 'p', 'v', 'm')
union all
select concat_ws(' ', 'column', relname, rank() over (partition by rel.oid order by attnum), attname, format_type(atttypid, atttypmod),
	'not null', attnotnull, 'generated', attgenerated, 'identity', attidentity, 'storage', attstorage, 'default', pg_get_expr(adbin, adrelid), attacl)
	from rel join pg_attribute a on a.attrelid = rel.oid left join pg_attrdef on adrelid = rel.oid and adnum = attnum
	where attnum > 0 and not attisdropped
union all
select concat_ws(' ', 'constraint', relname, conname, pg_get_constraintdef(k.oid), 'valid', convalidated, 'local', conislocal, coninhcount)
	from pg_constraint k join rel on rel.oid = k.conrelid
union all
select concat_ws(' ', pg_get_indexdef(indexrelid), 'valid', indisvalid, 'replica', indisreplident, 'cluster', indisclustered)
	from pg_index join rel on rel.oid = indexrelid
union all
select concat_ws(' ', 'inherits', inhrelid::regclass, inhparent::regclass) from pg_inherits join rel on rel.oid = inhrelid
union all
select concat_ws(' ', 'policy', tablename, policyname, permissive, roles, cmd, 'using', qual, 'check', with_check)
	from pg_policies where schemaname = 'public'
union all
select concat_ws(' ', pg_get_triggerdef(t.oid), tgenabled) from pg_trigger t join rel on rel.oid = tgrelid where not tgisinternal
union all
select concat_ws(' ', pg_get_functiondef(p.oid), proacl) from pg_proc p join ns on ns.oid = pronamespace where prokind = 'f'
union all
select concat_ws(' ', 'type', typname, typtype) from pg_type t join ns on ns.oid = typnamespace where typrelid = 0 and typelem = 0
union all
select concat_ws(' ', 'comment', pg_describe_object(classoid, objoid, objsubid), description) from pg_description d
	where exists (select from rel where rel.oid = objoid) or exists (select from pg_proc p join ns on ns.oid = pronamespace where p.oid = objoid)
order by 1`

func catalogSnapshot(t *testing.T, db seedbed.DB) []string {
	t.Helper()
	return queryColumn[string](t, db, snapshotSQL)
}

// sameLines reports the differences of two lists.
func sameLines(t *testing.T, what string, got, want []string) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("%s: the catalog differs (-before +after):\n%s", what, d)
	}
}
