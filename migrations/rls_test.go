package migrations_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/qarion/seedbed/pgtest"
)

// invalidSettings are settings that are no space's key: none shows a row, and none makes a query
// fail.
var invalidSettings = []string{
	"", " ", "null", "*", "%", "0", "'", `"`, "true", "{" + id(red) + "}", id(red) + " ", "\n" + id(red), id(red) + "\n",
	strings.ReplaceAll(id(red), "-", ""), id(red) + "," + id(blue), id(red)[:35], "x" + id(red)[1:], "' or true --",
	"00000000-0000-0000-0000-000000000000", strings.Repeat("f", 5000), "é",
}

func TestOnlyTheOwnSpaceIsSeen(t *testing.T) {
	t.Parallel()
	w := newTenantFixture(t)
	app := w.asApplication(t, red)
	for _, table := range w.scopedTables(t) {
		seen := queryColumn[string](t, app, "select distinct space_id::text from "+table)
		if !slices.Equal(seen, []string{id(red)}) {
			t.Errorf("%s shows the spaces %v", table, seen)
		}
	}
	if seen := queryColumn[string](t, app, "select name from spaces"); !slices.Equal(seen, []string{red}) {
		t.Errorf("spaces shows %v", seen)
	}
	if seen := queryColumn[string](t, app, "select name from organizations"); !slices.Equal(seen, []string{acme}) {
		t.Errorf("organizations shows %v", seen)
	}
	if seen := queryColumn[string](t, app, "select name from users"); !slices.Equal(seen, []string{red}) {
		t.Errorf("users shows %v", seen)
	}
	mustRefuseWith(t, app, privilege, "", "select from organization_memberships")
}

// Without a valid setting no role reads, changes or inserts a row: neither does the owner,
// because row-level security is forced.
func TestWithoutASpaceNothing(t *testing.T) {
	t.Parallel()
	w := newTenantFixture(t)
	for _, role := range []string{"seedbed_app", "seedbed_owner"} {
		db := w.As(t, role, nil)
		for _, setting := range append(slices.Clone(invalidSettings), "(unset)") {
			tx, err := db.Begin(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if setting != "(unset)" {
				mustExec(t, tx, "select set_config('seedbed.space_id', $1, true)", setting)
			}
			for _, table := range w.scopedTables(t) {
				if n := queryValue[int64](t, tx, "select count(*) from "+table); n != 0 {
					t.Errorf("%s with %.60q sees %d rows of %s", role, setting, n, table)
				}
			}
			for _, sql := range []string{"update comments set body = 'gone'", "delete from comments"} {
				if tag, err := tx.Exec(t.Context(), sql); err != nil || tag.RowsAffected() != 0 {
					t.Errorf("%s with %.60q: %v, %v", role, setting, tag, err)
				}
			}
			mustRefuseWith(t, tx, privilege, "", "insert into datasets (space_id, name, owner_id) values ($1, 'x', $2)", id(red), id(red+" user"))
			if err := tx.Rollback(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// After COMMIT a transaction-local setting is the empty string, not unset.
func TestTransactionLocalSetting(t *testing.T) {
	t.Parallel()
	w := newTenantFixture(t)
	app := w.As(t, "seedbed_app", nil)
	c, err := app.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Release()
	tx, err := c.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	mustExec(t, tx, "select set_config('seedbed.space_id', $1, true)", id(blue))
	if n := queryValue[int64](t, tx, "select count(*) from comments"); n != 2 {
		t.Errorf("%d comments inside, want the 2 of the space", n)
	}
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if v := queryValue[string](t, c.Conn(), "select current_setting('seedbed.space_id')"); v != "" {
		t.Fatalf("the setting is %q: this test tests nothing", v)
	}
	if n := queryValue[int64](t, c.Conn(), "select count(*) from comments"); n != 0 {
		t.Errorf("%d comments after the commit", n)
	}
}

// Each command on each table, for a row of another space, and for a row of the session's
// own space as the control. A row of another space looks like one that does not exist.
func TestEveryCommandOnEveryTable(t *testing.T) {
	t.Parallel()
	w := newTenantFixture(t)
	app := w.asApplication(t, red)
	for _, table := range w.scopedTables(t) {
		can := func(command string) bool {
			return queryValue[bool](t, app, "select has_table_privilege($1, $2)", table, command)
		}
		columns := strings.Join(queryColumn[string](t, w.DB, `select quote_ident(attname) from pg_attribute
			where attrelid = $1::regclass and attnum > 0 and not attisdropped and attgenerated = '' order by attnum`, table), ", ")
		theirs := copyOut(t, w, table, columns, blue)
		mine := copyOut(t, w, table, columns, red)
		if can("update") {
			if n := affected(t, app, "update "+table+" set space_id = space_id where space_id = $1", id(blue)); n != 0 {
				t.Errorf("%s: updated %d rows of another space", table, n)
			}
			if n := affected(t, app, "update "+table+" set space_id = space_id"); n == 0 && table != "audit_logs" {
				t.Errorf("%s: cannot update own rows", table)
			}
			mustRefuseWith(t, app, privilege, "", "update "+table+" set space_id = $1", id(blue))
		} else {
			mustRefuseWith(t, app, privilege, "", "update "+table+" set space_id = space_id")
		}
		if can("delete") {
			if n := affected(t, app, "delete from "+table+" where space_id = $1", id(blue)); n != 0 {
				t.Errorf("%s: deleted %d rows of another space", table, n)
			}
		} else {
			mustRefuseWith(t, app, privilege, "", "delete from "+table)
		}
		// The row exists: 42501 and not 23505, or the key would be an oracle. Only an
		// own duplicate is a duplicate.
		mustRefuseWith(t, app, privilege, "", insert(table, columns, theirs))
		if can("insert") {
			mustRefuseWith(t, app, unique, "", insert(table, columns, mine))
			mustRefuseWith(t, app, privilege, "", insert(table, columns, theirs)+" on conflict do nothing")
		}
		mustRefuseWith(t, app, privilege, "", "truncate "+table)
		if n := affected(t, w.seeder, "select from "+table+" where space_id = $1", id(blue)); n == 0 {
			t.Errorf("%s: no row of another space to try with", table)
		}
	}
}

// copyOut returns a row of the table as a list of literals.
func copyOut(t *testing.T, w *tenantFixture, table, columns, space string) string {
	t.Helper()
	return queryValue[string](t, w.seeder, "select concat_ws(', '"+literals(columns)+") from "+table+" where space_id = $1 limit 1", id(space))
}

func literals(columns string) string {
	var b strings.Builder
	for _, c := range strings.Split(columns, ", ") {
		b.WriteString(", quote_nullable(" + c + ")")
	}
	return b.String()
}

func insert(table, columns, values string) string {
	return "insert into " + table + " (" + columns + ") values (" + values + ")"
}

func affected(t *testing.T, db *pgtest.DB, sql string, args ...any) int64 {
	t.Helper()
	tx, err := db.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback(t.Context())
	tag, err := tx.Exec(t.Context(), sql, args...)
	if err != nil {
		t.Errorf("%s: %v", sql, err)
	}
	return tag.RowsAffected()
}

// The roles of the application and the administrator have the privileges that they need
// and no further ones.
func TestLeastPrivilege(t *testing.T) {
	t.Parallel()
	db := reference.DB(t)
	odd := queryColumn[string](t, db, `
		with ours as (select oid, rolname from pg_roles where rolname in ('seedbed_app', 'seedbed_org_admin', 'seedbed_seeder'))
		select rolname || ' may log in, is a superuser, or creates' from pg_roles join ours using (oid, rolname)
			where rolcanlogin or rolsuper or rolcreaterole or rolcreatedb or rolreplication
		union all
		select rolname || ' bypasses row-level security' from pg_roles join ours using (oid, rolname)
			where rolbypassrls and rolname <> 'seedbed_seeder'
		union all
		select m.rolname || ' is a member of ' || g.rolname from pg_auth_members a
			join ours m on m.oid = a.member join pg_roles g on g.oid = a.roleid where m.rolname <> 'seedbed_seeder'
		union all
		select coalesce(r.rolname, 'public') || ' has ' || x.privilege_type || ' on ' || c.relname
			from pg_class c, aclexplode(c.relacl) x left join ours r on r.oid = x.grantee
			where c.relnamespace = 'public'::regnamespace and (x.grantee = 0 or r.oid is not null)
			and (x.privilege_type not in ('SELECT', 'INSERT', 'UPDATE', 'DELETE') or x.grantee = 0 or x.is_grantable
				or r.rolname = 'seedbed_org_admin' and x.privilege_type <> 'SELECT'
				or c.relname like 'audit_logs%' and x.privilege_type not in ('SELECT', 'INSERT')
				or c.relispartition)
		union all
		select c.relname || ': row-level security is not enabled and forced' from pg_class c
			where c.relkind in ('r', 'p') and c.relnamespace = 'public'::regnamespace
			and not (relrowsecurity and relforcerowsecurity) and relname not like 'goose_db_version%'
		union all
		select p.proname || ' is security definer' from pg_proc p where pronamespace = 'public'::regnamespace and prosecdef
		union all
		select c.relname || ' is a view' from pg_class c where c.relkind in ('v', 'm') and c.relnamespace = 'public'::regnamespace`)
	for _, o := range odd {
		t.Error(o)
	}
	if n := queryValue[int64](t, db, "select count(*) from pg_policies where schemaname = 'public'"); n < 20 {
		t.Errorf("only %d policies", n)
	}
}

// All grants: S, I, U and D stand for select, insert, update and delete.
func TestGrants(t *testing.T) {
	t.Parallel()
	w := reference.DB(t)
	got := queryColumn[string](t, w, `
		select format('%s %s %s', role, string_agg(what, ''), tables) from (
			select role, what, string_agg(relname, ' ' order by relname) as tables from (
				select r.rolname as role, c.relname, string_agg(substr(x.privilege_type, 1, 1), '' order by array_position('{SELECT,INSERT,UPDATE,DELETE}', x.privilege_type)) as what
				from pg_class c, aclexplode(c.relacl) x join pg_roles r on r.oid = x.grantee
				where c.relnamespace = 'public'::regnamespace and r.rolname in ('seedbed_app', 'seedbed_org_admin', 'seedbed_seeder')
				group by r.rolname, c.relname) by_table
			group by role, what) by_right
		group by role, what, tables order by role, what`)
	want := []string{
		"seedbed_app S organizations space_memberships spaces users",
		"seedbed_app SI audit_logs",
		"seedbed_app SIU alerts",
		"seedbed_app SIUD annotations attachments bigquery_systems check_results check_runs comments databricks_systems datasets postgres_systems quality_checks snowflake_systems source_systems",
		"seedbed_org_admin S alerts audit_logs organization_memberships organizations spaces",
		"seedbed_seeder SI audit_logs",
		"seedbed_seeder SIUD alerts annotations attachments bigquery_systems check_results check_runs comments databricks_systems datasets organization_memberships organizations postgres_systems quality_checks snowflake_systems source_systems space_memberships spaces users",
	}
	sameLines(t, "grants", got, want)
}

// The application cannot add a user of another organization to its space, which would show
// it that user's address.
func TestApplicationAdmitsNobody(t *testing.T) {
	t.Parallel()
	w := newTenantFixture(t)
	app := w.asApplication(t, red)
	mustRefuseWith(t, app, privilege, "", "insert into space_memberships (space_id, user_id) values ($1, $2)", id(red), id(green+" user"))
	mustRefuseWith(t, app, privilege, "", "update space_memberships set user_id = $1", id(green+" user"))
	// A user of another organization and one that does not exist get the same refusal.
	naming := "insert into comments (space_id, resource_type, resource_id, author_id, body) values ($1, 'dataset', $2, $3, 'x')"
	for _, author := range []string{green + " user", "nobody"} {
		mustRefuseWith(t, app, foreignKey, "comments_space_id_author_id_fkey", naming, id(red), id("dataset"), id(author))
	}
}

// The policies' condition can be an index condition; otherwise each query would read the
// rows of all spaces.
func TestPoliciesUseTheIndex(t *testing.T) {
	t.Parallel()
	w := newTenantFixture(t)
	mustExec(t, w.seeder, `insert into datasets (space_id, name, owner_id)
		select $1, 'filler ' || n, $2 from generate_series(1, 20000) n`, id(blue), id(blue+" user"))
	mustExec(t, w.As(t, "seedbed_owner", nil), "analyze datasets")
	app := w.asApplication(t, red)
	for sql, index := range map[string]string{
		"select * from datasets":                                    "datasets_",
		"select * from datasets where id = '" + id("dataset") + "'": "datasets_pkey",
		"select * from datasets where name = 'orders'":              "datasets_space_id_name_key",
	} {
		p := explain(t, app, sql)
		scan := p.scan("datasets")
		if !strings.HasPrefix(scan.Index, index) || !strings.Contains(scan.IndexCond, "space_id = ") || scan.Removed != 0 || scan.Rows != 1 {
			t.Errorf("%s: %+v", sql, scan)
		}
	}
}

// No role can change the audit trail: not the application, not the owner, and not through
// a partition.
func TestAuditTrailIsAppendOnly(t *testing.T) {
	t.Parallel()
	w := newTenantFixture(t)
	app := w.asApplication(t, red)
	owner := w.As(t, "seedbed_owner", map[string]string{"seedbed.space_id": id(red)})
	entry := "insert into audit_logs (space_id, organization_id, actor_id, action, subject) values ($1, $2, $3, 'dataset.read', 'dataset/" + id("dataset") + "')"
	mustAccept(t, app, entry, id(red), id(acme), id(red+" user"))
	mustRefuseWith(t, app, foreignKey, "", entry, id(red), id(bolt), id(red+" user"))
	mustRefuseWith(t, app, privilege, "", "update audit_logs set action = 'dataset.forget'")
	mustRefuseWith(t, app, privilege, "", "delete from audit_logs")
	mustRefuseWith(t, app, privilege, "", "truncate audit_logs")
	if n := affected(t, owner, "update audit_logs set action = 'dataset.forget'"); n != 0 {
		t.Errorf("the owner updated %d entries", n)
	}
	if n := queryValue[int64](t, owner, "select count(*) from audit_logs"); n != 2 {
		t.Errorf("the owner sees %d entries of the space, want 2: the update above proves nothing", n)
	}
	mustRefuseWith(t, owner, privilege, "", "truncate audit_logs")
	mustRefuse(t, owner, "delete from audit_logs")
	partitions := queryColumn[string](t, w.DB, "select inhrelid::regclass::text from pg_inherits where inhparent = 'audit_logs'::regclass")
	if len(partitions) != 4 {
		t.Errorf("partitions: %v", partitions)
	}
	for _, p := range partitions {
		mustRefuseWith(t, app, privilege, "", "select from "+p)
		mustRefuseWith(t, owner, privilege, "", "truncate "+p)
		for _, around := range []string{"select from ", "delete from ", "update " + p + " set action = 'a.b' --"} {
			mustRefuse(t, owner, around+p)
		}
	}
}

// mustRefuse requires that the statement fails or finds no row: before Postgres 16 the
// owner on test servers inherits privileges of the seeder.
func mustRefuse(t *testing.T, db *pgtest.DB, sql string) {
	t.Helper()
	tx, err := db.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback(t.Context())
	tag, err := tx.Exec(t.Context(), sql)
	if err == nil && tag.RowsAffected() != 0 {
		t.Errorf("%s: reached %d rows", sql, tag.RowsAffected())
	}
}
