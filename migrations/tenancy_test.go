package migrations_test

import (
	"fmt"
	"strings"
	"testing"
)

// distributionRules are the conditions of Citus for a table distributed by space_id
// (docs.citusdata.com, "Determining the distribution column", and the errors of
// create_distributed_table). organizations, spaces and users are reference tables there.
const distributionRules = `
with scoped as (
	select c.oid, c.relname, a.attnum, a.attnotnull
	from pg_class c join pg_attribute a on a.attrelid = c.oid
	where a.attname = 'space_id' and c.relkind in ('r', 'p') and c.relnamespace = 'public'::regnamespace
), keys as (
	select s.relname, i.indexrelid::regclass::text as index, i.indkey::int2[] as columns, i.indisunique, s.attnum
	from scoped s join pg_index i on i.indrelid = s.oid
), refs as (
	select s.relname, f.conname, t.relname as target, ts.attnum as target_space,
		array_position(f.conkey, s.attnum) as here, array_position(f.confkey, ts.attnum) as there,
		array_position(f.confkey, (select attnum from pg_attribute where attrelid = t.oid and attname = 'id')) as tenant
	from scoped s join pg_constraint f on f.conrelid = s.oid and f.contype = 'f'
	join pg_class t on t.oid = f.confrelid left join scoped ts on ts.oid = t.oid
)
select relname || ': space_id may be NULL' from scoped where not attnotnull
union all
select relname || ': no index leads with space_id' from scoped s
	where not exists (select from keys k where k.relname = s.relname and k.columns[0] = s.attnum)
union all
select relname || ': unique ' || index || ' is without space_id' from keys
	where indisunique and not attnum = any(columns)
union all
select relname || ': ' || conname || ' does not pair space_id with space_id' from refs
	where target_space is not null and here is distinct from there
union all
select relname || ': ' || conname || ' does not pair space_id with the space' from refs
	where target = 'spaces' and here is distinct from tenant
union all
select relname || ': ' || conname || ' leads to the local table ' || target from refs
	where target_space is null and target not in ('organizations', 'spaces', 'users')
union all
select s.relname || ': no foreign key to spaces' from scoped s
	where not exists (select from refs r where r.relname = s.relname and r.target = 'spaces')
union all
select s.relname || ': trigger ' || tgname from scoped s join pg_trigger g on g.tgrelid = s.oid where not tgisinternal
union all
select t.relname || ': reference table leads to the distributed ' || s.relname
	from pg_constraint f join pg_class t on t.oid = f.conrelid join scoped s on s.oid = f.confrelid
	where t.relname in ('organizations', 'spaces', 'users', 'organization_memberships')
order by 1`

func TestDistributesByTenant(t *testing.T) {
	t.Parallel()
	db := reference.DB(t)
	for _, v := range queryColumn[string](t, db, distributionRules) {
		t.Error(v)
	}
	// Each of these breaks at least one of the rules.
	owner := db.As(t, "seedbed_owner", nil)
	mustExec(t, owner, `
		create table bad_null (space_id uuid references spaces (id), id uuid, primary key (id));
		create table bad_local (id uuid primary key);
		create table bad_ref (space_id uuid not null, id uuid not null, owner_id uuid not null, local_id uuid references bad_local,
			primary key (space_id, id), foreign key (owner_id, space_id) references space_memberships (space_id, user_id));
		create trigger bad after insert on bad_ref execute function suppress_redundant_updates_trigger();
		alter table users add column space_id2 uuid, add column user_id2 uuid,
			add foreign key (space_id2, user_id2) references space_memberships (space_id, user_id)`)
	got := strings.Join(queryColumn[string](t, db, distributionRules), "\n")
	for _, want := range []string{
		"bad_null: space_id may be NULL", "bad_null: no index leads with space_id", "bad_null: unique bad_null_pkey is without space_id",
		"bad_ref: bad_ref_owner_id_space_id_fkey does not pair space_id with space_id", "bad_ref: no foreign key to spaces",
		"bad_ref: bad_ref_local_id_fkey leads to the local table bad_local", "bad_ref: trigger bad",
		"users: reference table leads to the distributed space_memberships",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("not found: %s\nin\n%s", want, got)
		}
	}
}

// Every foreign key between scoped tables refuses a row that exists in another space only.
// The test fails for a foreign key that it has not seen refuse one.
func TestCrossSpaceReferencesAreRefused(t *testing.T) {
	t.Parallel()
	w := newTenantFixture(t)
	own := func(kind string) string { return insertOnlyIn(t, w, green, kind) }
	moves := []struct{ table, set, value string }{
		{"datasets", "owner_id", id(green + " user")},
		{"datasets", "source_system_id", own("source_system")},
		{"quality_checks", "dataset_id", own("dataset")},
		{"quality_checks", "created_by", id(green + " user")},
		{"check_runs", "quality_check_id", own("quality_check")},
		{"check_results", "check_run_id", own("check_run")},
		{"alerts", "check_run_id", own("check_run")},
		{"alerts", "source_system_id", own("source_system")},
		{"alerts", "organization_id", id(bolt)},
		{"comments", "author_id", id(green + " user")},
		{"comments", "parent_id", own("comment")},
		{"attachments", "uploaded_by", id(green + " user")},
		{"annotations", "annotated_by", id(green + " user")},
	}
	bitten := map[string]bool{}
	try := func(sql string, args ...any) {
		t.Helper()
		code, constraint, err := refusalOf(t, w.seeder, sql, args...)
		if code != foreignKey {
			t.Errorf("%s: %v", sql, err)
		}
		bitten[constraint] = true
	}
	for _, m := range moves {
		try(fmt.Sprintf("update %s set %s = $1 where space_id = $2", m.table, m.set), m.value, id(red))
	}
	for _, table := range []string{"comments", "attachments", "annotations"} {
		for _, kind := range []string{"dataset", "quality_check", "check_run", "source_system", "alert", "comment"} {
			if table != "comments" || kind != "comment" {
				try(polymorphic(table), id(red), kind, own(kind), id(red+" user"))
			}
		}
	}
	for table, columns := range map[string]string{
		"snowflake_systems": "account, warehouse, database_name, username", "bigquery_systems": "project, dataset_name",
		"databricks_systems": "workspace_url, http_path", "postgres_systems": "host, database_name, username",
	} {
		// Moving a subtype row to a space where its base is not.
		lone := id("lone " + table)
		mustExec(t, w.seeder, `insert into spaces (id, organization_id, slug, name) values ($1, $2, $3, 'x')`, lone, id(acme), strings.ReplaceAll(table, "_", "-"))
		try(fmt.Sprintf("insert into %s (space_id, id, %s) select $1, id, %[2]s from %[1]s where space_id = $2", table, columns), lone, id(green))
		// And a base row whose subtype row is in another space.
		kind := strings.TrimSuffix(table, "_systems")
		try("insert into source_systems (space_id, id, name, type, secret_ref) values ($1, $2, 'x', $3, 'vault://x')", lone, id(kind), kind)
	}
	try("insert into audit_logs (space_id, organization_id, action, subject) values ($1, $2, 'a.b', 'x/"+id("x")+"')", id(red), id(bolt))
	try("insert into audit_logs (space_id, organization_id, actor_id, action, subject) values ($1, $2, $3, 'a.b', 'x/"+id("x")+"')",
		id(red), id(acme), id(green+" user"))

	all := queryColumn[string](t, w.DB, `select distinct f.conname from pg_constraint f
		join pg_attribute a on a.attrelid = f.conrelid and a.attname = 'space_id'
		where f.contype = 'f' and f.conparentid = 0 and cardinality(f.conkey) > 1 order by 1`)
	if len(all) < 35 {
		t.Errorf("only %d foreign keys found", len(all))
	}
	for _, name := range all {
		if !bitten[name] {
			t.Errorf("never seen to refuse: %s", name)
		}
	}
}

// insertOnlyIn inserts a row of that kind into one space, with an id that no other space
// has.
func insertOnlyIn(t *testing.T, w *tenantFixture, space, kind string) string {
	t.Helper()
	sql := map[string]string{
		"dataset":       "insert into datasets (space_id, id, name, owner_id) values ($1, $2, 'only here', $3)",
		"quality_check": "insert into quality_checks (space_id, id, dataset_id, name, kind, created_by) values ($1, $2, '" + id("dataset") + "', 'only here', 'unique', $3)",
		"check_run":     "insert into check_runs (space_id, id, quality_check_id) select $1, $2, '" + id("quality_check") + "' where $3 <> ''",
		"source_system": `insert into source_systems (space_id, id, name, type, config) select $1, $2, 'only here', 'webhook', '{"url":"https://x"}' where $3 <> ''`,
		"alert":         "insert into alerts (space_id, id, organization_id, title) select $1, $2, '" + id(bolt) + "', 'only here' where $3 <> ''",
		"comment":       "insert into comments (space_id, id, resource_type, resource_id, author_id, body) values ($1, $2, 'dataset', '" + id("dataset") + "', $3, 'only here')",
	}[kind]
	name := id("only " + space + kind)
	mustExec(t, w.seeder, sql+" on conflict do nothing", id(space), name, id(space+" user"))
	return name
}

// polymorphic inserts a row of a polymorphic table: space, type, id, author.
func polymorphic(table string) string {
	return map[string]string{
		"comments":    "insert into comments (space_id, resource_type, resource_id, author_id, body) values ($1, $2, $3, $4, 'x')",
		"attachments": "insert into attachments (space_id, resource_type, resource_id, uploaded_by, filename, content) values ($1, $2, $3, $4, 'x', 'x')",
		"annotations": "insert into annotations (space_id, resource_type, resource_id, annotated_by, name) values ($1, $2, $3, $4, 'x')",
	}[table]
}

// rowCounts returns the number of a space's rows by table.
func rowCounts(t *testing.T, w *tenantFixture, space string) map[string]int64 {
	t.Helper()
	n := map[string]int64{}
	for _, table := range w.scopedTables(t) {
		n[table] = queryValue[int64](t, w.seeder, "select count(*) from "+table+" where space_id = $1", id(space))
	}
	return n
}

func TestCascadesStayInTheSpace(t *testing.T) {
	t.Parallel()
	w := newTenantFixture(t)
	before := rowCounts(t, w, blue)
	for table, n := range before {
		if n == 0 {
			t.Errorf("%s has no row to lose", table)
		}
	}
	// Every id exists in all three spaces.
	mustExec(t, w.seeder, "delete from datasets where space_id = $1 and id = $2", id(red), id("dataset"))
	if n := rowCounts(t, w, red)["comments"]; n != 0 {
		t.Errorf("%d comments of the deleted dataset are left", n)
	}
	mustRefuseWith(t, w.seeder, foreignKey, "audit_logs_space_id_organization_id_fkey", "delete from spaces where id = $1", id(red))
	owner := w.As(t, "seedbed_owner", nil)
	mustExec(t, owner, "alter table audit_logs drop constraint audit_logs_space_id_organization_id_fkey, drop constraint audit_logs_space_id_actor_id_fkey")
	mustExec(t, w.seeder, "delete from spaces where id = $1", id(red))
	for table, n := range rowCounts(t, w, red) {
		if n != 0 && table != "audit_logs" {
			t.Errorf("%s: %d rows of the deleted space are left", table, n)
		}
	}
	for table, n := range rowCounts(t, w, blue) {
		if n != before[table] {
			t.Errorf("%s: %d rows in another space, were %d", table, n, before[table])
		}
	}
}

// Unique keys include the space, so a conflict says nothing about another space.
func TestUniquenessIsPerSpace(t *testing.T) {
	t.Parallel()
	w := newTenantFixture(t)
	mustExec(t, w.seeder, "insert into datasets (space_id, id, name, owner_id) values ($1, $2, 'secret', $3)", id(red), id("secret"), id(red+" user"))
	mustAccept(t, w.asApplication(t, blue), "insert into datasets (space_id, id, name, owner_id) values ($1, $2, 'secret', $3)", id(blue), id("secret"), id(blue+" user"))
	mustRefuseWith(t, w.asApplication(t, red), unique, "datasets_pkey", "insert into datasets (space_id, id, name, owner_id) values ($1, $2, 'other', $3)", id(red), id("secret"), id(red+" user"))
}
