package factory_test

import (
	"testing"

	"github.com/qarion/seedbed/factory"
)

func TestFillSpreads(t *testing.T) {
	t.Parallel()
	db := pg.DB(t)
	report := factory.Fill(t, db, factory.Spaces.N(20), factory.Datasets.N(200), factory.SourceSystems.N(40),
		factory.Comments.N(5000), factory.AuditLogs.N(100))
	t.Logf("%+v", report)
	tx := seeder(t, db)
	for table, want := range map[string]int{"spaces": 20, "datasets": 200, "source_systems": 40, "comments": 5000, "audit_logs": 100} {
		if n := count(t, tx, "select count(*) from "+table); n != want {
			t.Errorf("%d %s, want %d", n, table, want)
		}
	}
	for what, sql := range map[string]string{
		"spaces with comments":      "select count(distinct space_id) from comments",
		"kinds of targets":          "select count(distinct resource_type) from comments",
		"authors":                   "select count(distinct author_id) from comments",
		"systems with subtype rows": "select count(*) from source_systems s where config is null",
	} {
		if n := count(t, tx, sql); n < 2 {
			t.Errorf("%d %s", n, what)
		}
	}
	if n := count(t, tx, `select count(*) from comments c where not exists (select from space_memberships m where (m.space_id, m.user_id) = (c.space_id, c.author_id))`); n != 0 {
		t.Errorf("%d comments by people who are not members", n)
	}
}
