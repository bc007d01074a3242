package migrations_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/qarion/seedbed/internal/testkit"
	"github.com/qarion/seedbed/pgtest"
)

var aggregates = []string{"alerts", "audit_logs"}

// An administrator sees exactly the union of the organization's spaces.
func TestAdministratorSeesOneOrganization(t *testing.T) {
	t.Parallel()
	w := newTenantFixture(t)
	want := map[string][]string{acme: {id(red), id(blue)}, bolt: {id(green)}}
	for org, spaces := range want {
		slices.Sort(spaces)
		for _, table := range append(slices.Clone(aggregates), "spaces") {
			column := map[bool]string{true: "id", false: "space_id"}[table == "spaces"]
			seen := queryColumn[string](t, w.asAdministrator(t, org), "select distinct "+column+"::text as s from "+table+" order by s")
			if !slices.Equal(seen, spaces) {
				t.Errorf("%s of %s: %v, want %v", table, org, seen, spaces)
			}
		}
	}
	admin := w.asAdministrator(t, acme)
	for _, table := range w.scopedTables(t) {
		if !slices.Contains(aggregates, table) {
			mustRefuseWith(t, admin, privilege, "", "select from "+table)
		}
	}
	for _, table := range aggregates {
		mustRefuseWith(t, admin, privilege, "", "delete from "+table)
		mustRefuseWith(t, admin, privilege, "", "update "+table+" set details = '{}'")
		mustRefuseWith(t, admin, privilege, "", "insert into "+table+" select * from "+table)
	}
	mustRefuseWith(t, admin, privilege, "", "select from users")
}

// No combination of settings shows an administrator rows of another organization.
func TestAdministratorStaysInside(t *testing.T) {
	t.Parallel()
	w := newTenantFixture(t)
	for name, settings := range map[string]map[string]string{
		"nothing set":         nil,
		"a space of another":  {"seedbed.organization_id": id(bolt), "seedbed.space_id": id(red)},
		"only a space":        {"seedbed.space_id": id(red)},
		"another that is not": {"seedbed.organization_id": id("nobody")},
	} {
		admin := w.As(t, "seedbed_org_admin", settings)
		for _, table := range aggregates {
			if n := queryValue[int64](t, admin, "select count(*) from "+table+" where organization_id = $1", id(acme)); n != 0 {
				t.Errorf("%s: %d rows of %s", name, n, table)
			}
		}
		if n := queryValue[int64](t, admin, "select count(*) from spaces where organization_id = $1", id(acme)); n != 0 {
			t.Errorf("%s: %d spaces", name, n)
		}
	}
	admin := w.As(t, "seedbed_org_admin", nil)
	for _, setting := range invalidSettings {
		tx, err := admin.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		mustExec(t, tx, "select set_config('seedbed.organization_id', $1, true)", setting)
		if n := queryValue[int64](t, tx, "select (select count(*) from alerts) + (select count(*) from audit_logs)"); n != 0 {
			t.Errorf("with %.60q: %d rows", setting, n)
		}
		if err := tx.Rollback(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	// The application does not become an administrator by a setting.
	app := w.As(t, "seedbed_app", map[string]string{"seedbed.space_id": id(red), "seedbed.organization_id": id(bolt)})
	if seen := queryColumn[string](t, app, "select distinct space_id::text from alerts"); !slices.Equal(seen, []string{id(red)}) {
		t.Errorf("the application sees the alerts of %v", seen)
	}
}

// An aggregate's row always has the organization that owns its space.
func TestOrganizationCannotLie(t *testing.T) {
	t.Parallel()
	w := newTenantFixture(t)
	raise := "insert into alerts (space_id, organization_id, title) values ($1, $2, 'x')"
	mustAccept(t, w.asApplication(t, red), raise, id(red), id(acme))
	mustRefuseWith(t, w.asApplication(t, red), foreignKey, "alerts_space_id_organization_id_fkey", raise, id(red), id(bolt))
	mustRefuseWith(t, w.seeder, notNull, "", raise, id(red), nil)
	mustRefuseWith(t, w.seeder, foreignKey, "", "update spaces set organization_id = $1 where id = $2", id(bolt), id(red))
}

// 20 organizations of 50 spaces have a million rows (or a tenth of that), with times and
// spaces interleaved. The administrator's pages are read from the index that leads with
// the organization, and only rows that are returned are read.
func TestAdministratorReadsOnlyWhatIsReturned(t *testing.T) {
	testkit.SkipShort(t, "fills 120,000 rows")
	t.Parallel()
	w := newTenantFixture(t)
	fillAggregates(t, w)
	admin := w.As(t, "seedbed_org_admin", map[string]string{"seedbed.organization_id": id("org 7")})
	other := w.As(t, "seedbed_org_admin", map[string]string{"seedbed.organization_id": id("nobody")})
	for _, q := range []struct {
		name, sql string
		rows      float64
	}{
		{"newest alerts", "select * from alerts order by raised_at desc limit 50", 50},
		{"alerts of a day", "select * from alerts where raised_at >= '2026-03-01Z' and raised_at < '2026-03-02Z'", -1},
		{"open alerts", "select * from alerts where status <> 'resolved' order by raised_at desc limit 50", 50},
		{"newest entries", "select * from audit_logs order by occurred_at desc limit 50", 50},
		{"entries of a day", "select * from audit_logs where occurred_at >= '2026-03-01Z' and occurred_at < '2026-03-02Z'", -1},
	} {
		p := explain(t, admin, q.sql)
		if q.rows >= 0 && p.Rows != q.rows || p.Rows == 0 {
			t.Errorf("%s: %v rows returned", q.name, p.Rows)
		}
		checkScans(t, q.name, p, p.Rows)
		checkScans(t, q.name+", somebody else", explain(t, other, q.sql), 0)
	}
}

// checkScans requires that every scan goes through an index that leads with the
// organization, and that together they read about as many rows as are returned.
func checkScans(t *testing.T, name string, p plan, returned float64) {
	t.Helper()
	read, hits := 0.0, p.Hit+p.Read
	for _, s := range p.scans() {
		if s.Relation == "" { // a bitmap's index; its heap scan is judged
			continue
		}
		s = s.scan(s.Relation)
		if s.Node == "Seq Scan" || !strings.Contains(s.IndexCond, "organization_id = ") || s.Removed > 0 {
			t.Errorf("%s: %s on %s by %q (%s), %v rows removed by %s", name, s.Node, s.Relation, s.Index, s.IndexCond, s.Removed, s.Filter)
		}
		read += s.Rows * s.Loops
	}
	// Each partition contributes at most one row that the merge then leaves.
	if read > returned+5 {
		t.Errorf("%s: %v rows read, %v returned", name, read, returned)
	}
	if hits > 4*returned+60 {
		t.Errorf("%s: %v pages for %v rows", name, hits, returned)
	}
}

func fillAggregates(t *testing.T, w *tenantFixture) {
	t.Helper()
	owner := w.As(t, "seedbed_owner", nil)
	restore := dropAggregateIndexes(t, owner)
	mustExec(t, owner, `create table fill as select o, md5('org ' || o)::uuid as org, s, md5('space ' || o || '/' || s)::uuid as space
		from generate_series(0, 19) o, generate_series(0, 49) s`)
	alerts, entries := testkit.Rounds(20, 100), testkit.Rounds(100, 1000) // of each space
	mustExec(t, owner, fmt.Sprintf(`insert into alerts (space_id, organization_id, title, raised_at, status, resolved_at)
		select space, org, 'late', at, case (n + s) %% 10 when 0 then 'open' else 'resolved' end, case (n + s) %% 10 when 0 then null else at end
		from fill, generate_series(1, %[1]d) n, lateral (select timestamptz '2026-01-01Z' + (n * 1000 + s * 20 + o) * 100 / %[1]d * interval '6 minutes' as at) x`, alerts))
	mustExec(t, owner, fmt.Sprintf(`insert into audit_logs (space_id, organization_id, action, subject, occurred_at)
		select space, org, 'dataset.read', 'dataset/' || space, timestamptz '2025-07-01Z' + (n * 1000 + s * 20 + o) * 1000 / %[1]d * interval '45 seconds'
		from fill, generate_series(1, %[1]d) n`, entries))
	for _, sql := range restore {
		mustExec(t, owner, sql)
	}
	mustExec(t, owner, "analyze alerts, audit_logs")
	if n := queryValue[int64](t, owner, "select count(*) from audit_logs where occurred_at >= '2026-01-01Z'"); n < int64(100*entries) {
		t.Errorf("%d rows in one partition: the years are not spread", n)
	}
}

// dropAggregateIndexes drops what makes filling the two tables slow, and returns the
// statements that create the indexes again. The other constraints stay dropped: they do
// not change how rows are found.
func dropAggregateIndexes(t *testing.T, owner *pgtest.DB) (restore []string) {
	t.Helper()
	const ours = " in ('alerts'::regclass, 'audit_logs'::regclass)"
	restore = append(queryColumn[string](t, owner, `select format('alter table %s add constraint %I %s', conrelid::regclass, conname, pg_get_constraintdef(oid))
		from pg_constraint where contype = 'p' and conrelid`+ours),
		queryColumn[string](t, owner, `select replace(pg_get_indexdef(indexrelid), ' ON ONLY ', ' ON ') from pg_index where not indisunique and indrelid`+ours)...)
	mustExec(t, owner, "alter table alerts no force row level security; alter table audit_logs no force row level security")
	for _, sql := range append(queryColumn[string](t, owner, `select 'drop index ' || indexrelid::regclass from pg_index where not indisunique and indrelid`+ours),
		queryColumn[string](t, owner, `select format('alter table %s drop constraint %I cascade', conrelid::regclass, conname)
			from pg_constraint where contype in ('c', 'f', 'p') and conrelid`+ours)...) {
		mustExec(t, owner, sql)
	}
	return restore
}
