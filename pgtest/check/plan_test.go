package check_test

import (
	"testing"

	"github.com/qarion/seedbed/internal/testkit"
	"github.com/qarion/seedbed/internal/testpg"
	"github.com/qarion/seedbed/pgtest"
	"github.com/qarion/seedbed/pgtest/check"
)

// organizationWide are the reads that the aggregates are there for, and the index of each.
var organizationWide = []struct{ index, table, sql string }{
	{"alerts_by_organization", "alerts", "select id, title from alerts where organization_id = $1 order by raised_at desc limit 50"},
	{"alerts_open", "alerts", "select id, title from alerts where organization_id = $1 and status <> 'resolved' order by raised_at desc limit 50"},
	{"audit_logs_by_organization", "audit_logs", "select id, action from audit_logs where organization_id = $1 order by occurred_at desc limit 50"},
}

const noOrganization = "00000000-0000-0000-0000-000000000000"

// The organization-wide reads of the reference schema go by their index and sort
// nothing, as the role that policies apply to, whatever the statistics.
func TestPlansOfOrganizationWideReads(t *testing.T) {
	t.Parallel()
	db := testpg.Reference.DB(t)
	hold := func() {
		for _, q := range organizationWide {
			check.Plan(t, db, q.sql, noOrganization).Uses(q.index).NoSeqScan(q.table).NoSort()
		}
	}
	hold()
	skew(t, db)
	hold()
}

// skew gives the tables statistics under which no planner would look at an index.
func skew(t *testing.T, db *pgtest.DB) {
	t.Helper()
	super := testpg.Superuser(t, db)
	testpg.Exec(t, super, `update pg_class set reltuples = 1, relpages = 1 where relname ~ '^(alerts|audit_logs)' and relkind = 'r'`)
	testpg.Exec(t, super, `update pg_class set reltuples = 1e9, relpages = 1e7 where relname ~ '^(alerts|audit_logs)' and relkind = 'i'`)
}

// What has no index of its own, or one that does not fit, fails with the plan and a fix.
func TestPlanFails(t *testing.T) {
	t.Parallel()
	db := testpg.Schema(`create table t (id bigint primary key, a int, b int, c text, "A" int);
		create index t_a_b on t (a, b);
		create index t_c on t (c) where c <> '';
		create index t_lower on t (lower(c), "A");
		create table p (k int, at date) partition by range (at);
		create table p_1 partition of p for values from ('2024-01-01') to ('2025-01-01');
		create index p_k on p (k);`).DB(t)
	for _, c := range []struct {
		name   string
		assert func(t testing.TB)
		says   []string // nothing: it holds
	}{
		{"uses", func(t testing.TB) { check.Plan(t, db, "select * from t where a = $1", 1).Uses("t_a_b").NoSeqScan("t") }, nil},
		{"key", func(t testing.TB) { check.Plan(t, db, "select * from t where id = $1", 1).NoSeqScan() }, nil},
		{"order", func(t testing.TB) {
			check.Plan(t, db, "select * from t where a = 1 order by b limit 5").Uses("t_a_b").NoSort()
		}, nil},
		{"order alone", func(t testing.TB) { check.Plan(t, db, "select a from t order by a, b limit 5").Uses("t_a_b").NoSort() }, nil},
		{"partition", func(t testing.TB) { check.Plan(t, db, "delete from p where k = 3").Uses("p_k").NoSeqScan("p") }, nil},
		{"join", func(t testing.TB) {
			check.Plan(t, db, "select * from t join t u on u.id = t.b where t.a = 1").NoSeqScan()
		}, nil},
		{"expression", func(t testing.TB) { check.Plan(t, db, "select * from t u where lower(u.c) = $1", "x").Uses("t_lower") }, nil},
		{"schema", func(t testing.TB) { check.Plan(t, db, "select * from t where id = 1").NoSeqScan("public.t") }, nil},
		{"second column", func(t testing.TB) { check.Plan(t, db, "select * from t where c = 'x' and b = $1", 1).Uses("t_a_b") },
			[]string{"t_a_b does not find the rows", "select * from t where c", "fix: an index whose leading columns"}},
		{"no index", func(t testing.TB) { check.Plan(t, db, "select * from t where b + 1 = 2").NoSeqScan("t") },
			[]string{"t is read from end to end", "fix: an index on the columns"}},
		{"everything", func(t testing.TB) { check.Plan(t, db, "select * from t").NoSeqScan() }, []string{"t is read from end to end"}},
		{"partial", func(t testing.TB) { check.Plan(t, db, "select * from t where c = $1", "").Uses("t_c") }, []string{"t_c does not find the rows"}},
		{"sort", func(t testing.TB) { check.Plan(t, db, "select * from t where a = 1 order by c").NoSort() }, []string{"rows are sorted"}},
		{"not read", func(t testing.TB) { check.Plan(t, db, "select 1").NoSeqScan("t") }, []string{"does not read t"}},
		{"nonsense", func(t testing.TB) { check.Plan(t, db, "select nowhere").NoSeqScan("t") }, []string{"check.Plan: plan the query", "nowhere"}},
	} {
		r := testkit.Record(t, c.assert)
		if c.says == nil {
			if r.Failed() {
				t.Errorf("%s: %s", c.name, r.Text())
			}
			continue
		}
		if !r.Failed() {
			t.Errorf("%s: holds", c.name)
		}
		testkit.Mention(t, r.Text(), c.says...)
	}
}

// A pool without a superuser works too, with the planner's statistics.
func TestPlanWithoutSuperuser(t *testing.T) {
	t.Parallel()
	db := testpg.Schema("create table t (id bigint primary key, a int);").DB(t)
	check.Plan(t, db.Pool, "select * from t where id = $1", 1).Uses("t_pkey").NoSeqScan("t")
	r := testkit.Record(t, func(t testing.TB) { check.Plan(t, db.Pool, "select * from t where a = $1", 1).NoSeqScan("t") })
	testkit.Mention(t, r.Text(), "t is read from end to end")
}
